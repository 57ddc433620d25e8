"""Segments fit the engine, and nothing is lost in cutting them."""

import time
from itertools import chain, repeat

from hypothesis import given
from hypothesis import strategies as st
from koe.segmenter import cut_phonemes, cut_text
from koe.types import PhonemeWord, Segment, Span, VoiceMix

SEGMENT = Segment("text", VoiceMix.of("v"), "en")


def _words(text):
    words, position = [], 0
    for token in text.split(" "):
        core = token.rstrip(".,!")
        span = Span(position, position + len(core))
        words.append(PhonemeWord(core, core, token[len(core) :] + " ", span))
        position += len(token) + 1
    return words


def _cut(words, limit, vocabulary=None):
    return list(cut_phonemes(SEGMENT, words, vocabulary, repeat(limit), limit))


def test_what_fits_stays_one_segment():
    assert [segment.phonemes for segment in _cut(_words("one two."), 20)] == ["one two."]


def test_cuts_at_the_sentence_end_first():
    assert [segment.phonemes for segment in _cut(_words("a b. cc, dd ee ff"), 14)] == ["a b.", "cc, dd ee ff"]


def test_cuts_at_the_clause_end_where_no_sentence_ends():
    assert [segment.phonemes for segment in _cut(_words("aa bb, cc dd ee"), 12)] == ["aa bb,", "cc dd ee"]


def test_cuts_between_words_without_punctuation():
    assert [segment.phonemes for segment in _cut(_words("aaa bbb ccc"), 8)] == ["aaa bbb", "ccc"]


def test_a_word_over_the_limit_is_cut_inside_not_clamped():
    segments = _cut([PhonemeWord("x", "abcdefghij", ".", Span(0, 1))], 4)
    assert [segment.phonemes for segment in segments] == ["abcd", "efgh", "ij."]


def test_symbols_outside_the_vocabulary_are_reported():
    segments = _cut([PhonemeWord("x", "a\u0329b", "~ ", Span(0, 1))], 20, frozenset("ab "))
    assert segments[0].phonemes == "ab"
    assert segments[0].unknown_symbols == ("\u0329", "~")


def test_punctuation_alone_is_no_segment():
    assert _cut([PhonemeWord("", "", "... ", Span(0, 3))], 20) == []


_WORDS = st.lists(
    st.builds(
        PhonemeWord,
        text=st.just("w"),
        phonemes=st.text(alphabet="abc", min_size=1, max_size=30),
        tail=st.sampled_from([" ", ", ", ". ", "", "!!! "]),
        source=st.just(Span(0, 1)),
    ),
    min_size=1,
    max_size=30,
)


@given(_WORDS, st.integers(5, 40))
def test_no_phoneme_is_lost_and_no_segment_is_too_long(words, limit):
    segments = _cut(words, limit)
    joined = "".join(word.phonemes + word.tail for segment in segments for word in segment.words)
    assert joined == "".join(word.phonemes + word.tail for word in words)
    assert all(sum(len(w.phonemes + w.tail) for w in segment.words) <= limit for segment in segments)


@given(st.text(alphabet="ab ,.", max_size=300), st.integers(40, 80))
def test_text_is_cut_without_loss(text, limit):
    segment = Segment(text, VoiceMix.of("v"), "en")
    pieces = list(cut_text(segment, limit))
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(text.split())
    assert all(len(piece.text) <= limit for piece in pieces)
    assert all(text[piece.source.start : piece.source.end] == piece.text for piece in pieces)


def test_budgets_are_taken_one_by_one():
    words = _words("the quick brown fox jumps over the lazy dog and runs away")
    segments = list(cut_phonemes(SEGMENT, words, None, chain([12, 20], repeat(100)), 100))
    assert [segment.phonemes for segment in segments] == [
        "the quick",
        "brown fox jumps",
        "over the lazy dog and runs away",
    ]


def test_the_boundary_is_the_mark_that_a_segment_ends_with():
    words = _words("one, two three. four")
    segments = list(cut_phonemes(SEGMENT, words, None, chain([8, 12], repeat(100)), 100))
    assert [(s.phonemes, s.boundary) for s in segments] == [("one,", ","), ("two three.", "."), ("four", "")]


def test_a_closing_quote_does_not_hide_the_boundary():
    words = [PhonemeWord("x", "x", ".” ", Span(0, 1))]
    assert _cut(words, 10)[0].boundary == "."


def test_a_word_over_its_budget_stays_whole():
    words = _words("internationalization is a word")
    segments = list(cut_phonemes(SEGMENT, words, None, chain([12], repeat(100)), 100))
    assert segments[0].phonemes == "internationalization"


def test_a_text_without_any_punctuation_costs_linear_time():
    words = [PhonemeWord("word", "wɜːd", " ", Span(i, i + 1)) for i in range(40_000)]

    def cost(count):
        start = time.process_time()
        list(cut_phonemes(SEGMENT, words[:count], None, repeat(200), 200))
        return time.process_time() - start

    small = min(cost(4_000) for _ in range(3))
    assert min(cost(40_000) for _ in range(2)) < 40 * small + 0.05
