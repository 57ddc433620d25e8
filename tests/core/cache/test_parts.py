"""The small parts: breaker, bytes-bounded table, restored timings, and what the configuration may say."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from koe.api import Plugin, hookimpl
from koe.cache.breaker import Breaker
from koe.cache.canonical import restored
from koe.config import load
from koe.lru import OVERHEAD_BYTES, ByteLru
from koe.references import check_references
from koe.stages import AudioProcessor
from koe.testing.build import registry_of
from koe.testing.fakes import FakePlugin
from koe.types import PhonemeSegment, PhonemeWord, Span, VoiceMix, WordTiming

from tests.core.cache.backends import CachePlugin, DictBackend, SharedBackend


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_breaker_rests_after_failures_in_a_row_and_lets_one_call_through_now_and_then():
    clock = Clock()
    breaker = Breaker(3, 10.0, clock)
    for _ in range(2):
        assert not breaker.failed()
    assert not breaker.succeeded()
    assert [breaker.failed() for _ in range(3)] == [False, False, True]
    assert (breaker.resting, breaker.allows()) == (True, False)
    clock.now = 10.0
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    assert not breaker.failed()
    clock.now = 20.0
    assert breaker.allows()
    assert breaker.succeeded()
    assert (breaker.resting, breaker.allows()) == (False, True)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 600)), max_size=40))
def test_a_table_never_holds_more_than_its_bytes(operations):
    table = ByteLru(4 * OVERHEAD_BYTES, len)
    for key, size in operations:
        kept = table.put(key, bytes(size))
        assert kept == (size + OVERHEAD_BYTES <= table.max_bytes)
        assert (table.get(key) is not None) == kept
        assert table.bytes == sum(len(value) + OVERHEAD_BYTES for value in table._values.values())
        assert table.bytes <= table.max_bytes
    table.clear()
    assert (len(table), table.bytes) == (0, 0)


def test_what_was_used_last_goes_last():
    table = ByteLru(3 * (OVERHEAD_BYTES + 1), len)
    for key in "abc":
        table.put(key, b"x")
    table.get("a")
    table.put("d", b"x")
    assert [key for key in "abcd" if table.get(key)] == ["a", "c", "d"]


SEGMENT = PhonemeSegment(
    "one two",
    (PhonemeWord("one", "wʌn", " ", Span(10, 13)), PhonemeWord("two", "tu", ".", Span(20, 23))),
    VoiceMix.of("ann"),
    "en",
)


def test_a_timing_of_several_words_names_all_of_them():
    (word,) = restored((WordTiming("", 0.0, 1.0, Span(0, 2)),), SEGMENT)
    assert (word.text, word.source) == ("one two", Span(10, 23))


@pytest.mark.parametrize("span", [Span(0, 3), Span(-1, 1), Span(1, 1)])
def test_a_timing_of_no_word_is_refused(span):
    with pytest.raises(ValueError, match="are timed"):
        restored((WordTiming("", 0.0, 1.0, span),), SEGMENT)
    with pytest.raises(ValueError, match="is timed"):
        restored((WordTiming("", 0.0, 1.0, Span(5, 99)),), evolve(SEGMENT, words=()))


class Marking(AudioProcessor):
    name = "marking"
    marks = True

    def open(self, info):
        raise NotImplementedError


class MarkingPlugin(Plugin):
    @hookimpl
    def register_audio_processors(self):
        return [Marking()]


def _problems(*assignments):
    plugins = [FakePlugin(), CachePlugin(DictBackend(), SharedBackend()), MarkingPlugin()]
    configuration = load([], assignments=[f"engine.auto_order = {['fake']}", *assignments])
    assert configuration.problems == ()
    return list(check_references(configuration, registry_of(*plugins)))


def test_unknown_tiers_are_named_with_those_that_there_are():
    (problem,) = _problems("cache.tiers = ['dikt']")
    assert "cache backend 'dikt'; did you mean 'dict'" in problem
    assert _problems("cache.tiers = ['dict', 'shared']") == []


def test_unmarked_audio_leaves_the_process_only_where_that_is_said():
    marking = "pipeline.postprocess = ['marking']"
    (problem,) = _problems(marking, "cache.tiers = ['dict', 'shared']")
    assert "'shared'" in problem
    assert "cache.unmarked = true" in problem
    assert _problems(marking, "cache.tiers = ['dict', 'shared']", "cache.unmarked = true") == []
    assert _problems(marking, "cache.tiers = ['dict']") == []
    assert _problems("cache.tiers = ['dict', 'shared']") == []
