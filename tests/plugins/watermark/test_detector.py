"""Detection on samples: what is found, where, and what is never taken for a mark."""

import threading

import numpy as np
import pytest
from koe_watermark import detect
from koe_watermark.evidence import Evidence, gather
from koe_watermark.network import Decoder
from koe_watermark.perth_detector import PerthDetector, shared_detector
from koe_watermark.spectrum import BLOCK, HOP, WINDOW, Spectrogram, levels_db

from benchmarks.watermark import high_passed, with_hum
from tests.plugins.watermark.speech import RATE, marked, monologue, speech

SECONDS = np.arange(5 * RATE) / RATE
NOISE = np.random.default_rng(0).standard_normal(5 * RATE)


def _tones(*hertz):
    return sum(np.sin(2 * np.pi * one * SECONDS) for one in hertz) / len(hertz) * 0.3


def _saws(*hertz):
    return sum((one * SECONDS) % 1 - 0.5 for one in hertz) / len(hertz) * 0.3


MISLEADING = {
    "silence": 0 * SECONDS,
    "dither": NOISE / 32_768,
    "50 Hz hum": _tones(50),
    "50 Hz hum with harmonics": sum(np.sin(2 * np.pi * 50 * n * SECONDS) / n for n in range(1, 20)) * 0.1,
    "hum in noise": _saws(50) + NOISE * 1e-3,
    "sine 200 Hz": _tones(200),
    "sine 440 Hz": _tones(440),
    "sine 440 Hz in 16 bits": np.rint(_tones(440) * 32_768) / 32_768,
    "sine 440 Hz in noise": _tones(440) + NOISE * 1e-2,
    "sine 1 kHz": _tones(1_000),
    "sine 3 kHz": _tones(3_000),
    "DC": 0.3 + 0 * SECONDS,
    "DC and noise": 0.3 + NOISE * 1e-4,
    "chord": _tones(220, 277, 330, 440, 554),
    "chord of saws": _saws(220, 277.2, 329.6),
    "chord of saws, plucked": _saws(220, 277.2, 329.6) * np.exp(-(SECONDS % 0.5) * 6),
    "square wave": np.sign(_tones(440)) * 0.2,
    "beeps": _tones(880) * (SECONDS % 0.4 < 0.2),
    "sweep": np.sin(2 * np.pi * np.cumsum(np.geomspace(50, 4_000, len(SECONDS))) / RATE) * 0.3,
    "white noise": NOISE * 0.1,
    "clicks": np.where(np.abs(NOISE) > 3.5, 0.5, 0.0),
}


@pytest.mark.parametrize("name", MISLEADING)
def test_what_is_no_speech_is_never_called_marked(name):
    found = detect(MISLEADING[name].astype(np.float32), RATE)
    assert found.watermarked is not True
    assert (found.watermarked is None) == (found.reason is not None)
    assert 0.0 <= found.confidence <= 1.0
    assert found.segments == ()


@pytest.mark.parametrize("cut_hz", [80, 150, 300, 500, 700, 1_000, 1_500])
@pytest.mark.parametrize("order", [2, 8, 30])
def test_high_passed_speech_is_never_judged_wrong(cut_hz, order):
    """A steep high-pass alone looks like a mark to the network: 0.99 at 1 kHz."""
    clean, mark = (high_passed(one, cut_hz, order) for one in (speech(0), marked(speech(0))))
    assert detect(clean, RATE).watermarked is not True
    assert detect(mark, RATE).watermarked is not False


@pytest.mark.parametrize("level_db", [-20, 0, 10])
def test_hum_under_speech_makes_no_wrong_verdict(level_db):
    assert detect(with_hum(speech(4), level_db), RATE).watermarked is not True
    assert detect(with_hum(marked(speech(4)), level_db), RATE).watermarked is not False


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.05, 0.1, 0.3])
def test_very_short_clips_get_no_verdict(seconds):
    for samples in (speech(0), marked(speech(0))):
        found = detect(samples[RATE : RATE + round(seconds * RATE)], RATE)
        assert (found.watermarked, found.reason) == (None, "too_short_or_silent")


