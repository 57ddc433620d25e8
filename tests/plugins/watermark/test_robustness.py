"""What the mark survives, through the running server with the embedded voice, twelve texts of twelve kinds.

`python -m benchmarks.watermark --matrix` does the same with sixty.
"""

import pytest
from koe_watermark import detect

from benchmarks.watermark import CHANGES, CLEAN, FORMATS, MARKED, Clip, spoken, variants, watermarking

TEXTS = 12
PROMISED = (
    *FORMATS,
    "mu-law 8 kHz",
    "resampled to 8 kHz",
    "resampled to 16 kHz",
    "resampled to 44.1 kHz",
    "40 dB quieter",
    "middle 20 % cut out",
    "tempo 1.25",
)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    with watermarking(CLEAN) as clean, watermarking(MARKED) as marking:
        return [*spoken(clean.url, marked=False, count=TEXTS), *spoken(marking.url, marked=True, count=TEXTS)]


@pytest.fixture(scope="module")
def verdicts(clips, tmp_path_factory):
    """By change and truth: one verdict for each text."""
    folder = tmp_path_factory.mktemp("clips")
    found: dict[tuple[str, bool], list[object]] = {}
    for clip in clips:
        for name, data in variants(clip, PROMISED):
            path = folder / "clip"
            path.write_bytes(data)
            found.setdefault((name, clip.marked), []).append(detect(path).watermarked)
    return found


@pytest.mark.parametrize("name", PROMISED)
def test_marked_speech_is_found_after(name, verdicts):
    assert verdicts[name, True] == [True] * TEXTS


@pytest.mark.parametrize("name", PROMISED)
def test_unmarked_speech_is_never_called_marked_after(name, verdicts):
    assert True not in verdicts[name, False]


def test_every_promise_is_a_change_that_the_benchmark_measures():
    assert set(PROMISED) <= {*FORMATS, *CHANGES}
