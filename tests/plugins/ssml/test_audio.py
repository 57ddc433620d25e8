"""Every element of the conformance table, heard.

The fake engine says each letter as a tone of 0.05 s, `200 + 10 * (ord(letter) % 64)` Hz: `a` has 530 Hz.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import soundfile
from attrs import field, frozen
from koe.testing.audio import tone
from koe_ssml.table import ELEMENTS

from tests.plugins.ssml.helpers import Heard, heard

A_HZ = 200 + 10 * (ord("a") % 64)
PLAIN_DB = 20 * np.log10(0.5 / np.sqrt(2))
STYLES = {"styles": {"sad": "eva"}}


@frozen
class Case:
    """A document, and what must be true of its sound."""

    document: str
    holds: Callable[[Heard], object]
    config: Mapping[str, Any] = field(factory=dict)
    ignored: frozenset[str] = frozenset()


def _seconds(expected):
    return lambda heard: heard.seconds == pytest.approx(expected, abs=0.002)


def _styled(heard):
    return heard.voices == ["eva"]


def _spoken_as_text(heard):
    return heard.seconds == pytest.approx(0.1)


CASES = {
    "speak": Case('<speak version="1.1" xml:lang="de-DE">ab</speak>', lambda one: one.languages == ["de-DE"]),
    "p": Case("<speak><p>ab</p><p>cd</p></speak>", _seconds(0.15 + 0.6 + 0.15)),
    "s": Case("<speak><s>ab</s><s>cd</s></speak>", lambda one: one.phonemes == "ab. cd."),
    "token": Case("<speak><token>ab</token><token>cd</token></speak>", lambda one: one.phonemes == "ab cd"),
    "w": Case("<speak><w>ab</w><w>cd</w>, <w>e</w></speak>", lambda one: one.phonemes == "ab cd, e"),
    "say-as": Case(
        '<speak><say-as interpret-as="characters">kb</say-as></speak>', lambda one: one.phonemes == "k b"
    ),
    "phoneme": Case('<speak><phoneme alphabet="x-kokoro" ph="aaaa">b</phoneme></speak>', _seconds(0.2)),
    "sub": Case(
        '<speak><sub alias="abc de">W3C</sub></speak>',
        lambda one: (
            one.phonemes == "abc de" and {(w.source.start, w.source.end) for w in one.words} == {(27, 30)}
        ),
    ),
    "lang": Case(
        '<speak>ab <lang xml:lang="de">cd</lang></speak>', lambda one: one.languages == ["en-US", "de"]
    ),
    "lexicon": Case(
        '<speak><lexicon uri="w3c.pls"/>W3C is <sub alias="W3C">x</sub></speak>',
        lambda one: one.phonemes == "the web is w3c",
    ),
    "lookup": Case(
        '<speak><lexicon uri="w3c.pls" xml:id="w"/>W3C <lookup ref="w">W3C</lookup></speak>',
        lambda one: one.phonemes == "w3c the web",
    ),
    "meta": Case('<speak><meta name="x" content="y"/>ab</speak>', _spoken_as_text),
    "metadata": Case("<speak><metadata><x:y>cd</x:y><break/></metadata>ab</speak>", _spoken_as_text),
    "desc": Case(
        '<speak>ab<audio src="no"><desc>cd</desc></audio></speak>',
        _spoken_as_text,
        ignored=frozenset({"audio@src"}),
    ),
    "voice": Case('<speak><voice name="eva">ab</voice></speak>', _styled),
    "emphasis": Case(
        '<speak><emphasis level="strong">aa</emphasis></speak>',
        lambda one: (
            one.seconds == pytest.approx(0.1 / 0.9, abs=0.001)
            and one.level_db == pytest.approx(PLAIN_DB + 3, abs=0.1)
        ),
    ),
    "prosody": Case(
        '<speak><prosody rate="50%" pitch="+3st" volume="-6dB">aaaa</prosody></speak>',
        lambda one: (
            one.seconds == pytest.approx(0.4, abs=0.002)
            and one.frequency_hz(0.05, 0.35) == pytest.approx(A_HZ * 2 ** (3 / 12), rel=0.02)
            and one.level_db == pytest.approx(PLAIN_DB - 6, abs=0.3)
        ),
    ),
    "break": Case('<speak>ab<break time="1s"/>cd</speak>', _seconds(0.1 + 1 + 0.1)),
    "mark": Case(
        '<speak>ab<mark name="here"/>cd</speak>',
        lambda one: [(mark.name, round(mark.time_s, 3)) for mark in one.marks] == [("here", 0.1)],
    ),
    "bookmark": Case(
        '<speak>ab<break time="1s"/><bookmark mark="b"/><break time="500ms"/>cd</speak>',
        lambda one: one.seconds == pytest.approx(1.7) and one.marks[0].time_s == pytest.approx(1.1),
    ),
    "mstts:express-as": Case(
        '<speak><mstts:express-as style="sad">ab</mstts:express-as></speak>', _styled, STYLES
    ),
    "mstts:silence": Case(
        '<speak><voice name="ann"><mstts:silence type="Leading-exact" value="1s"/>'
        '<mstts:silence type="Sentenceboundary" value="200ms"/><mstts:silence type="Tailing" value="500ms"/>'
        "Ab. Cd. <s>Ef</s></voice></speak>",
        _seconds(1 + 3 * 0.15 + 2 * 0.2 + 0.5),
    ),
    "mstts:audioduration": Case(
        '<speak><voice name="ann"><mstts:audioduration value="2s"/>abcdefghijklmnopqrst</voice> xx</speak>',
        _seconds(2 + 0.1),
        {"characters_per_second": 20},
    ),
    "google:style": Case('<speak><google:style name="sad">ab</google:style></speak>', _styled, STYLES),
    "amazon:domain": Case('<speak><amazon:domain name="sad">ab</amazon:domain></speak>', _styled, STYLES),
    "amazon:emotion": Case('<speak><amazon:emotion name="sad">ab</amazon:emotion></speak>', _styled, STYLES),
    "amazon:effect": Case(
        '<speak><amazon:effect name="sad" phonation="soft">ab</amazon:effect></speak>',
        _styled,
        STYLES,
        frozenset({"amazon:effect@phonation"}),
    ),
    "audio": Case(
        '<speak>ab<audio src="tone.wav" soundLevel="-6dB" clipBegin="0.5s" '
        'repeatCount="2">cd</audio></speak>',
        lambda one: (
            one.seconds == pytest.approx(0.1 + 1.0, abs=0.002)
            and one.frequency_hz(0.2, 1.0) == pytest.approx(440, rel=0.01)
            and np.abs(one.samples[5_000:]).max() == pytest.approx(0.25, rel=0.05)
        ),
    ),
    "seq": Case(
        "<speak><seq><media><speak>ab</speak></media><media><speak>cd</speak></media></seq></speak>",
        _seconds(0.2),
    ),
    "media": Case(
        '<speak>a<media begin="1s" soundLevel="-6dB"><speak>aa</speak></media></speak>',
        lambda one: (
            one.seconds == pytest.approx(1.15)
            and np.abs(one.samples[-2_000:]).max() == pytest.approx(0.25, rel=0.05)
        ),
    ),
    "par": Case(
        "<speak><par><media><speak>ab</speak></media></par></speak>",
        _spoken_as_text,
        ignored=frozenset({"par"}),
    ),
    "mstts:backgroundaudio": Case(
        '<speak><mstts:backgroundaudio src="http://x/y.wav"/>ab</speak>',
        _spoken_as_text,
        ignored=frozenset({"mstts:backgroundaudio", "mstts:backgroundaudio@src"}),
    ),
    "mstts:viseme": Case(
        '<speak><mstts:viseme type="redlips_front"/>ab</speak>',
        _spoken_as_text,
        ignored=frozenset({"mstts:viseme", "mstts:viseme@type"}),
    ),
    "amazon:auto-breaths": Case(
        "<speak><amazon:auto-breaths>ab</amazon:auto-breaths></speak>",
        _spoken_as_text,
        ignored=frozenset({"amazon:auto-breaths"}),
    ),
    "amazon:breath": Case(
        "<speak><amazon:breath/>ab</speak>", _spoken_as_text, ignored=frozenset({"amazon:breath"})
    ),
}


@pytest.fixture
def roots(tmp_path):
    soundfile.write(tmp_path / "tone.wav", tone(440, 1.0, 44_100), 44_100)
    (tmp_path / "w3c.pls").write_text(
        """<?xml version="1.0"?>
        <lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
                 alphabet="ipa" xml:lang="en-US">
        <lexeme><grapheme>W3C</grapheme><alias>the web</alias></lexeme></lexicon>""",
        encoding="utf-8",
    )
    return {"media_roots": (str(tmp_path),), "lexicon_roots": (str(tmp_path),)}


def test_every_element_of_the_table_is_heard_here():
    assert set(CASES) == set(ELEMENTS)


@pytest.mark.parametrize("element", CASES)
async def test_the_element_is_heard(element, roots):
    case = CASES[element]
    found = await heard(case.document, **roots, **case.config)
    assert f"<{element}" in case.document
    assert case.holds(found), (found.seconds, found.phonemes, found.voices, found.marks)
    assert found.ignored == case.ignored


@pytest.mark.parametrize(
    ("rate", "seconds"), [("50%", 0.8), ("x-fast", 0.2), ("0.25", 1.6), ("400%", 0.1), ("+50%", 0.8 / 3)]
)
async def test_rates_change_the_length_also_beyond_the_engine_s_range(rate, seconds):
    found = await heard(f'<speak><prosody rate="{rate}">aaaaaaaa</prosody></speak>')
    assert found.seconds == pytest.approx(seconds, rel=0.01)
    assert found.frequency_hz(0.02) == pytest.approx(A_HZ, rel=0.03)


@pytest.mark.parametrize("pitch", ["-12st", "-6st", "-10%", "x-high", "+12st"])
@pytest.mark.parametrize("rate", ["50%", "100%", "300%"])
async def test_pitch_changes_the_frequency_and_not_the_length(pitch, rate):
    ratio = {"-12st": 0.5, "-6st": 2**-0.5, "-10%": 0.9, "x-high": 2**0.5, "+12st": 2.0}[pitch]
    found = await heard(f'<speak><prosody pitch="{pitch}" rate="{rate}">aaaaaaaaaaaa</prosody></speak>')
    assert found.seconds == pytest.approx(0.6 * 100 / float(rate[:-1]), rel=0.01)
    assert found.frequency_hz(0.05, found.seconds - 0.05) == pytest.approx(A_HZ * ratio, rel=0.04)


async def test_words_are_timed_right_at_another_pitch():
    document = '<speak><prosody pitch="{}">abcd efgh</prosody></speak>'
    plain, high = [(await heard(document.format(pitch))).words for pitch in ("+0st", "+7st")]
    for before, after in zip(plain, high, strict=True):
        assert after.start_s == pytest.approx(before.start_s, abs=0.002)
        assert after.end_s == pytest.approx(before.end_s, abs=0.002)
        assert after.source == before.source


@pytest.mark.parametrize(("volume", "db"), [("x-soft", -12), ("+6dB", 6), ("50", -6.02), ("-20%", -1.94)])
async def test_volumes_change_the_level(volume, db):
    found = await heard(f'<speak><prosody volume="{volume}">aaaa</prosody></speak>')
    assert found.level_db == pytest.approx(PLAIN_DB + db, abs=0.1)


async def test_silent_is_silent_but_takes_its_time():
    found = await heard('<speak>aa<prosody volume="silent">bb</prosody></speak>')
    assert found.seconds == pytest.approx(0.2)
    assert np.abs(found.samples[2_400:]).max() < 1 / 32_768


async def test_the_request_s_speed_counts_too():
    document = '<speak><prosody rate="300%">aaaaaaaa</prosody></speak>'
    found = await heard(document, speed=2.0)
    assert found.seconds == pytest.approx(0.4 / 4, rel=0.02)
    assert found.ignored == {"prosody@rate"}


async def test_durations_hold_pauses_too():
    document = '<speak>xx<prosody duration="3s">abcdefghij<break time="1s"/>klmnopqrst</prosody>yy</speak>'
    found = await heard(document, characters_per_second=20)
    assert found.seconds == pytest.approx(3 + 0.2, abs=0.01)


@pytest.mark.parametrize(("most", "seconds"), [("500ms", 0.5), ("5s", 1.0)])
async def test_a_longest_duration_only_shortens(most, seconds):
    document = f'<speak><prosody amazon:max-duration="{most}">abcdefghijklmnopqrst</prosody></speak>'
    found = await heard(document, characters_per_second=20)
    assert found.seconds == pytest.approx(seconds, abs=0.01)


async def test_pauses_of_the_document_and_of_punctuation_are_not_added():
    found = await heard('<speak>ab.<break time="1s"/><break time="1s"/>cd</speak>')
    assert found.seconds == pytest.approx(0.15 + 2 + 0.1)


async def test_only_recordings_are_speech_enough(roots):
    found = await heard('<speak><audio src="tone.wav"/></speak>', **roots)
    assert found.seconds == pytest.approx(1.0, abs=0.002)


async def test_word_times_behind_a_recording_count_from_the_begin(roots):
    found = await heard('<speak>ab <audio src="tone.wav"/> cd</speak>', **roots)
    assert [round(word.start_s, 2) for word in found.words] == [0.0, pytest.approx(1.1, abs=0.11)]
