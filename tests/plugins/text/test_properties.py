"""What holds for every text: it never fails, loses nothing, costs no more than it should."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from koe.api import GivenPhonemes, Segment, Span
from koe_text.scorecard import read_cases

from tests.plugins.text.build import VOICE, normalizer, plugin, segment, spoken

CASES = read_cases(Path(__file__).parent / "cases")
LANGUAGES = ["en-US", "en-GB", "es", "fr", "it", "pt", "de", "zh", "ja", "hi"]
_PIECES = st.sampled_from(
    """
    1 2 12 1999 0 007 3.14 1,234 $ € £ % ° # @ & + - – / : . , ; ! ? ( ) [ ] * _ ` ~ ^ = < > ² ½ km kg am
    p.m. Jan May st nd th XIV VIII Henry Dr. St. www. .com http:// a b x word Word USA e.g. ' " “ ’ \\ | 一 三
    日 ٣ é ñ 🎉 &amp;
    """.split()
)  # fmt: skip
_TEXTS = st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=14).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda joint: joint.join(parts))
)
_FAST = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@_FAST
@given(_TEXTS, st.sampled_from(LANGUAGES))
@example("²", "en-US")
@example("2^²", "en-US")
@example("$²", "en-US")
@example("1/0", "en-US")
@example("Henry XIVst", "en-US")
@example("XIV" * 30, "es")
def test_no_text_makes_it_fail_and_every_character_has_a_source(text, language):
    made = list(normalizer("normalize").normalize(segment(text, language)))
    for one in made:
        assert len(one.alignment) == len(one.text)
        span = one.source()
        assert 0 <= span.start <= span.end <= len(text)
    starts = [one.source().start for one in made]
    assert starts == sorted(starts)


@_FAST
@given(_TEXTS, _TEXTS, _TEXTS, st.sampled_from(LANGUAGES))
def test_given_phonemes_survive_whatever_is_around_them(before, word, after, language):
    word = word.strip() or "koe"
    text = f"{before} {word} {after}"
    start = len(before) + 1
    phonemes = (GivenPhonemes(Span(start, start + len(word)), "kˈoʊeɪ"),)
    kept = [
        (one.text[given.span.start : given.span.end], one.source(given.span.start, given.span.end))
        for one in normalizer("normalize").normalize(Segment(text, VOICE, language, given=phonemes))
        for given in one.given
    ]
    assert kept == [(word, phonemes[0].span)]


@_FAST
@given(
    st.one_of(
        st.integers(0, 10**12).map(str),
        st.integers(0, 10**9).map("{:,}".format),
        st.decimals(0, 10**6, places=2).map(str),
        st.integers(1, 999).map("{}th".format),
        st.integers(0, 10**6).map("${}".format),
        st.integers(0, 200).map("{}%".format),
        st.times().map("{:%H:%M}".format),
        st.dates().map(str),
        st.tuples(st.integers(1, 99), st.integers(1, 99)).map("{0[0]}/{0[1]}".format),
        st.tuples(st.integers(1, 999), st.sampled_from(["km", "kg", "GB", "mph"])).map(
            "{0[0]} {0[1]}".format
        ),
    ),
    st.sampled_from(["{}", "It is {}.", "({})", "{}, and", "from {} on"]),
)
def test_no_digit_is_left_in_english(number, around):
    text = around.format(number)
    made = spoken(text)
    assert not any(character.isdecimal() for character in made), made


@pytest.mark.parametrize(
    "pattern",
    [
        "1/2/",
        "1.2.",
        "$1 ",
        "1-2-",
        "a1b2",
        "12:30 ",
        "Dr. ",
        "x^2+",
        "C:\\a ",
        "0f-",
        "(a)1",
        "<a ",
        "[a](",
        "*a",
        "I.",
        "1 ",
        "word ",
    ],
)
def test_cost_grows_with_the_length_alone(pattern):
    """Four times the text costs about four times as much, not sixteen: 8 with room for noise."""
    everything = normalizer("normalize")

    def cost(length: int) -> float:
        text = (pattern * length)[:length]
        began = time.process_time()
        list(everything.normalize(segment(text)))
        return time.process_time() - began

    cost(500)
    most = 8 * max(min(cost(2_000) for _ in range(3)), 0.01)
    assert cost(8_000) < most or cost(8_000) < most


_HOSTILE = [
    "1/2/",
    "\\a ",
    "*a",
    "<a ",
    "x^2+",
    "≤1",
    "≠a",
    "12 KM X ",
    "A/B ",
    "a.B",
    "2h 5m ",
    "5/A-",
    "...1",
    "1,2",
]


@pytest.mark.parametrize("pattern", _HOSTILE)
def test_eight_kilobytes_cost_less_than_a_second(pattern):
    everything = normalizer("normalize")
    text = (pattern * 8_000)[:8_000]
    began = time.thread_time()
    list(everything.normalize(segment(text)))
    assert time.thread_time() - began < 1


def test_eight_threads_make_what_one_makes():
    made = plugin()
    everything = normalizer("normalize", made)
    cases = [case for case in CASES if case.language in {"en", "es", "de", "zh", "ja"}]
    chosen = [*cases[::4], *(case for case in cases if case.language != "en")][:200]

    def run(_thread: int) -> list[list[str]]:
        return [
            [one.text for one in everything.normalize(segment(case.written, case.language))]
            for case in chosen
        ]

    expected = run(0)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, range(8)))
    assert all(result == expected for result in results)
