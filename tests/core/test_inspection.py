"""An inspection shows every step of a text, with who did it and the user's characters behind it."""

import numpy as np
import pytest
from attrs import evolve
from koe.api import Mark, MarkupParser, Normalizer, Pause, Plugin, Segment, Utterance, hookimpl
from koe.errors import (
    InvalidRequestError,
    NothingToSpeakError,
    StageError,
    TextTooLongError,
    UnknownVoiceError,
)
from koe.inspection import MAX_CHARACTERS, By, Source
from koe.settings import PipelineSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import AudioChunk, Clip, SpeechRequest, Stage

from tests.text_engine import text_plugin


class Numbers(Normalizer):
    name = "numbers"
    languages = frozenset({"en"})

    def normalize(self, segment):
        at = segment.text.find("3")
        yield segment if at < 0 else segment.replace(at, at + 1, "three")


class Rests(Normalizer):
    """A pause in the place of every star, and a clip behind the last."""

    name = "rests"

    def normalize(self, segment):
        position = 0
        while (at := segment.text.find("*", position)) >= 0:
            yield segment.slice(position, at)
            yield Pause(0.5, segment.source(at, at + 1))
            position = at + 1
        yield segment.slice(position, len(segment.text))
        yield Clip(AudioChunk(np.zeros(6_000, np.float32), 24_000), source=segment.source(position - 1))


class Broken(Normalizer):
    name = "broken"

    def normalize(self, segment):
        raise ValueError("no")


class Marked(MarkupParser):
    name = "marked"

    def parse(self, request, context):
        chime = Clip(AudioChunk(np.zeros(12_000, np.float32), 24_000), volume_db=-3.0)
        spoken = Segment(request.text, context.voice, context.language)
        return Utterance((Mark("here"), chime, spoken))


class Steps(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Numbers(), Broken(), Rests()]

    @hookimpl
    def register_markup_parsers(self):
        return [Marked()]


def settings(*normalize):
    return evolve(
        FAKE_SETTINGS,
        pipeline=PipelineSettings(normalize=normalize, phonemize=("letters",), segment_phonemes=20),
    )


async def inspected(text, plugin=None, normalize=("sentences", "numbers"), **fields):
    plugins = (plugin or FakePlugin(), Steps())
    async with running(*plugins, settings=settings(*normalize)) as synthesizer:
        return await synthesizer.inspect(SpeechRequest(text, format="none", **fields))


async def test_it_names_markup_engine_voice_and_language():
    found = await inspected("Hi.", voice="onyx")
    assert found.text == "Hi."
    assert found.markup == By(Stage.MARKUP, "text", "TextPlugin")
    assert (found.engine, found.plugin, found.accepts) == ("fake", "FakePlugin", "phonemes")
    assert (found.voice, found.language) == ("bob", "en-GB")


async def test_every_normalizer_is_a_step_with_what_it_made():
    (part,) = (await inspected("It is 3. Go on.")).parts
    sentences, numbers = part.steps
    assert (sentences.by, sentences.applied) == (By(Stage.NORMALIZE, "sentences", "TextPlugin"), True)
    assert [(one.text, one.source) for one in sentences.texts] == [
        ("It is 3.", Source(0, 8, "It is 3.")),
        ("Go on.", Source(9, 15, "Go on.")),
    ]
    assert numbers.by == By(Stage.NORMALIZE, "numbers", "Steps")
    assert [one.text for one in numbers.texts] == ["It is three.", "Go on."]
    assert numbers.texts[0].source == Source(0, 8, "It is 3.")


async def test_a_normalizer_for_another_language_is_shown_as_not_applied():
    (part,) = (await inspected("Es ist 3.", voice="eva")).parts
    assert [step.applied for step in part.steps] == [True, False]
    assert part.steps[1].texts[0].text == "Es ist 3."


async def test_segments_have_words_with_phonemes_and_the_original_text():
    (part,) = (await inspected("It is 3, ok.")).parts
    (segment,) = part.segments
    assert segment.by == By(Stage.PHONEMIZE, "letters", "FakePlugin")
    assert (segment.phonemes, segment.symbols, segment.limit) == ("it is three, ok.", 16, 20)
    assert segment.boundary == "."
    assert [(word.text, word.phonemes, word.tail, word.source) for word in segment.words][2:] == [
        ("three", "three", ", ", Source(6, 7, "3")),
        ("ok", "ok", ".", Source(9, 11, "ok")),
    ]


