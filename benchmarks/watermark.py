"""Detection of the watermark: what the mark survives, what is taken for it, and what looking for it costs.

    python -m benchmarks.watermark            # seconds of processor time and memory, as JSON
    python -m benchmarks.watermark --matrix   # the table of docs/watermarking.md

The matrix speaks the texts of `benchmarks.watermark_texts` through two `koe serve`, one that marks and one
that does not, changes what they answer, and asks `POST /v1/watermark/detect` of every clip.
"""

import io
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from fractions import Fraction

import httpx
import numpy as np
import psutil
import soundfile
from attrs import frozen
from koe.stretch import time_stretch

from benchmarks.report import Conditions, Report, options
from benchmarks.servers import EMBEDDED, Server, serving
from benchmarks.watermark_texts import TEXTS

RATE = 24_000
MARKED: Mapping[str, object] = {"pipeline.postprocess": ["watermark"]}
CLEAN: Mapping[str, object] = {"plugins.watermark.embed": False}
FORMATS: Mapping[str, Mapping[str, object]] = {
    "mp3 64k": {"response_format": "mp3", "bitrate": 64_000},
    "aac 64k": {"response_format": "aac", "bitrate": 64_000},
    "opus 32k": {"response_format": "opus", "bitrate": 32_000},
    "flac": {"response_format": "flac"},
    "wav": {"response_format": "wav"},
}


@frozen
class Clip:
    voice: str
    marked: bool
    samples: np.ndarray
    answers: Mapping[str, bytes]


def as_wav(samples: np.ndarray, sample_rate: int = RATE, coding: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, format="WAV", subtype=coding)
    return file.getvalue()


