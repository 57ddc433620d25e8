"""Streamed text comes out in speakable pieces, in order, and only so much of it is taken in."""

import asyncio

import pytest
from koe.errors import TextTooLongError
from koe_wyoming.texts import StreamedText


async def all_of(texts):
    return [piece async for piece in texts]


async def test_the_pieces_are_the_text():
    texts = StreamedText(1_000)
    for letter in "One sentence. And then another one!":
        texts.feed(letter)
    texts.finish()
    assert await all_of(texts) == ["One sentence. ", "And then another one!"]


async def test_a_sentence_is_given_before_the_next_is_complete():
    texts = StreamedText(1_000)
    waiting = asyncio.ensure_future(anext(texts))
    texts.feed("One sentence. A")
    assert await asyncio.wait_for(waiting, 10) == "One sentence. "
    assert not texts.waiting


async def test_it_says_whether_it_waits_for_the_client():
    texts = StreamedText(1_000)
    begun = asyncio.ensure_future(texts.begun())
    await asyncio.sleep(0)
    assert texts.waiting
    texts.feed("One sentence. A")
    assert await begun
    assert not texts.waiting


async def test_a_stream_without_text_does_not_begin():
    texts = StreamedText(1_000)
    texts.finish()
    assert not await texts.begun()
    assert await all_of(texts) == []


async def test_markup_comes_out_whole():
    texts = StreamedText(1_000, whole=True)
    texts.feed("<speak>One. ")
    texts.feed("Two.</speak>")
    texts.finish()
    assert await all_of(texts) == ["<speak>One. Two.</speak>"]


def test_more_text_than_allowed_is_refused_in_bytes():
    texts = StreamedText(10)
    texts.feed("éééé")
    with pytest.raises(TextTooLongError, match="longer than 10 bytes"):
        texts.feed("éé")