async def test_long_sentences_show_how_they_are_cut():
    (part,) = (await inspected("One two three four, five six seven.\n\nEight.")).parts
    assert [(segment.symbols <= segment.limit, segment.boundary) for segment in part.segments] == [
        (True, ","),
        (True, "paragraph"),
        (True, "."),
    ]


async def test_symbols_outside_the_vocabulary_are_named():
    (part,) = (await inspected("Box.", FakePlugin(FakeEngine(known=frozenset("bo."))))).parts
    assert part.segments[0].unknown_symbols == ("x",)
    assert part.segments[0].phonemes == "bo."


async def test_parts_of_the_markup_have_their_place_and_style():
    text = "Ab[pause:1s][voice:bob][rate:0.5]cd [ef](/xyz/)."
    first, pause, second = (await inspected(text, markup="tags", speed=2.0)).parts
    assert (first.kind, first.source) == ("segment", Source(0, 2, "Ab"))
    assert (pause.kind, pause.seconds, pause.source) == ("pause", 1.0, Source(2, 12, "[pause:1s]"))
    assert (second.voice, second.language, second.rate) == ("bob", "en-GB", 1.0)
    assert [(one.text, one.phonemes, one.source.text) for one in second.given] == [("ef", "xyz", "ef")]


async def test_marks_and_clips_are_parts():
    mark, clip, _ = (await inspected("Hi.", markup="marked", volume_db=-1.0)).parts
    assert (mark.kind, mark.name) == ("mark", "here")
    assert (clip.kind, clip.seconds, clip.volume_db) == ("clip", 0.5, -4.0)


async def test_what_a_normalizer_puts_between_texts_is_shown_and_goes_past_those_behind_it():
    (part,) = (await inspected("It is*3.", normalize=("rests", "numbers"))).parts
    rests, numbers = part.steps
    assert [text.text for text in rests.texts] == ["It is", "3."]
    assert [text.text for text in numbers.texts] == ["It is", "three."]
    assert rests.inserted == numbers.inserted
    assert [(one.kind, one.seconds, one.source) for one in rests.inserted] == [
        ("pause", 0.5, Source(5, 6, "*")),
        ("clip", 0.25, Source(5, 8, "*3.")),
    ]


async def test_given_phonemes_have_no_phonemizer():
    (part,) = (await inspected("abˈc.", markup="phonemes")).parts
    assert [step.applied for step in part.steps] == [False, False]
    assert part.segments[0].by is None
    assert part.segments[0].words[0].phonemes == "abˈc"


async def test_an_engine_that_reads_text_shows_the_texts_it_gets():
    found = await inspected("It is 3. [Go](/x/).", text_plugin(), markup="tags")
    assert (found.accepts, found.ignored) == ("text", ("phonemes",))
    assert [(one.text, one.symbols, one.limit) for one in found.parts[0].segments] == [
        ("It is three.", 12, 400),
        ("Go.", 3, 400),
    ]
    assert all(one.by is None and not one.words for one in found.parts[0].segments)


async def test_nothing_is_spoken():
    engine = FakeEngine()
    await inspected("Hi.", FakePlugin(engine))
    assert engine.spoken == []


@pytest.mark.parametrize(
    ("text", "fields", "error"),
    [
        ("x" * (MAX_CHARACTERS + 1), {}, TextTooLongError),
        (" ", {}, NothingToSpeakError),
        ("Hi.", {"voice": "zoe"}, UnknownVoiceError),
        ("Hi.", {"markup": "zoe"}, InvalidRequestError),
        ("[pause:x]", {"markup": "tags"}, InvalidRequestError),
    ],
)
async def test_what_cannot_be_spoken_is_refused(text, fields, error):
    with pytest.raises(error):
        await inspected(text, **fields)


async def test_a_broken_step_is_named():
    with pytest.raises(StageError, match="normalize stage failed in component 'broken'"):
        await inspected("Hi.", normalize=("broken",))
