"""The model leaves the memory and comes back; what is known of it stays."""

import os
import subprocess
import sys

import numpy as np
import onnx
import psutil
import pytest
from koe.cancellation import Cancellation
from koe.errors import EngineUnavailableError, ModelFileError
from koe.testing.tiny_model import TinyKokoro, write_tiny_model
from onnx import helper, numpy_helper
from structlog.testing import capture_logs

from tests.core.kokoro.builders import opened, segment

WORDS = (("həlˈO", ", "), ("wˈɜɹld", "."))


@pytest.fixture
def own(tmp_path) -> TinyKokoro:
    """A model that nobody else has, to be changed."""
    return write_tiny_model(tmp_path, voices=("af_heart", "af_bella"))


def _samples(engine):
    return engine.infer(segment(*WORDS), Cancellation()).samples


def _known(engine):
    return engine.info(), engine.voices(), engine.aliases, engine.vocabulary, engine.rate_range


def test_it_speaks_as_before_after_it_was_unloaded_and_loaded(engine):
    before = _samples(engine)
    engine.unload()
    engine.load()
    assert np.array_equal(before, _samples(engine))


def test_what_is_known_of_it_stays_while_it_is_unloaded(engine):
    known, fingerprint = _known(engine), engine.fingerprint
    engine.unload()
    assert (_known(engine), engine.fingerprint) == (known, fingerprint)
    engine.load()
    assert (_known(engine), engine.fingerprint) == (known, fingerprint)


def test_the_fingerprint_can_be_asked_for_first_while_it_is_unloaded(engine, tiny):
    engine.unload()
    other = opened(tiny)
    assert other.fingerprint == engine.fingerprint
    other.close()


def test_it_cannot_speak_while_it_is_unloaded(engine):
    engine.unload()
    with pytest.raises(EngineUnavailableError, match="not loaded"):
        _samples(engine)


def test_unloading_and_loading_twice_do_no_harm(engine):
    engine.unload()
    engine.unload()
    engine.load()
    session = engine._loaded.model.opened.session
    engine.load()
    assert engine._loaded.model.opened.session is session


def test_coming_and_going_leaves_no_threads_and_files_behind(engine):
    process = psutil.Process()

    def held():
        return process.num_threads(), process.num_fds()

    engine.unload()
    unloaded = held()
    for _ in range(20):
        engine.load()
        _samples(engine)
        engine.unload()
    assert held() == unloaded


def test_a_load_that_fails_can_be_tried_again(own):
    engine = opened(own)
    before = _samples(engine)
    engine.unload()
    aside = own.model.rename(own.model.with_suffix(".aside"))
    with pytest.raises(ModelFileError, match="no such file"):
        engine.load()
    with pytest.raises(EngineUnavailableError):
        _samples(engine)
    aside.rename(own.model)
    engine.load()
    assert np.array_equal(before, _samples(engine))
    engine.close()


def test_a_file_that_was_replaced_meanwhile_is_used_as_it_is_now(own, tmp_path):
    engine = opened(own)
    known, fingerprint, before = _known(engine), engine.fingerprint, _samples(engine)
    engine.unload()
    other = write_tiny_model(
        tmp_path / "other", voices=("af_heart",), speed_type="int64", frames_per_token=5, durations=False
    )
    other.model.replace(own.model)
    with capture_logs() as logged:
        engine.load()
    assert [entry["event"] for entry in logged] == ["model_file_changed"]
    assert engine.fingerprint != fingerprint
    assert _known(engine) != known
    assert (engine.rate_range, engine.times_words) == ((1.0, 1.0), False)
    assert len(_samples(engine)) > len(before)
    engine.close()


def test_voices_that_are_dropped_meanwhile_are_spoken_after_it_is_loaded(own, tmp_path):
    folder = tmp_path / "more"
    folder.mkdir()
    engine = opened(own, extra_voices=str(folder))
    engine.unload()
    fingerprint = engine.fingerprint
    table = np.full((510, 1, 256), 0.25, np.float32)
    file = folder / "xx_new.bin"
    file.write_bytes(table.tobytes())
    os.utime(file, (0, 0))
    for _ in range(2):
        engine.rescan_voices()
    assert engine.find_voice("xx_new") is not None
    assert engine.fingerprint != fingerprint
    engine.load()
    spoken = engine.infer(segment(*WORDS, voice="xx_new"), Cancellation()).samples
    assert np.abs(spoken).max() == pytest.approx(0.5, abs=1e-4)
    engine.close()


def _with_ballast(tiny: TinyKokoro, megabytes: int) -> None:
    """Give the model weights that it reads for every run, and that change nothing."""
    model = onnx.load(tiny.model)
    graph, node = model.graph, helper.make_node
    ballast = np.random.default_rng(7).standard_normal((megabytes * 1024, 256)).astype(np.float32)
    graph.initializer.append(numpy_helper.from_array(ballast, "ballast"))
    [sound] = [each for each in graph.node if "quick_frames" in each.output]
    sound.output[0] = "light_frames"
    place = list(graph.node).index(sound) + 1
    heavy = [
        node("Transpose", ["style"], ["style_column"]),
        node("MatMul", ["ballast", "style_column"], ["heavy"]),
        node("ReduceSum", ["heavy"], ["heavy_sum"], keepdims=0),
        node("Mul", ["heavy_sum", "quietest"], ["nothing_of_it"]),
        node("Add", ["light_frames", "nothing_of_it"], ["quick_frames"]),
    ]
    for each in reversed(heavy):
        graph.node.insert(place, each)
    onnx.save(model, tiny.model)


_LIFE = """
import sys

import onnxruntime
from koe.cancellation import Cancellation
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.memory import give_back, keep_little, resident_bytes
from koe.stages import EngineRuntime
from koe.types import PhonemeSegment, PhonemeWord, VoiceMix

keep_little()
small, large, voices = sys.argv[1:]


def life(model):
    # The memory with the model, and after it was unloaded.
    engine = KokoroEngine(KokoroConfig(model=model, voices=voices))
    engine.open(EngineRuntime(threads=2))
    for count in (1, 50):
        words = (PhonemeWord("hello", "həlˈO", " "),) * count
        engine.infer(PhonemeSegment("", words, VoiceMix.of("af_heart"), "en-US"), Cancellation())
    loaded = resident_bytes()
    engine.unload()
    give_back()
    return loaded, resident_bytes()


_, before = life(small)
for _ in range(2):
    print(before, *life(large))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory as Linux tells it")
def test_the_memory_of_a_large_model_is_given_back(tmp_path):
    """128 MB of weights, in a process that has nothing else to keep or to free but ONNX Runtime itself."""
    small = write_tiny_model(tmp_path / "small", voices=("af_heart",))
    large = write_tiny_model(tmp_path / "large", voices=("af_heart",))
    _with_ballast(large, 128)
    command = [sys.executable, "-c", _LIFE, str(small.model), str(large.model), str(large.voices)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lives = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(lives) == 2
    for before, loaded, after in lives:
        assert loaded - before > 128_000_000
        assert after < 1.1 * before, lives
