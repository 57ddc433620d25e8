"""What koe's engine costs over the bare model, and how it compares with kokoro-onnx.

    python -m benchmarks.engine --model kokoro-v1.0.onnx --voices voices-v1.0.bin

All contenders are in one process and take turns, run by run, so that other load on the machine hits all
alike; the first run of each does not count, and medians are shown. Prints JSON:

- `rtf`: real-time factors (seconds of work for a second of audio) by length of the segment in phonemes, on
  `--threads`: `raw` is `InferenceSession.run` with the session options of koe, `koe` is the engine with word
  times, checks and copies; both on the stock and, where one lies beside it, on the optimized model.
- `overhead`: what `koe` adds to `raw`, median of the ratios of neighbouring runs.
- `stream`: seconds for 300 phonemes, which are about 60 words: koe in segments of 100, kokoro-onnx's
  `Kokoro.create` as it cuts them, on all cores.
- `two_streams`: seconds of audio per second with two such texts at once: koe with one thread for each
  inference, `Kokoro.create` called from two threads.

PyTorch's `KModel` joins `stream` where `torch` and `kokoro` are installed and `--torch` names its weights.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict
from koe.cancellation import Cancellation
from koe.cores import usable_cores
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.kokoro.hardware import Host
from koe.kokoro.optimized import optimized_path
from koe.kokoro.timing import SAMPLE_RATE
from koe.kokoro.voices import load_voices
from koe.stages import EngineRuntime
from koe.types import PhonemeSegment, PhonemeWord, Prosody, Span, VoiceMix

STREAM, SEGMENT = 300, 100
Run = Callable[[], int]
"""Does a piece of work; gives the samples that it made."""


def _phonemes(count: int, seed: int = 0) -> str:
    """Words of 2 to 7 letters of English IPA."""
    random, made = np.random.default_rng(seed), ""
    while len(made) < count:
        made += "".join(random.choice(list("ɑbdəɛfɡhiklmnɔpɹstuvwzʃθʊʌ"), random.integers(2, 8))) + " "
    return made[: count - 1] + "."


def _segment(phonemes: str, voice: str) -> PhonemeSegment:
    words = tuple(PhonemeWord(word, word, " ", Span(0, 1)) for word in phonemes.split())
    last = PhonemeWord(words[-1].text, words[-1].phonemes, "", Span(0, 1))
    return PhonemeSegment("", (*words[:-1], last), VoiceMix.of(voice), "en-US", Prosody())


def _engine(model: Path, voices: str, threads: int) -> KokoroEngine:
    engine = KokoroEngine(KokoroConfig(model=str(model), voices=voices))
    engine.open(EngineRuntime(threads=threads))
    return engine


def _koe(engine: KokoroEngine, phonemes: str) -> Run:
    segment = _segment(phonemes, engine.voices()[0].name)
    return lambda: len(engine.infer(segment, Cancellation()).samples)


def _raw(engine: KokoroEngine, phonemes: str) -> Run:
    """The same run on the engine's own session, with nothing around it."""
    loaded = engine._loaded  # noqa: SLF001 - the very same session
    assert loaded is not None
    ids = [loaded.vocabulary[symbol] for symbol in phonemes]
    style = loaded.tables.style(VoiceMix.of(loaded.default), len(ids))
    feeds = loaded.model._feeds(ids, style, 1.0)  # noqa: SLF001
    session, outputs = loaded.model.opened.session, loaded.model.signature.outputs
    return lambda: int(session.run(outputs, feeds)[0].size)


def _in_turns(
    contenders: Mapping[str, Run], runs: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[tuple[float, int]]]:
    """Seconds and samples of every run but the first."""
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in contenders}
    for turn in range(runs + 1):
        for name, run in contenders.items():
            start = clock()
            samples = run()
            if turn:
                found[name].append((clock() - start, samples))
    return found