def resampled(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    import av

    frame = av.AudioFrame.from_ndarray(samples[np.newaxis].astype(np.float32), "flt", "mono")
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    resampler = av.AudioResampler("flt", "mono", sample_rate)
    return np.concatenate(
        [one.to_ndarray()[0] for one in (*resampler.resample(frame), *resampler.resample(None))]
    )


def high_passed(samples: np.ndarray, cut_hz: float, order: int = 8) -> np.ndarray:
    """The samples through a Butterworth response without delay: 6 dB per octave and order."""
    spectrum = np.fft.rfft(samples, 2 * len(samples))
    hertz = np.maximum(np.fft.rfftfreq(2 * len(samples), 1 / RATE), 1e-3)
    gain = 1 / np.sqrt(1 + np.minimum(cut_hz / hertz, 1e4) ** (2 * order))
    return np.asarray(np.fft.irfft(spectrum * gain)[: len(samples)], np.float32)


def low_passed(samples: np.ndarray, cut_hz: float) -> np.ndarray:
    return np.asarray(samples - high_passed(samples, cut_hz))


def with_hum(samples: np.ndarray, level_db: float) -> np.ndarray:
    hum = np.sin(2 * np.pi * 50 * np.arange(len(samples)) / RATE) * np.sqrt(2)
    return np.asarray(samples + hum * samples.std() * 10 ** (level_db / 20), np.float32)


def with_noise(samples: np.ndarray, below_db: float) -> np.ndarray:
    noise = np.random.default_rng(len(samples)).standard_normal(len(samples))
    return np.asarray(samples + noise * samples.std() * 10 ** (-below_db / 20), np.float32)


def _middle(samples: np.ndarray) -> np.ndarray:
    """Twenty percent of the clip, from its middle."""
    return samples[round(0.4 * len(samples)) : round(0.6 * len(samples))]


def _without_middle(samples: np.ndarray) -> np.ndarray:
    return np.concatenate([samples[: round(0.4 * len(samples))], samples[round(0.6 * len(samples)) :]])


CHANGES: Mapping[str, Callable[[np.ndarray], bytes]] = {
    "mu-law 8 kHz": lambda x: as_wav(resampled(x, 8_000), 8_000, "ULAW"),
    "resampled to 8 kHz": lambda x: as_wav(resampled(x, 8_000), 8_000),
    "resampled to 16 kHz": lambda x: as_wav(resampled(x, 16_000), 16_000),
    "resampled to 44.1 kHz": lambda x: as_wav(resampled(x, 44_100), 44_100),
    "40 dB quieter": lambda x: as_wav(x * 0.01),
    "middle 20 % cut out": lambda x: as_wav(_without_middle(x)),
    "only the middle 20 %": lambda x: as_wav(_middle(x)),
    "tempo 1.25": lambda x: as_wav(time_stretch(x, RATE, 1.25)),
    "tempo 0.8": lambda x: as_wav(time_stretch(x, RATE, 0.8)),
    "noise 20 dB below": lambda x: as_wav(with_noise(x, 20)),
    "50 Hz hum 10 dB below": lambda x: as_wav(with_hum(x, -10)),
    "50 Hz hum as loud": lambda x: as_wav(with_hum(x, 0)),
    "high-pass 100 Hz": lambda x: as_wav(high_passed(x, 100)),
    "high-pass 300 Hz": lambda x: as_wav(high_passed(x, 300)),
    "high-pass 500 Hz": lambda x: as_wav(high_passed(x, 500)),
    "high-pass 500 Hz, order 30": lambda x: as_wav(high_passed(x, 500, 30)),
    "high-pass 1 kHz": lambda x: as_wav(high_passed(x, 1_000)),
    "low-pass 1 kHz": lambda x: as_wav(low_passed(x, 1_000)),
    "played 5 % faster (pitch too)": lambda x: as_wav(resampled(x, round(RATE / 1.05)), RATE),
}


def watermarking(settings: Mapping[str, object]) -> AbstractContextManager[Server]:
    """A server with the embedded voice and the plugin `watermark`."""
    return serving({**EMBEDDED, **settings}, "--enable", "watermark")


def spoken(url: str, *, marked: bool, count: int) -> list[Clip]:
    clips = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for voice, text in TEXTS[:count]:
            body = {"input": text, "voice": voice}
            answers = {
                name: _answer(client, {**body, **wish, "stream": bool(index % 2)})
                for index, (name, wish) in enumerate(FORMATS.items())
            }
            pcm = _answer(client, {**body, "response_format": "pcm", "sample_rate": RATE})
            clips.append(Clip(voice, marked, np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768, answers))
    return clips


def _answer(client: httpx.Client, body: Mapping[str, object]) -> bytes:
    answer = client.post("/v1/audio/speech", json=dict(body))
    assert answer.status_code == 200, answer.text
    return answer.content


def variants(clip: Clip, names: Collection[str] = (*FORMATS, *CHANGES)) -> Iterator[tuple[str, bytes]]:
    """Changes of a clip, each as a file."""
    for name in names:
        yield name, clip.answers[name] if name in FORMATS else CHANGES[name](clip.samples)


def matrix(count: int) -> None:
    verdicts: dict[str, dict[bool, list[dict[str, object]]]] = {}
    with ExitStack() as stack:
        clean, marked = (stack.enter_context(watermarking(one)).url for one in (CLEAN, MARKED))
        clips = [*spoken(clean, marked=False, count=count), *spoken(marked, marked=True, count=count)]
        client = stack.enter_context(httpx.Client(base_url=clean, timeout=60))
        for clip in clips:
            for name, data in variants(clip):
                answer = client.post("/v1/watermark/detect", content=data)
                assert answer.status_code == 200, (name, clip.voice, answer.text)
                verdicts.setdefault(name, {True: [], False: []})[clip.marked].append(answer.json())
    print(
        f"| {count} texts | marked: yes / no verdict / no | lowest | unmarked: yes / no verdict | highest |"
    )
    print("|---|---|---|---|---|")
    for name, found in verdicts.items():
        cells = []
        for truth, shown in ((True, (True, None, False)), (False, (True, None))):
            counted = Counter(one["watermarked"] for one in found[truth])
            shares = " / ".join(f"{100 * counted[verdict] / len(found[truth]):.1f}" for verdict in shown)
            confidences = [float(str(one["confidence"])) for one in found[truth]]
            cells += [f"{shares} %", f"{(min if truth else max)(confidences):.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")


def cost() -> dict[str, float]:
    """Processor seconds per second of audio at 10 s, median of nine, and resident megabytes of it all."""
    from koe_watermark import detect

    noise = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32) * 0.1
    process = psutil.Process()
    resampled(noise, 16_000)
    before, start = process.memory_info().rss, time.perf_counter()
    detect(noise[:RATE], RATE)
    loaded_s = time.perf_counter() - start
    taken = []
    for _ in range(9):
        begun = time.process_time()
        detect(noise, RATE)
        taken.append((time.process_time() - begun) / 10)
    return {
        "first_detection_s": round(loaded_s, 3),
        "share_of_real_time": round(sorted(taken)[4], 5),
        "detector_mb": round((process.memory_info().rss - before) / 1e6, 1),
    }


DEFINITIONS = {
    "first_detection_s": "of a second of noise in a process that has loaded nothing for it",
    "share_of_real_time": "processor seconds for a second of audio, in clips of 10 s, median of 9",
    "detector_mb": "resident memory that the detector adds, 10^6 bytes",
}


def main() -> None:
    reader = options(__doc__ or "")
    reader.add_argument("--matrix", action="store_true")
    reader.add_argument("--texts", type=int, default=len(TEXTS))
    given = reader.parse_args()
    if given.matrix:
        matrix(given.texts)
    else:
        report = Report("watermark", given)
        report.write(Conditions("1", "no engine: noise", "none", DEFINITIONS), cost())


if __name__ == "__main__":
    main()
