"""Words of lexicons on their way to the engine: through markup, normalizers and phonemizers."""

import asyncio
import threading

import pytest
from attrs import evolve
from koe.api import LexiconEntry, Normalizer, Plugin, Span, hookimpl
from koe.errors import ConfigError, InvalidRequestError
from koe.lexicon.store import Lexicons
from koe.requests import MAX_REQUEST_ENTRIES
from koe.settings import LexiconSettings, PipelineSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin, LetterPhonemizer
from koe.types import SpeechRequest, Turn

from tests.given_words import GivenWords
from tests.text_engine import TextEngine


class Shouting(Normalizer):
    """Rewrites all it may, character by character."""

    name = "shouting"

    def normalize(self, segment):
        for place, character in enumerate(segment.text):
            if character.islower() and not segment.protects(place, place + 1):
                segment = segment.replace(place, place + 1, character.upper())
        yield segment


class Steps(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Shouting()]

    @hookimpl
    def register_phonemizers(self):
        return [GivenWords()]


def settings(**lexicon):
    pipeline = PipelineSettings(normalize=("sentences", "shouting"), phonemize=("words", "letters"))
    return evolve(FAKE_SETTINGS, pipeline=pipeline, lexicon=LexiconSettings(**lexicon))


async def spoken(text, engine=None, request_lexicon=(), markup="text", turns=(), **lexicon):
    """What the engine got, word by word, and what was ignored."""
    engine = engine or FakeEngine()
    async with running(FakePlugin(engine), Steps(), settings=settings(**lexicon)) as synthesizer:
        request = SpeechRequest(
            text, format="raw", markup=markup, lexicon=request_lexicon, turns=turns, language="en-US"
        )
        async with synthesizer.speak(request) as speech:
            async for _ in speech.chunks():
                pass
            return list(engine.spoken), set(speech.ignored)


def phonemes(segments):
    return " ".join(word.phonemes for segment in segments for word in segment.words if word.phonemes)


async def test_ipa_reaches_the_engine_unchanged_and_the_rest_is_normalized():
    segments, ignored = await spoken("Ask nginx now", words={"nginx": "/EnX/"})
    assert phonemes(segments) == "ask EnX now"
    (word,) = [word for word in segments[0].words if word.phonemes == "EnX"]
    assert (word.text, word.source) == ("nginx", Span(4, 9))
    assert not ignored


async def test_a_respelling_is_phonemized_on_its_own_for_engines_that_read_phonemes():
    segments, _ = await spoken("Ask nginx now", words={"nginx": "Engine EX"})
    (word,) = [word for word in segments[0].words if word.text == "nginx"]
    assert (word.phonemes, word.source) == ("engine ex", Span(4, 9))


async def test_engines_that_read_text_get_the_respelling_as_it_stands():
    segments, ignored = await spoken("Ask nginx and nginx now", TextEngine(), words={"nginx": "Engine ex"})
    assert [segment.text for segment in segments] == ["ASK Engine ex AND Engine ex NOW"]
    assert segments[0].alignment.source(4, 13) == Span(4, 9)
    assert segments[0].alignment.source(18, 27) == Span(14, 19)
    assert not ignored


async def test_engines_that_read_text_report_words_with_ipa_alone():
    segments, ignored = await spoken("Ask nginx", TextEngine(), words={"nginx": "/EnX/"})
    assert [segment.text for segment in segments] == ["ASK NGINX"]
    assert ignored == {"lexicon"}


@pytest.mark.parametrize("engine", [FakeEngine, TextEngine])
async def test_a_text_may_be_one_word_of_the_lexicon(engine):
    segments, _ = await spoken("nginx", engine(), entries=(LexiconEntry("nginx", ipa="X", say="Engine"),))
    assert engine is TextEngine or phonemes(segments) == "X"
    assert segments[0].text == ("nginx" if engine is FakeEngine else "Engine")


async def test_phonemes_of_the_markup_win():
    segments, _ = await spoken("[nginx](/abc/) nginx", markup="tags", words={"nginx": "/EnX/"})
    assert phonemes(segments) == "abc EnX"


async def test_entries_of_the_request_win_over_longer_ones_of_the_config():
    own = (LexiconEntry("York", say="ork"),)
    segments, _ = await spoken("New York", request_lexicon=own, words={"New York": "/X/", "New": "/N/"})
    assert phonemes(segments) == "N ork"


async def test_every_turn_of_a_dialogue_is_looked_up():
    turns = (Turn("nginx"), Turn("no nginx"))
    segments, _ = await spoken("nginx\nno nginx", turns=turns, words={"nginx": "/EnX/"})
    assert phonemes(segments) == "EnX no EnX"
    assert segments[1].words[1].source == Span(9, 14)


async def test_live_text_is_looked_up_piece_by_piece():
    engine = FakeEngine()

    async def pieces():
        yield "Ask nginx. "
        yield "Or nginx."

    async with running(FakePlugin(engine), Steps(), settings=settings(words={"nginx": "/X/"})) as synthesizer:
        request = SpeechRequest("", format="raw", language="en")
        async with synthesizer.speak(request, pieces()) as speech:
            async for _ in speech.chunks():
                pass
    assert phonemes(engine.spoken) == "ask X . or X ."


async def test_a_part_of_speech_is_told_sentence_by_sentence():
    entries = (LexiconEntry("use", ipa="juz", language="en", part_of_speech="verb"),)
    segments, _ = await spoken("The use is to use it. use", entries=entries)
    assert phonemes(segments) == "the use is to juz it. use"