def _factors(
    engines: Mapping[str, KokoroEngine], lengths: list[int], runs: int, clock: Callable[[], float]
) -> dict[str, Any]:
    rtf: dict[str, dict[str, float]] = {}
    overhead: dict[str, dict[str, float]] = {}
    for length in lengths:
        phonemes = _phonemes(length)
        makers = {"raw": _raw, "koe": _koe}
        contenders = {
            f"{kind} {model}": make(engine, phonemes)
            for model, engine in engines.items()
            for kind, make in makers.items()
        }
        found = _in_turns(contenders, runs, clock)
        rtf[str(length)] = {
            name: round(statistics.median(s * SAMPLE_RATE / n for s, n in each), 4)
            for name, each in found.items()
        }
        overhead[str(length)] = {
            model: round(statistics.median(ours[0] / bare[0] for ours, bare in pairs) - 1, 4)
            for model in engines
            for pairs in [list(zip(found[f"koe {model}"], found[f"raw {model}"], strict=True))]
        }
    return {"rtf": rtf, "overhead": overhead}


def _whole(run: Callable[[str], int], pieces: list[str]) -> Run:
    return lambda: sum(run(piece) for piece in pieces)


def _streams(
    engines: Mapping[str, KokoroEngine], create: Callable[[str], int], torch: Callable[[str], int] | None
) -> dict[str, Run]:
    pieces = [_phonemes(SEGMENT, seed) for seed in range(STREAM // SEGMENT)]
    contenders = {
        f"koe {model}": _whole(lambda piece, engine=engine: _koe(engine, piece)(), pieces)  # type: ignore[misc]
        for model, engine in engines.items()
    }
    contenders["kokoro-onnx"] = _whole(create, [" ".join(pieces)])
    if torch is not None:
        contenders["torch"] = _whole(torch, pieces)
    return contenders


def _create(model: str, voices: str) -> Callable[[str], int]:
    from kokoro_onnx import Kokoro

    kokoro = Kokoro(model, voices)
    voice = kokoro.get_voices()[0]
    return lambda phonemes: len(kokoro.create(phonemes, voice, is_phonemes=True, trim=False)[0])


def _torch(weights: str, voices: str) -> Callable[[str], int]:
    torch, model_module = import_module("torch"), import_module("kokoro.model")
    model = model_module.KModel(model=weights).eval()
    table = next(iter(load_voices(Path(voices)).tables.values()))

    def speak(phonemes: str) -> int:
        style = torch.from_numpy(table[len(phonemes) - 1 : len(phonemes)].copy())
        with torch.no_grad():
            return int(model(phonemes, style, 1.0).numel())

    return speak


def _medians(found: Mapping[str, list[tuple[float, int]]]) -> dict[str, float]:
    return {name: round(statistics.median(seconds for seconds, _ in each), 3) for name, each in found.items()}


def _two_at_once(run: Run) -> Run:
    def both() -> int:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda _: run(), range(2)))

    return both


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--voices", required=True)
    parser.add_argument("--torch", help="PyTorch weights of the same model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lengths", default="10,50,150")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--cpu", action="store_true", help="rtf and overhead in processor time, for busy machines"
    )
    parser.add_argument("--skip-streams", action="store_true")
    asked = parser.parse_args()
    models = {"stock": Path(asked.model)}
    if optimized_path(models["stock"]).is_file():
        models["optimized"] = optimized_path(models["stock"])
    single = {name: _engine(path, asked.voices, asked.threads) for name, path in models.items()}
    lengths = [int(length) for length in asked.lengths.split(",")]
    report: dict[str, Any] = {
        "host": asdict(Host.current()),
        "threads": asked.threads,
        "runs": asked.runs,
        "cpu": asked.cpu,
    }
    clock = time.process_time if asked.cpu else time.perf_counter
    report |= _factors(single, lengths, asked.runs, clock)
    if not asked.skip_streams:
        create = _create(asked.model, asked.voices)
        torch = _torch(asked.torch, asked.voices) if asked.torch else None
        wide = {name: _engine(path, asked.voices, usable_cores()) for name, path in models.items()}
        report["stream"] = _medians(_in_turns(_streams(wide, create, torch), asked.runs))
        narrow = {name: _engine(path, asked.voices, 1) for name, path in models.items()}
        pairs = {name: _two_at_once(run) for name, run in _streams(narrow, create, None).items()}
        found = _in_turns(pairs, asked.runs)
        report["two_streams"] = {
            name: round(statistics.median(n / SAMPLE_RATE / s for s, n in each), 2)
            for name, each in found.items()
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
