"""Tags, lexicon and phonemes survive normalization: they reach the engine unchanged and in their place."""

from functools import cache
from html import escape
from itertools import pairwise
from typing import NamedTuple

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from koe.clock import StageClock
from koe.engines import EngineSet
from koe.pipeline import Pipeline
from koe.settings import LexiconSettings, PipelineSettings
from koe.stages import MarkupContext
from koe.synthesizer import UNCUT
from koe.testing.build import FAKE_SETTINGS, registry_of
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.text import TextPlugin
from koe.types import LexiconEntry, Pause, PhonemeSegment, SpeechRequest, VoiceMix
from koe_ssml import SsmlPlugin
from koe_text import TextNormalizationPlugin

from tests.given_words import GivenWords
from tests.text_engine import TextEngine

GREEK = frozenset("αβγδεζηθικλμ")
"""What is given to the engine; nothing else here sounds or looks like it."""
LEXICON = LexiconSettings(
    words={"nginx": "/αβ/", "New York": "/γδ/", "C++": "/εζ/", "3.5": "/ηθ/"},
    entries=(
        LexiconEntry("Koe", ipa="ικ", say="ικ", case="exact"),
        LexiconEntry("Dr. No", ipa="λμ", say="λμ"),
    ),
)
KNOWN = {"nginx": "αβ", "New York": "γδ", "C++": "εζ", "3.5": "ηθ", "Koe": "ικ", "Dr. No": "λμ"}
RESPELT = {"Koe": "ικ", "Dr. No": "λμ"}


class Said(NamedTuple):
    """A part of a text: as it is written, the word in it, and what is to be heard of that."""

    written: str
    word: str = ""
    heard: str = ""


SINGLE = """
    the read koe 1/2 $3.50 Dr. Smith 3pm & 50% https://koe.dev/a?b=1 me@koe.dev 1/5/2012 +1-555-0100 — “so”
    end. what? yes! (in) `code` **bold** _x_ #5 C# €3.5bn VIII 10-20 … 😀 é - * | ~~no~~ café 1,000,000 °C
    don't 3.5.1 New
""".split()
SEVERAL = ["World War II", "5 kg.", "\n\n", "\n- item", "new. York"]
PLAIN = st.sampled_from([*SINGLE, *SEVERAL]).map(Said)
HITS = st.sampled_from([Said(word, word, heard) for word, heard in KNOWN.items()])
PHONEMES = st.sampled_from(["word", "nginx", "3.5", "Dr.", "New York", "$5"]).flatmap(
    lambda word: st.text(sorted(GREEK), min_size=1, max_size=6).map(lambda heard: Said("", word, heard))
)
PARTS = st.lists(st.one_of(PLAIN, HITS), min_size=1, max_size=12)
MARKED = st.lists(st.one_of(PLAIN, HITS, PHONEMES), min_size=1, max_size=12)


class Harness(NamedTuple):
    pipeline: Pipeline
    engines: EngineSet


@cache
def harness(normalizer, engine=FakeEngine):
    plugins = [FakePlugin(engine()), TextPlugin(), SsmlPlugin(), TextNormalizationPlugin()]
    registry = registry_of(*plugins)
    given_words = evolve(registry.phonemizers["letters"], component=GivenWords())
    registry = evolve(registry, phonemizers={**registry.phonemizers, "words": given_words})
    made = PipelineSettings(normalize=(normalizer,), phonemize=("words",))
    opened = EngineSet.open(registry, FAKE_SETTINGS)
    return Harness(Pipeline.of(registry, made, LEXICON), opened)


def planned(found, text, markup):
    opened = found.engines.get("")
    job = found.pipeline.job(opened, StageClock(), UNCUT)
    context = MarkupContext(VoiceMix.of("ann"), "en-US", opened.book.find, opened.book.engine.voices)
    plan = found.pipeline.plan(SpeechRequest(text, markup=markup), context, job)
    return [one for one in plan if not isinstance(one, Pause)]


def given_words(segments):
    return [
        word
        for segment in segments
        if isinstance(segment, PhonemeSegment)
        for word in segment.words
        if GREEK.intersection(word.phonemes)
    ]


def check(text, parts, segments):
    expected = [(part.heard, part.word) for part in parts if part.heard]
    found = given_words(segments)
    assert [(word.phonemes, text[word.source.start : word.source.end]) for word in found] == expected
    assert all(one.source.end <= other.source.start for one, other in pairwise(found))


NORMALIZERS = pytest.mark.parametrize("normalizer", ["normalize", "sentences"])


@NORMALIZERS
@settings(max_examples=150, deadline=None)
@given(parts=PARTS)
def test_in_plain_text(normalizer, parts):
    text = " ".join(part.written for part in parts)
    if text.strip():
        check(text, parts, planned(harness(normalizer), text, "text"))


@NORMALIZERS
@settings(max_examples=150, deadline=None)
@given(parts=MARKED)
def test_in_text_with_tags(normalizer, parts):
    pieces = [part.written or f"[{part.word}](/{part.heard}/)" for part in parts]
    text = "[rate:0.9]" + " ".join(pieces) + "[pause:10ms] end"
    check(text, parts, planned(harness(normalizer), text, "tags"))


@NORMALIZERS
@settings(max_examples=150, deadline=None)
@given(parts=MARKED)
def test_in_ssml(normalizer, parts):
    pieces = [
        escape(part.written) or f'<phoneme alphabet="x-kokoro" ph="{part.heard}">{part.word}</phoneme>'
        for part in parts
    ]
    text = f'<speak>{" ".join(pieces)}<break time="10ms"/> end</speak>'
    check(text, parts, planned(harness(normalizer), text, "ssml"))


@NORMALIZERS
@settings(max_examples=150, deadline=None)
@given(parts=PARTS)
def test_respellings_are_heard_as_written_by_engines_that_read_text(normalizer, parts):
    text = " ".join(part.written for part in parts)
    if not text.strip():
        return
    segments = planned(harness(normalizer, TextEngine), text, "text")
    found = []
    for segment in segments:
        for respelling in set(RESPELT.values()):
            start = segment.text.find(respelling)
            while start >= 0:
                source = segment.alignment.source(start, start + len(respelling))
                found.append((source.start, respelling, text[source.start : source.end]))
                start = segment.text.find(respelling, start + 1)
    expected = [(RESPELT[part.word], part.word) for part in parts if part.word in RESPELT]
    assert [(said, word) for _, said, word in sorted(found)] == expected
