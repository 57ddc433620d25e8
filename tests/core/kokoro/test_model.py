"""What the engine's own tests do not reach: how a run is fed and what its failures say."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from koe.cancellation import Cancellation
from koe.errors import KoeError
from koe.kokoro.model import Model, Spoken
from koe.kokoro.session import OpenedSession
from koe.kokoro.signature import Signature
from koe.stages import EngineRuntime
from koe.testing.tiny_model import voice_table
from numpy.typing import NDArray

STYLE = voice_table("af_heart")[0]


@pytest.fixture
def model(tiny):
    return Model.open(tiny.model, EngineRuntime(threads=1))


def run_with(model: Model, outputs: list[NDArray[Any]], duration: str | None = None) -> Spoken:
    """The model's handling of outputs that a session might give."""
    session = SimpleNamespace(run=lambda *_: outputs)
    changed = Signature("tokens", np.dtype("f4"), np.dtype("f4"), (1,), "audio", duration)
    fake = Model(model.path, OpenedSession(session, "CPUExecutionProvider", 1), changed)
    return fake.run([5, 6], STYLE, 1.0, Cancellation())


def test_pads_surround_the_tokens(model):
    assert len(model.run([5, 6], STYLE, 1.0, Cancellation()).frames) == 4


def test_float_durations_count_as_frames(model):
    audio = np.zeros(600 * 10, np.float32)
    spoken = run_with(model, [audio, np.array([[1.0, 2.0, 3.0, 4.0]], np.float32)], duration="durations")
    assert spoken.frames is not None
    assert spoken.frames.tolist() == [1, 2, 3, 4]


def test_audio_in_half_precision_becomes_float32(model):
    spoken = run_with(model, [np.ones((1, 1200), np.float16)])
    assert (str(spoken.samples.dtype), spoken.samples.shape) == ("float32", (1200,))


@pytest.mark.parametrize("durations", [[1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, 3]])
def test_durations_that_do_not_fit_are_an_error_with_expected_and_found(model, durations):
    with pytest.raises(KoeError, match=r"expected 4 of them with 10 frames in all, found \d with \d+"):
        run_with(model, [np.zeros(6000, np.float32), np.array(durations)], duration="duration")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_an_error(model, value):
    audio = np.zeros(600, np.float32)
    audio[7] = value
    with pytest.raises(KoeError, match="NaN or infinite samples for 2 symbols"):
        run_with(model, [audio])


def test_a_run_that_fails_is_an_error_and_not_a_cancellation(model):
    with pytest.raises(KoeError, match="ONNX Runtime failed on 2 symbols.*style") as caught:
        model.run([5, 6], np.zeros((1, 7), np.float32), 1.0, Cancellation())
    assert caught.type is KoeError


def test_long_runs_give_their_working_memory_back(model):
    """The arena otherwise keeps the peak of the longest segment for good; the result is the same."""
    long = model.run([5] * 300, STYLE, 1.0, Cancellation())
    assert len(long.samples) == int(long.frames.sum()) * 600
