"""Phonemes that the user gave reach the engine as they are, or are refused; nothing reads them aloud."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from koe.api import Normalizer, Phonemizer, Plugin, hookimpl
from koe.errors import InvalidRequestError, NothingToSpeakError
from koe.phoneme_markup import Phonemes, given_words
from koe.settings import PipelineSettings
from koe.stages import MarkupContext
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.conformance.normalizers import MarkupParserConformance
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import GivenPhonemes, Segment, Span, SpeechRequest, VoiceMix

from tests.text_engine import TextEngine, text_plugin

KNOWN = frozenset("abcdefghijklmnopqrstuvwxyzəˈʊ .,!?—“” ")


class Meddlesome(Plugin):
    """A normalizer and a phonemizer that change or refuse whatever they get."""

    class Shout(Normalizer):
        name = "shout"

        def normalize(self, segment):
            yield evolve(segment, text=segment.text.upper(), given=())

    class Refuse(Phonemizer):
        name = "refuse"

        def supports(self, language):
            return False

        def phonemize(self, segment):
            raise AssertionError

    @hookimpl
    def register_normalizers(self):
        return [self.Shout()]

    @hookimpl
    def register_phonemizers(self):
        return [self.Refuse()]


MEDDLED = evolve(
    FAKE_SETTINGS, pipeline=PipelineSettings(normalize=("shout", "sentences"), phonemize=("refuse",))
)


class TestConforms(MarkupParserConformance):
    document = "həlˈo ðɛr."

    @pytest.fixture
    def parser(self):
        return Phonemes()


def words_of(text):
    (segment,) = Phonemes().parse(SpeechRequest(text), MarkupContext(VoiceMix.of("ann"), "en-US")).parts
    assert isinstance(segment, Segment)
    return given_words(segment)


async def say(synthesizer, text, **fields):
    request = SpeechRequest(text, **{"format": "raw", "markup": "phonemes", **fields})
    async with synthesizer.speak(request) as speech:
        pieces = [piece async for piece in speech.pieces()]
    return speech, [word for piece in pieces for word in piece.words]


def test_words_are_parted_at_spaces_and_punctuation_follows_them():
    found = words_of("  həlˈo, wˈɜld —\n“jˈɛs!” ")
    assert [(word.text, word.phonemes, word.tail) for word in found] == [
        ("həlˈo", "həlˈo", ", "),
        ("wˈɜld", "wˈɜld", " "),
        ("", "", "— "),
        ("“jˈɛs", "“jˈɛs", "!”"),
    ]
    assert [(word.source.start, word.source.end) for word in found][:2] == [(2, 7), (9, 14)]


@given(st.text(alphabet="aəˈ .,!?\n—“”", min_size=1).filter(str.strip))
def test_words_say_everything_that_was_given(text):
    said = "".join(word.phonemes + word.tail for word in words_of(text))
    assert said == " ".join(text.split())


def test_given_words_of_a_written_word_stay_together():
    phonemes = (GivenPhonemes(Span(0, 8), "njˈuː  jˈɔːk"),)
    segment = Segment("New York", VoiceMix.of("ann"), "en-US", given=phonemes)
    assert [(word.text, word.phonemes) for word in given_words(segment)] == [("New York", "njˈuː jˈɔːk")]


async def test_no_normalizer_and_no_phonemizer_touches_them():
    engine = FakeEngine()
    async with running(FakePlugin(engine), Meddlesome(), settings=MEDDLED) as synthesizer:
        _, words = await say(synthesizer, "həlˈo. ðɛr?")
    assert [segment.phonemes for segment in engine.spoken] == ["həlˈo. ðɛr?"]
    assert [word.text for word in words] == ["həlˈo", "ðɛr"]


async def test_long_ones_are_cut_between_words_and_none_is_lost():
    engine = FakeEngine()
    text = " ".join(f"wʊd{letter}," for letter in "abcdefghijklmnopqrstuvwxyz" * 5)
    async with running(FakePlugin(engine)) as synthesizer:
        _, words = await say(synthesizer, text)
    assert len(engine.spoken) > 1
    assert all(len(segment.phonemes) <= 200 for segment in engine.spoken)
    assert " ".join(segment.phonemes for segment in engine.spoken) == text
    assert [text[word.source.start : word.source.end] for word in words] == text.replace(",", "").split()


async def test_symbols_that_the_engine_lacks_are_refused_by_name_and_place():
    async with running(FakePlugin(FakeEngine(known=KNOWN))) as synthesizer:
        with pytest.raises(InvalidRequestError) as caught:
            await say(synthesizer, "həlˈo\nwˈʁld ʁ1")
    assert caught.value.message.startswith(
        "line 2, column 3: 'ʁld ʁ1': engine 'fake' has no phoneme symbol '1' (U+0031), 'ʁ' (U+0281). It has "
    )
    assert caught.value.param == "input"


async def test_symbols_that_the_engine_lacks_are_refused_in_tags_too():
    async with running(FakePlugin(FakeEngine(known=KNOWN))) as synthesizer:
        with pytest.raises(InvalidRequestError, match=r"line 1, column 5: .*'ʁ' \(U\+0281\)"):
            await say(synthesizer, "Ab [cd](/ʁ/)", markup="tags")


async def test_an_engine_that_reads_text_refuses_phonemes():
    async with running(text_plugin()) as synthesizer:
        with pytest.raises(InvalidRequestError, match="cannot speak phonemes.*koe model download") as caught:
            await say(synthesizer, "həlˈo")
    assert caught.value.param == "model"


async def test_an_engine_that_reads_text_speaks_the_word_and_says_that_it_ignored_its_phonemes():
    engine = TextEngine()
    async with running(FakePlugin(engine)) as synthesizer:
        speech, _ = await say(synthesizer, "Ab [cd](/xyz/).", markup="tags")
        assert list(speech.ignored) == ["phonemes"]
        plain, _ = await say(synthesizer, "Ab cd.", markup="tags")
        assert list(plain.ignored) == []
    assert [segment.text for segment in engine.spoken] == ["Ab cd.", "Ab cd."]


@pytest.mark.parametrize("text", ["...", " \n "])
async def test_punctuation_alone_says_nothing(text):
    async with running() as synthesizer:
        with pytest.raises(NothingToSpeakError):
            await say(synthesizer, text)
