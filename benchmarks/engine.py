"""What koe's engine costs over the bare model, and how koe compares with kokoro-onnx and PyTorch.

    python -m benchmarks.engine --model kokoro-v1.0.onnx --voices voices-v1.0.bin

- `rtf`: by length of the segment in phonemes, on `--threads`, all in one process and in turns: `raw` is
  `InferenceSession.run` with koe's session options, `koe` is the engine with word times, checks and copies;
  both on the stock and, where one lies beside it, on the optimized model.
- `one_text`: a text of 60 words, spoken by a whole koe in its default configuration (normalized, phonemized,
  cut for a listener, joined; no encoding and no HTTP), by kokoro-onnx's `Kokoro.create` on the stock model,
  and by PyTorch's `KModel`, which gets finished phonemes, sentence by sentence. In turns.
- `two_texts`: two such texts at once.

PyTorch takes part where `--torch` names its weights (`kokoro-v1_0.pth`) and `--torch-python` a Python that
has `torch` and `kokoro`, in a process of its own.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from koe.cancellation import Cancellation
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.kokoro.timing import SAMPLE_RATE
from koe.kokoro.voice_facts import PREFERRED_DEFAULT
from koe.stages import EngineRuntime
from koe.types import PhonemeSegment, PhonemeWord, Prosody, Span, VoiceMix

from benchmarks import texts
from benchmarks.report import Conditions, Report, options, tell, threads, variants, with_model
from benchmarks.speaking import speaking
from benchmarks.torch_speaker import TorchSpeaker, torch_speaker

WORDS = 60
ANY_LOAD = "limits.max_load=100"
"""On a busy machine a second stream could be refused."""
DEFINITIONS = {
    "rtf": "real-time factor: seconds of work for a second of audio, median; processor time with --cpu",
    "overhead": "what koe adds to InferenceSession.run, median of the ratios of neighbouring runs, less 1",
    "seconds": "until all of the text, or of both texts, was spoken, median",
    "audio_s": "seconds of audio that were made of it",
    "audio_s_per_s": "seconds of audio for a second of work, median: 1 / rtf of whole texts",
    "times_faster": "audio_s_per_s of koe divided by that of the other",
}
Run = Callable[[], int]
"""Does a piece of work; gives the samples that it made."""
Speaker = Callable[[str], int]


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
    assert loaded.model is not None
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


def _create(kokoro: Any, voice: str) -> Callable[[str], int]:
    return lambda text: len(kokoro.create(text, voice, lang="en-us")[0])


def _of_sentences(torch: TorchSpeaker, phonemes: Callable[[str], str]) -> Callable[[str], int]:
    return lambda text: torch.speak([phonemes(sentence) for sentence in text.split(". ")])


def _speakers(stack: ExitStack, given: argparse.Namespace, models: Mapping[str, Path]) -> dict[str, Speaker]:
    """Who speaks whole texts, by name: each takes a text and gives the samples that it made of it."""
    from kokoro_onnx import Kokoro

    found: dict[str, Speaker] = {
        f"koe {name}": stack.enter_context(speaking(path, given.voices, ANY_LOAD)).speak
        for name, path in models.items()
    }
    kokoro = Kokoro(given.model, given.voices)
    names = kokoro.get_voices()
    voice = PREFERRED_DEFAULT if PREFERRED_DEFAULT in names else names[0]
    found["kokoro-onnx"] = _create(kokoro, voice)
    if given.torch:
        torch = stack.enter_context(torch_speaker(given.torch_python, given.torch, given.voices, voice))
        found["torch"] = _of_sentences(torch, lambda text: kokoro.tokenizer.phonemize(text, "en-us"))
    return found


def _texts(speakers: Mapping[str, Speaker], runs: int, at_once: int) -> dict[str, dict[str, float]]:
    """What it takes everybody to speak so many texts of 60 words at once."""
    given = [texts.of_words(WORDS, seed) for seed in range(at_once)]

    def all_of_them(speak: Speaker) -> Run:
        def run() -> int:
            with ThreadPoolExecutor(at_once) as pool:
                return sum(pool.map(speak, given))

        return run

    found = _in_turns({name: all_of_them(speak) for name, speak in speakers.items()}, runs)
    return {name: _summed(each) for name, each in found.items()}


def _summed(runs: list[tuple[float, int]]) -> dict[str, float]:
    seconds = statistics.median(seconds for seconds, _ in runs)
    audio_s = statistics.median(samples for _, samples in runs) / SAMPLE_RATE
    per_s = statistics.median(samples / SAMPLE_RATE / seconds for seconds, samples in runs)
    return {"seconds": round(seconds, 3), "audio_s": round(audio_s, 2), "audio_s_per_s": round(per_s, 2)}


def _times_faster(found: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """By how much koe is faster than each of the others, in audio seconds per second."""
    return {
        ours: {
            other: round(found[ours]["audio_s_per_s"] / found[other]["audio_s_per_s"], 2)
            for other in found
            if not other.startswith("koe ")
        }
        for ours in found
        if ours.startswith("koe ")
    }


def _parsed() -> argparse.Namespace:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--torch", help="PyTorch weights of the same model")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch and kokoro")
    parser.add_argument("--threads", type=int, default=1, help="of `rtf`")
    parser.add_argument("--lengths", default="10,50,150")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--cpu", action="store_true", help="rtf and overhead in processor time, for busy machines"
    )
    parser.add_argument("--skip-texts", action="store_true")
    return with_model(parser)


def main() -> None:
    given = _parsed()
    report, models = Report("engine", given), variants(given.model)
    single = {name: _engine(path, given.voices, given.threads) for name, path in models.items()}
    lengths = [int(length) for length in given.lengths.split(",")]
    clock = time.process_time if given.cpu else time.perf_counter
    results: dict[str, Any] = {"runs": given.runs, "processor_time": given.cpu}
    results |= _factors(single, lengths, given.runs, clock)
    tell(str(results))
    for engine in single.values():
        engine.close()
    if not given.skip_texts:
        with ExitStack() as stack:
            speakers = _speakers(stack, given, models)
            for name, at_once in (("one_text", 1), ("two_texts", 2)):
                found = _texts(speakers, given.runs, at_once)
                results |= {name: found, f"{name}_times_faster": _times_faster(found)}
                tell(str(found))
    threading = f"rtf: {given.threads}; texts: koe {threads()}, the others by their defaults"
    report.write(Conditions(threading, "stock and optimized, as named", "none", DEFINITIONS), results)


if __name__ == "__main__":
    main()
