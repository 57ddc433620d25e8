import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from koe.cancellation import Cancellation
from koe.errors import CancelledByCallerError, EngineUnavailableError, KoeError, ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voice_facts import describe
from koe.stages import EngineRuntime
from koe.testing.tiny_model import (
    SAMPLE_RATE,
    VOICES,
    TinyKokoro,
    frames,
    spoken_tokens,
    voice_level,
    write_tiny_model,
    write_voices_npz,
)
from koe.types import AudioChunk, EngineInfo, VoiceMix
from numpy.typing import NDArray
from onnx import numpy_helper

from tests.core.kokoro.builders import opened, segment

WORDS = (("həlˈO", ", "), ("wˈɜɹld", "."))


@pytest.fixture(scope="module")
def ids():
    return load_vocabulary({}, Path("model.onnx"), None)


def speak(
    engine: KokoroEngine, *words: tuple[str, str], voice: VoiceMix | str = "af_heart", rate: float = 1.0
) -> AudioChunk:
    return engine.infer(segment(*words, voice=voice, rate=rate), Cancellation())


def test_it_speaks_exactly_the_phonemes_it_is_given(engine, ids):
    chunk = speak(engine, *WORDS)
    expected = [ids[symbol] for symbol in "həlˈO, wˈɜɹld."]
    assert spoken_tokens(chunk.samples) == [0, *expected, 0]
    assert chunk.sample_rate == SAMPLE_RATE
    assert (str(chunk.samples.dtype), chunk.samples.ndim) == ("float32", 1)


def test_the_samples_are_the_callers_own(engine):
    assert speak(engine, *WORDS).samples.flags.writeable


def test_word_times_are_exact_to_the_frame(engine, ids):
    def seconds(symbols: str) -> float:
        return (frames(0) + sum(frames(ids[symbol]) for symbol in symbols)) * 0.025

    first, second = speak(engine, *WORDS).words
    assert (first.text, first.source.start, second.source.start) == ("word0", 0, 1)
    assert (first.start_s, first.end_s) == pytest.approx((seconds(""), seconds("həlˈO")))
    assert (second.start_s, second.end_s) == pytest.approx((seconds("həlˈO, "), seconds("həlˈO, wˈɜɹld")))


def test_a_rate_shortens_audio_and_times_alike(engine, ids):
    chunk = speak(engine, *WORDS, rate=2.0)
    tokens = [0, *(ids[symbol] for symbol in "həlˈO, wˈɜɹld."), 0]
    assert len(chunk.samples) == 600 * sum(frames(token, 2.0) for token in tokens)
    assert chunk.words[-1].end_s < chunk.seconds


def test_the_style_is_the_row_for_the_number_of_symbols(engine):
    """`həlˈO, wˈɜɹld.` has 14 symbols and takes row 13."""
    assert np.abs(speak(engine, *WORDS).samples).max() == pytest.approx(
        voice_level("af_heart") + 13 / 10_000, abs=1e-5
    )


def test_voices_and_mixes_differ(engine):
    mix = VoiceMix((("af_bella", 0.75), ("am_onyx", 0.25)))
    peak = np.abs(speak(engine, ("c", ""), voice=mix).samples).max()  # its tone has a sample on the crest
    assert peak == pytest.approx(0.75 * voice_level("af_bella") + 0.25 * voice_level("am_onyx"), abs=1e-5)


def test_510_symbols_are_spoken_whole_and_511_refused(engine):
    assert len(spoken_tokens(speak(engine, ("ab" * 255, "")).samples)) == 512
    with pytest.raises(KoeError, match="1 to 510 phoneme symbols, got 511"):
        speak(engine, ("a" * 511, ""))


def test_a_symbol_outside_the_vocabulary_is_refused_and_not_dropped(engine):
    with pytest.raises(KoeError, match=r"U\+0429"):
        speak(engine, ("aЩb", ""))


def test_an_unknown_voice_is_refused(engine):
    with pytest.raises(KoeError, match="no voice 'nobody'"):
        speak(engine, *WORDS, voice="nobody")


def test_many_threads_get_what_each_would_get_alone(engine):
    texts = [("kˈæt" * n, ".") for n in range(1, 25)]
    alone = [speak(engine, text, voice=VOICES[n % len(VOICES)]) for n, text in enumerate(texts)]
    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda n: speak(engine, texts[n], voice=VOICES[n % len(VOICES)]), range(len(texts)))
        )
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        assert one.words == other.words