async def test_ipa_as_people_write_it_becomes_the_engine_s_symbols():
    engine = FakeEngine(known=frozenset("təmˈAO eniht"))
    segments, _ = await spoken("tomato then", engine, words={"tomato": "/təˈmeɪtoʊ/"})
    assert phonemes(segments) == "təmˈAtO then"


async def test_symbols_that_the_engine_lacks_end_the_start_with_all_mistakes(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[words]\na = "/ʘʘ/"\nb = "/ab/"\nc = "/ɓ/"')
    with pytest.raises(ConfigError) as caught:
        await spoken("x", FakeEngine(known=frozenset("ab")), files=(str(path),))
    first, second = caught.value.problems
    assert f"{path}, line 2: 'a': engine 'fake' has no phoneme symbol 'ʘ' (U+0298) for /ʘʘ/" in first
    assert f"{path}, line 4" in second


async def test_a_part_of_speech_that_nobody_tells_ends_the_start():
    entry = LexiconEntry("use", say="x", language="de", part_of_speech="verb")
    with pytest.raises(ConfigError, match=r"lexicon\.entries\[0\]: 'use' depends on .*'de'"):
        await spoken("x", entries=(entry,))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([LexiconEntry("a", ipa="ʘ")], "has no phoneme symbol 'ʘ'"),
        ([LexiconEntry("a", say="b", language="de", part_of_speech="NN")], "part of speech"),
        ([LexiconEntry(f"a{n}", say="b") for n in range(MAX_REQUEST_ENTRIES + 1)], "the limit is 500"),
    ],
)
async def test_entries_of_a_request_that_cannot_be_followed_are_refused(entries, reason):
    with pytest.raises(InvalidRequestError, match=reason) as caught:
        await spoken("x", FakeEngine(known=frozenset("x")), request_lexicon=tuple(entries))
    assert caught.value.param == "lexicon"


async def test_a_respelling_without_a_sound_is_reported():
    class Silent(LetterPhonemizer):
        def phonemize(self, segment):
            return [] if segment.text == "7" else super().phonemize(segment)

    class Quiet(Plugin):
        @hookimpl
        def register_phonemizers(self):
            return [quiet]

    quiet = Silent()
    quiet.name = "quiet"
    engine = FakeEngine()
    quietly = evolve(settings(words={"x": "7"}), pipeline=PipelineSettings(phonemize=("quiet",)))
    async with running(FakePlugin(engine), Quiet(), settings=quietly) as synthesizer:
        async with synthesizer.speak(SpeechRequest("a x", format="raw")) as speech:
            async for _ in speech.chunks():
                pass
    assert phonemes(engine.spoken) == "a x"
    assert speech.ignored == {"lexicon"}


async def test_files_are_looked_at_in_a_text_thread_and_never_on_the_event_loop(monkeypatch):
    threads = set()
    current = Lexicons.current

    def watched(self):
        threads.add(threading.current_thread().name.partition("_")[0])
        return current(self)

    monkeypatch.setattr(Lexicons, "current", watched)
    await spoken("nginx", words={"nginx": "/X/"})
    assert threads == {"koe-text"}


async def test_many_requests_at_once_are_spoken_alike():
    engine = FakeEngine()
    async with running(
        FakePlugin(engine), Steps(), settings=settings(words={"nginx": "Engine X"})
    ) as synthesizer:

        async def one():
            async with synthesizer.speak(SpeechRequest("Ask nginx", format="raw", language="en")) as speech:
                async for _ in speech.chunks():
                    pass

        await asyncio.gather(*(one() for _ in range(8)))
    assert {phonemes([segment]) for segment in engine.spoken} == {"ask engine x"}


async def test_an_inspection_shows_the_lexicon_as_the_first_step(tmp_path):
    path = tmp_path / "names.toml"
    path.write_text('[words]\n\nnginx = "/EnX/"')
    async with running(FakePlugin(), Steps(), settings=settings(files=(str(path),))) as synthesizer:
        own = (LexiconEntry("Ask", say="EH"),)
        found = await synthesizer.inspect(SpeechRequest("Ask nginx now", lexicon=own, language="en"))
    (part,) = found.parts
    assert part.given == ()
    step = part.steps[0]
    assert (step.by.component, step.by.plugin, step.applied) == ("lexicon", "koe", True)
    assert [(one.text, one.heard, one.origin, one.source.start) for one in step.entries] == [
        ("Ask", "eh", "lexicon of the request", 0),
        ("nginx", "EnX", "names.toml, line 3", 4),
    ]
    assert [(one.text, one.phonemes) for one in step.given] == [("Ask", "eh"), ("nginx", "EnX")]
    assert [one.by.component for one in part.steps] == ["lexicon", "sentences", "shouting"]


async def test_an_inspection_shows_what_the_engine_cannot_be_told():
    untold = evolve(settings(words={"nginx": "/X/"}), pipeline=FAKE_SETTINGS.pipeline)
    async with running(FakePlugin(TextEngine()), settings=untold) as synthesizer:
        found = await synthesizer.inspect(SpeechRequest("Ask nginx"))
    assert found.ignored == ("lexicon",)
    assert [(one.text, one.heard) for one in found.parts[0].steps[0].entries] == [("nginx", None)]


async def test_without_a_lexicon_there_is_no_step():
    async with running() as synthesizer:
        found = await synthesizer.inspect(SpeechRequest("Ask nginx"))
    assert [one.by.component for one in found.parts[0].steps] == ["sentences"]