def test_three_marked_seconds_within_thirty_are_found_to_half_a_second():
    whole, begin = monologue(30), 12.4
    part = slice(round(begin * RATE), round((begin + 3) * RATE))
    mixed = whole.copy()
    mixed[part] = marked(whole)[part]
    found = detect(mixed, RATE)
    assert found.watermarked is True
    (span,) = found.segments
    assert abs(span.start - begin) < 0.5
    assert abs(span.end - begin - 3) < 0.5
    assert found.marked_seconds == pytest.approx(span.end - span.start, abs=0.02)
    assert any("only a part" in warning for warning in found.warnings)


def test_two_marked_parts_are_two_segments():
    whole = monologue(30)
    mixed = whole.copy()
    for begin in (4, 20):
        part = slice(begin * RATE, (begin + 5) * RATE)
        mixed[part] = marked(whole)[part]
    found = detect(mixed, RATE)
    assert [round(span.start) for span in found.segments] == [4, 20]
    assert [round(span.end) for span in found.segments] == [9, 25]


def test_a_whole_long_mark_is_one_segment_and_none_in_unmarked_audio():
    assert detect(monologue(30), RATE).segments == ()
    (span,) = detect(marked(monologue(30)), RATE).segments
    assert (round(span.start), round(span.end)) == (0, 30)


def test_how_the_signal_is_cut_into_blocks_makes_no_difference():
    samples = marked(monologue(30)).astype(np.float32)[: 30 * 16_000]
    rng = np.random.default_rng(1)
    cuts = np.sort(rng.integers(0, len(samples), 40))
    pieces = np.split(samples, cuts)
    assert shared_detector().detect(pieces) == shared_detector().detect([samples])


def test_every_frame_is_in_one_block():
    samples = np.random.default_rng(0).standard_normal(45 * 16_000).astype(np.float32)
    spectrogram, blocks = Spectrogram(), []
    for piece in np.array_split(samples, 17):
        blocks += [levels[:, new] for levels, new in spectrogram.push(piece)]
    blocks += [levels[:, new] for levels, new in spectrogram.flush()]
    padded = np.pad(samples, WINDOW // 2)
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), levels_db(padded), atol=1e-3)
    assert all(BLOCK <= block.shape[1] < 3 * BLOCK for block in blocks)
    assert sum(block.shape[1] for block in blocks) == len(samples) // HOP + 1


def test_a_block_s_evidence_does_not_depend_on_the_block():
    """Frames at a block's edge see the frames behind it, as far as the network looks."""
    levels = levels_db(np.pad(marked(speech(0)), WINDOW // 2)[: 4 * 16_000])
    decoder = Decoder()
    whole = gather(decoder, levels, slice(0, levels.shape[1]))
    part = gather(decoder, levels, slice(100, 200))
    np.testing.assert_array_equal(part.score, whole.score[100:200])
    assert Evidence.joined([part, part]).frames == 200


def test_samples_that_are_not_finite_count_as_silence():
    broken = marked(speech(0)).copy()
    broken[1_000:1_100] = np.nan
    broken[2_000] = np.inf
    assert detect(broken, RATE).watermarked is True
    assert detect(np.full(RATE, np.nan, np.float32), RATE).reason == "too_short_or_silent"


def test_channels_are_mixed():
    stereo = np.stack([marked(speech(0)), marked(speech(0)) * 0.5])
    assert detect(stereo, RATE).watermarked is True


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros(10, np.float32), None),
        (np.zeros(10, np.float32), 0),
        (np.zeros(10, np.int16), RATE),
        (np.zeros((1, 2, 3), np.float32), RATE),
    ],
)
def test_samples_of_another_kind_are_refused(samples, rate):
    with pytest.raises(ValueError, match="detect (needs|takes)"):
        detect(samples, rate)


def test_the_network_is_loaded_once_even_when_many_ask_at_once(monkeypatch):
    made = []

    class Counted(Decoder):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr("koe_watermark.perth_detector.Decoder", Counted)
    detector, found = PerthDetector(), []
    samples = marked(speech(0))
    threads = [
        threading.Thread(target=lambda: found.append(detect(samples, RATE, detector=detector)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found[0].watermarked is True
    assert found == [found[0]] * 3
