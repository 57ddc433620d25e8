"""Times, rates, volumes and pitches in every unit that the specification allows."""

import math

import pytest
from koe_ssml import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", 1.0),
        ("250ms", 0.25),
        ("+1.5s", 1.5),
        (" .5s ", 0.5),
        ("0ms", 0.0),
        ("1", None),
        ("1 s", None),
        ("-1s", None),
        ("1e3s", None),
        ("1m", None),
        ("", None),
        ("9999999999s", None),
    ],
)
def test_seconds(text, expected):
    assert values.seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x-slow", 0.5),
        ("slow", 0.75),
        ("medium", 1.0),
        ("default", 1.0),
        ("fast", 1.5),
        ("x-fast", 2.0),
        ("50%", 0.5),
        ("200%", 2.0),
        ("0.8", 0.8),
        ("+50%", 3.0),
        ("-50%", 1.0),
        ("+0.5", 2.5),
        ("-0.5", 1.5),
        ("quick", None),
        ("", None),
        ("50 %", None),
    ],
)
def test_rates_from_a_current_rate_of_2(text, expected):
    found = values.rate(text, 2.0)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("silent", -math.inf),
        ("x-soft", -12.0),
        ("soft", -6.0),
        ("medium", 0.0),
        ("loud", 6.0),
        ("x-loud", 12.0),
        ("default", 0.0),
        ("+6dB", 0.0),
        ("-6.5dB", -12.5),
        ("100", 0.0),
        ("50", -6.0206),
        ("0", -math.inf),
        ("+100%", 0.0206),
        ("-50%", -12.0206),
        ("50%", -6.0206),
        ("-100", -math.inf),
        ("+50", 0.0103),
        ("aloud", None),
        ("6 dB", None),
    ],
)
def test_volumes_from_a_current_volume_of_minus_6_db(text, expected):
    found = values.volume_db(text, -6.0)
    assert found == (None if expected is None else pytest.approx(expected, abs=0.01))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x-low", -6.0),
        ("low", -3.0),
        ("medium", 0.0),
        ("high", 3.0),
        ("x-high", 6.0),
        ("default", 0.0),
        ("+2st", 14.0),
        ("-1.5st", 10.5),
        ("+0st", 12.0),
        ("-50%", 0.0),
        ("+50%", 19.02),
        ("50%", 19.02),
        ("+100Hz", 15.86),
        ("-100Hz", 7.02),
        ("400Hz", 12.0),
        ("-400Hz", -math.inf),
        ("0Hz", -math.inf),
        ("up", None),
        ("+2", None),
    ],
)
def test_pitches_from_an_octave_above_a_voice_of_200_hz(text, expected):
    found = values.pitch_semitones(text, 12.0, 200.0)
    assert found == (None if expected is None else pytest.approx(expected, abs=0.01))


@pytest.mark.parametrize(("text", "expected"), [("+6dB", 6.0), ("-3.5db", -3.5), ("6", None)])
def test_sound_levels(text, expected):
    assert values.level_db(text) == expected
