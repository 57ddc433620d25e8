"""Kept connections."""

import asyncio
import socket
from itertools import count

import pytest
from koe.bench.connection import BrokenAnswerError, Connection, Place

from tests.core.bench.planted import Piece, Planted, planted


def _closing_after_the_first():
    """Answers one request, and closes the connection when the next one comes on it."""
    turns = count()
    return lambda _: Planted([Piece(b"x")]) if next(turns) != 1 else Planted(closes=True)


async def _ask(connection):
    return await connection.ask("POST", "/v1/audio/speech", {}, b"{}")


async def test_a_kept_connection_that_is_closed_is_opened_anew():
    with planted(_closing_after_the_first()) as server:
        async with Connection(Place.of(server.url)) as connection:
            assert [(await _ask(connection)).body for _ in range(3)] == [b"x"] * 3
        assert len(server.bodies) == 4


async def test_an_intolerant_client_takes_that_for_a_lost_answer():
    with planted(_closing_after_the_first()) as server:
        async with Connection(Place.of(server.url), tolerant=False) as connection:
            assert (await _ask(connection)).body == b"x"
            with pytest.raises(BrokenAnswerError, match="closed without an answer"):
                await _ask(connection)


async def test_a_first_request_without_an_answer_is_not_sent_again():
    with planted(lambda _: Planted(closes=True)) as server:
        async with Connection(Place.of(server.url)) as connection:
            with pytest.raises(BrokenAnswerError, match="closed without an answer"):
                await _ask(connection)
        assert len(server.bodies) == 1


async def test_a_server_that_takes_nothing_in_does_not_hold_up_who_leaves():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), Connection(Place.of(url)) as connection:
                await connection.ask("POST", "/v1/audio/speech", {}, bytes(50_000_000))


@pytest.mark.parametrize(
    ("url", "authority", "prefix"),
    [
        ("http://127.0.0.1:8354", "127.0.0.1:8354", ""),
        ("http://localhost/v1/", "localhost", ""),
        ("https://speech.example.org/tts/v1", "speech.example.org", "/tts"),
        ("http://[::1]:80/", "[::1]", ""),
        ("https://[::1]:8443", "[::1]:8443", ""),
    ],
)
def test_urls_are_read(url, authority, prefix):
    place = Place.of(url)
    assert (place.authority, place.prefix) == (authority, prefix)