def test_info_says_what_is_in_use(engine):
    assert engine.info() == EngineInfo(
        "kokoro",
        24_000,
        "kokoro-v1.0.onnx",
        "fp32",
        "CPUExecutionProvider",
        {"threads": 1, "word_timings": True, "speed_type": "float32", "voices": len(VOICES)},
    )


def test_voices_begin_with_af_heart(engine):
    assert [voice.name for voice in engine.voices()] == list(VOICES)
    assert engine.find_voice("bf_emma") == describe("bf_emma")


def test_all_of_openais_names_are_aliases_of_its_voices(engine):
    assert len(engine.aliases) == 13
    assert set(engine.aliases.values()) <= set(VOICES)


def test_the_vocabulary_is_the_packages(engine):
    assert len(engine.vocabulary) == 114
    assert engine.vocabulary >= set("həlˈO, wɜɹd.")


def test_a_configured_default_voice_comes_first(tiny):
    assert [voice.name for voice in opened(tiny, default_voice="ff_siwis").voices()][:2] == [
        "ff_siwis",
        "af_heart",
    ]


def test_without_af_heart_the_first_voice_of_the_file_is_the_default(tiny, tmp_path):
    voices = write_voices_npz(tmp_path / "voices.bin", ["zf_001", "af_maple"])
    assert [voice.name for voice in opened(tiny, voices).voices()] == ["zf_001", "af_maple"]


def test_a_configured_default_voice_that_is_not_there_is_an_error(tiny, one_voice):
    with pytest.raises(ModelFileError, match=r"has no voice 'af_sky', the default_voice.*it has af_heart"):
        opened(tiny, one_voice, default_voice="af_sky")


def test_onnx_communitys_layout_speaks_the_same(tmp_path, engine):
    tiny = write_tiny_model(
        tmp_path, layout="onnx-community", tokens_input="input_ids", durations=False, voices=("af_heart",)
    )
    community = KokoroEngine(KokoroConfig(dir=str(tiny.dir)))
    community.open(EngineRuntime(threads=1))
    chunk = speak(community, *WORDS)
    np.testing.assert_array_equal(chunk.samples, speak(engine, *WORDS).samples)
    assert chunk.words == ()
    assert community.info().model == "model.onnx"


@pytest.mark.parametrize("speed_type", ["float32", "float16", "float64"])
def test_a_float_speed_lets_the_model_do_rates_from_half_to_double(tmp_path, one_voice, speed_type):
    tiny = write_tiny_model(tmp_path, speed_type=speed_type, voices=())
    engine = opened(tiny, one_voice)
    assert engine.rate_range == (0.5, 2.0)
    assert speak(engine, *WORDS, rate=0.5).seconds > 1.9 * speak(engine, *WORDS).seconds


@pytest.mark.parametrize("speed_type", ["int32", "int64"])
def test_an_integer_speed_leaves_every_rate_to_the_core(tmp_path, one_voice, speed_type):
    tiny = write_tiny_model(tmp_path, speed_type=speed_type, voices=())
    engine = opened(tiny, one_voice)
    assert engine.rate_range == (1.0, 1.0)
    assert speak(engine, *WORDS).samples.size > 0


def test_the_models_own_vocabulary_wins(tmp_path, one_voice):
    tiny = write_tiny_model(tmp_path, voices=(), vocabulary={"x": 7, "y": 9})
    engine = opened(tiny, one_voice)
    assert engine.vocabulary == {"x", "y"}
    assert spoken_tokens(speak(engine, ("xyx", "")).samples) == [0, 7, 9, 7, 0]


def test_a_run_is_aborted_midway_and_the_next_one_is_whole(tmp_path, one_voice):
    """Left alone, the run would take many times as long as the abort is given."""
    engine = opened(write_tiny_model(tmp_path, voices=(), slow=200), one_voice)
    cancellation = Cancellation()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(engine.infer, segment(("a" * 500, "")), cancellation)
        with pytest.raises(TimeoutError):
            future.result(timeout=0.3)
        cancellation.cancel()
        with pytest.raises(CancelledByCallerError):
            future.result(timeout=3)
    assert len(spoken_tokens(speak(engine, ("a", "")).samples)) == 3


def test_work_that_was_cancelled_before_does_not_run(engine):
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledByCallerError):
        engine.infer(segment(*WORDS), cancellation)


