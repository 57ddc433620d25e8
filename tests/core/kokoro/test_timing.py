import numpy as np
import pytest
from koe.kokoro.timing import word_timings
from koe.types import PhonemeWord, Span, WordTiming

NOWHERE = Span(0, 0)


def word(phonemes: str, tail: str = "", source: Span = NOWHERE) -> PhonemeWord:
    return PhonemeWord(phonemes.upper(), phonemes, tail, source)


def test_a_word_lasts_as_long_as_its_phonemes_without_what_follows():
    words = [word("ab", ", ", Span(0, 3)), word("c", ".", Span(5, 6))]
    frames = np.array([10, 1, 2, 3, 4, 5, 6, 7])  # pad, a, b, comma, space, c, full stop, pad
    assert word_timings(words, frames) == (
        WordTiming("AB", 0.25, 0.325, Span(0, 3)),
        WordTiming("C", 0.5, 0.625, Span(5, 6)),
    )


def test_spaces_that_the_segment_strips_take_no_time():
    words = [word("", "  "), word("a", " "), word("b", "  ")]
    frames = np.array([2, 3, 4, 5, 6])  # pad, a, space, b, pad
    assert [(t.text, t.start_s, t.end_s) for t in word_timings(words, frames)] == [
        ("A", 0.05, 0.125),
        ("B", 0.225, 0.35),
    ]


def test_punctuation_alone_has_no_time_but_takes_its_place():
    frames = np.array([1, 4, 1, 1])  # pad, bracket, a, pad
    assert [(t.text, t.start_s) for t in word_timings([word("", "("), word("a")], frames)] == [("A", 0.125)]


@pytest.mark.parametrize("count", [1, 7, 40])
def test_words_without_tails_follow_each_other_without_a_gap(count):
    frames = np.arange(2, count + 4)
    timings = word_timings([word("x") for _ in range(count)], frames)
    assert [t.end_s for t in timings[:-1]] == [t.start_s for t in timings[1:]]
    assert timings[-1].end_s == pytest.approx(frames[:-1].sum() * 0.025)


def test_no_words_have_no_times():
    assert word_timings([], np.array([2, 2])) == ()
