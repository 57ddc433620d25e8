"""A key changes with whatever is heard, and with nothing else."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from koe.cache.canonical import canonical
from koe.cache.keys import segment_key
from koe.testing.fakes import FakeEngine
from koe.types import Alignment, PhonemeSegment, PhonemeWord, Prosody, Span, VoiceMix

from tests.text_engine import TextEngine

_floats = st.floats(-30, 30, allow_nan=False)
_text = st.text("abc ,.ˈə", min_size=1, max_size=12)
_mixes = st.lists(st.tuples(st.sampled_from(["ann", "bob", "eva"]), _floats), min_size=1, max_size=3)
_words = st.lists(st.tuples(_text, st.sampled_from(["", " ", ". "])), min_size=1, max_size=4)


@st.composite
def segments(draw):
    words = tuple(PhonemeWord(draw(_text), phonemes, tail, Span(0, 1)) for phonemes, tail in draw(_words))
    prosody = Prosody(draw(st.floats(0.5, 2)), draw(_floats), draw(_floats))
    language = draw(st.sampled_from(["en-US", "en-GB", "de"]))
    return PhonemeSegment(draw(_text), words, VoiceMix(tuple(draw(_mixes))), language, prosody)


def _key(segment, engine=None, *, fingerprint="f", trim=True, storage="int16"):
    engine = engine or FakeEngine()
    return segment_key(canonical(segment, engine), engine, fingerprint, trim=trim, storage=storage)


def _heard(segment):
    words = tuple((word.phonemes, word.tail) for word in segment.words)
    return words, segment.voice, segment.language, segment.prosody


@given(segments(), segments())
def test_keys_are_equal_where_all_that_is_heard_is_equal_and_only_there(one, other):
    assert (_key(one) == _key(other)) == (_heard(one) == _heard(other))


@given(segments(), st.integers(0, 10_000), _text)
def test_where_a_word_stands_and_how_it_is_written_is_not_heard(segment, offset, text):
    words = tuple(
        evolve(word, text=text, source=Span(offset + i, offset + i + 1))
        for i, word in enumerate(segment.words)
    )
    moved = evolve(
        segment, text=text, words=words, source=Span(offset, offset + 9), boundary="paragraph", goes_on=True
    )
    assert _key(moved) == _key(segment)


@given(segments(), st.floats(1e-15, 1e-3))
def test_the_smallest_change_of_a_weight_is_another_voice(segment, change):
    (name, weight), *rest = segment.voice.terms
    mix = VoiceMix(((name, weight + change), *rest))
    assert (_key(evolve(segment, voice=mix)) == _key(segment)) == (weight + change == weight)


@given(_text, _text)
def test_engines_that_read_text_hear_the_text(one, other):
    first, second = (PhonemeSegment(text, (), VoiceMix.of("x"), "en") for text in (one, other))
    assert (_key(first, TextEngine()) == _key(second, TextEngine())) == (one == other)


@given(_text, st.integers(0, 1000))
def test_where_a_text_stands_is_not_heard(text, offset):
    segment = PhonemeSegment(text, (), VoiceMix.of("x"), "en")
    moved = evolve(
        segment, alignment=Alignment.verbatim(len(text), offset), source=Span(offset, offset + len(text))
    )
    assert _key(moved, TextEngine()) == _key(segment, TextEngine())


def test_what_is_around_the_segment_counts():
    segment = PhonemeSegment("a", (PhonemeWord("a", "a"),), VoiceMix.of("ann"), "en")
    other = FakeEngine(name="other")
    slower = FakeEngine()
    slower.rate_range = (0.9, 1.1)
    keys = {
        _key(segment),
        _key(segment, fingerprint="g"),
        _key(segment, trim=False),
        _key(segment, storage="flac"),
        _key(segment, other),
        _key(segment, slower),
    }
    assert len(keys) == 6


def test_a_boundary_between_words_is_heard():
    """Their times differ, if not their sounds."""
    joined = PhonemeSegment("", (PhonemeWord("ab", "ab"),), VoiceMix.of("ann"), "en")
    parted = PhonemeSegment("", (PhonemeWord("a", "a"), PhonemeWord("b", "b")), VoiceMix.of("ann"), "en")
    assert _key(joined) != _key(parted)