def test_cancelling_one_run_leaves_the_others_alone(tmp_path, one_voice):
    engine = opened(write_tiny_model(tmp_path, voices=(), slow=20), one_voice)
    doomed = Cancellation()
    with ThreadPoolExecutor(2) as pool:
        kept = pool.submit(engine.infer, segment(("a" * 30, "")), Cancellation())
        lost = pool.submit(engine.infer, segment(("a" * 500, "")), doomed)
        doomed.cancel()
        with pytest.raises(CancelledByCallerError):
            lost.result(timeout=20)
        assert len(spoken_tokens(kept.result(timeout=20).samples)) == 32


def damaged(tiny: TinyKokoro, folder: Path, change: Callable[[onnx.GraphProto], None]) -> TinyKokoro:
    """A copy of the tiny model in which `change` has altered the graph."""
    model = onnx.load(tiny.model)
    change(model.graph)
    onnx.save(model, folder / "damaged.onnx")
    return TinyKokoro(folder, folder / "damaged.onnx", tiny.voices)


def set_constant(graph: onnx.GraphProto, name: str, value: NDArray[np.float32]) -> None:
    constant = next(each for each in graph.initializer if each.name == name)
    constant.CopyFrom(numpy_helper.from_array(value, name))


def test_a_model_that_gives_nan_is_refused_when_it_is_opened(tiny, tmp_path):
    broken = damaged(
        tiny, tmp_path, lambda graph: set_constant(graph, "radians", np.full((1, 600), np.nan, np.float32))
    )
    with pytest.raises(ModelFileError, match=r"damaged\.onnx cannot speak a test symbol.*NaN"):
        opened(broken)


def test_nan_in_one_segment_is_an_error_and_not_noise(tiny, tmp_path):
    """Only the row of 3 symbols is poisoned, so that opening goes well."""
    engine = opened(tiny)
    assert engine._loaded is not None
    table = engine._loaded.tables.tables["af_heart"]
    table.setflags(write=True)
    table[2, 0] = np.nan
    assert speak(engine, ("ab", "")).samples.size > 0
    with pytest.raises(KoeError, match="NaN or infinite samples for 3 symbols"):
        speak(engine, ("abc", ""))


def test_durations_that_do_not_fit_the_audio_are_refused_when_it_is_opened(tiny, tmp_path):
    def halve(graph):
        set_constant(graph, "radians", np.zeros((1, 300), np.float32))

    with pytest.raises(ModelFileError, match="durations that do not fit its audio: expected 3 of them"):
        opened(damaged(tiny, tmp_path, halve))


def test_another_kind_of_model_is_refused_with_expected_and_found(tiny, tmp_path):
    def rename(graph):
        for node in graph.node:
            node.input[:] = ["mood" if name == "style" else name for name in node.input]
        graph.input[1].name = "mood"

    with pytest.raises(ModelFileError, match=r"not a Kokoro model.*found inputs .*mood \(float \[1, 256\]\)"):
        opened(damaged(tiny, tmp_path, rename))


def test_files_that_are_not_there_are_missing_with_the_way_out(tmp_path):
    engine = KokoroEngine(KokoroConfig(dir=str(tmp_path)))
    assert "koe model download" in (engine.missing() or "")
    with pytest.raises(ModelFileError, match="koe model download"):
        engine.open(EngineRuntime())


def test_nothing_is_missing_where_the_files_are(tiny):
    assert KokoroEngine(KokoroConfig(dir=str(tiny.dir))).missing() is None


def test_the_fingerprint_is_stable_and_tells_models_apart(tiny, tmp_path, one_voice):
    one, again = opened(tiny), opened(tiny)
    others = [
        opened(tiny, one_voice),
        opened(write_tiny_model(tmp_path, voices=(), speed_type="int64"), one_voice),
        opened(write_tiny_model(tmp_path, voices=(), frames_per_token=4), one_voice),
    ]
    assert one.fingerprint == again.fingerprint
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_closing_twice_does_no_harm_and_a_closed_engine_says_so(tiny):
    engine = opened(tiny)
    engine.close()
    engine.close()
    with pytest.raises(EngineUnavailableError, match="not open"):
        speak(engine, *WORDS)


def test_it_can_be_opened_again_after_closing(tiny):
    engine = opened(tiny)
    engine.close()
    engine.open(EngineRuntime(threads=1))
    assert speak(engine, *WORDS).samples.size > 0


def test_word_times_never_overlap_in_a_long_segment(engine):
    words = speak(engine, *[("kˈæt", " ")] * 80).words
    assert len(words) == 80
    assert all(one.end_s <= other.start_s for one, other in pairwise(words))
    assert json.dumps([word.start_s for word in words])
