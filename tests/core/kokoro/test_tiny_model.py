from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from koe.testing import tiny_model
from koe.testing.tiny_model import (
    TinyKokoro,
    frames,
    spoken_tokens,
    voice_level,
    voice_table,
    write_tiny_model,
)
from numpy.typing import NDArray

TOKENS = [0, 43, 44, 44, 177, 1, 16, 0]


def run(
    tiny: TinyKokoro, tokens: Sequence[int] = TOKENS, speed: float = 1.0, voice: str = "af_heart"
) -> dict[str, NDArray[Any]]:
    session = onnxruntime.InferenceSession(tiny.model, providers=["CPUExecutionProvider"])
    first, style, rate = session.get_inputs()
    types = {"tensor(float)": "f4", "tensor(float16)": "f2", "tensor(double)": "f8"}
    feeds = {
        first.name: np.array([tokens]),
        style.name: voice_table(voice)[len(tokens) - 3],
        rate.name: np.array([speed], types.get(rate.type, rate.type[7:-1])),
    }
    return dict(zip((output.name for output in session.get_outputs()), session.run(None, feeds), strict=True))


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.3, 2.0])
@pytest.mark.parametrize("frames_per_token", [2, 3, 6])
def test_durations_follow_the_documented_formula(tmp_path, speed, frames_per_token):
    tiny = write_tiny_model(tmp_path, frames_per_token=frames_per_token, voices=())
    made = run(tiny, speed=speed)
    assert made["duration"].tolist() == [
        frames(token, speed, frames_per_token=frames_per_token) for token in TOKENS
    ]
    assert made["audio"].shape == (600 * made["duration"].sum(),)


def test_the_tokens_can_be_heard(tiny):
    assert spoken_tokens(run(tiny)["audio"]) == TOKENS


def test_every_id_of_the_vocabulary_can_be_told_from_the_others(tiny):
    tokens = [0, *range(1, 178), 0]
    assert spoken_tokens(run(tiny, tokens)["audio"]) == tokens


def test_the_tone_joins_without_a_step(tiny):
    """The largest step between samples is that of the highest tone itself."""
    audio = run(tiny)["audio"]
    highest = 2 * np.pi * (177 + 5) / 600 * np.abs(audio).max()
    assert np.abs(np.diff(audio)).max() <= highest


@pytest.mark.parametrize("voice", ["af_heart", "am_onyx"])
def test_the_amplitude_tells_voice_and_row(tiny, voice):
    peak = np.abs(run(tiny, voice=voice)["audio"]).max()
    assert peak == pytest.approx(voice_level(voice) + (len(TOKENS) - 3) / 10_000, abs=1e-5)


def test_the_levels_of_all_voices_differ():
    assert len({round(voice_level(name), 3) for name in tiny_model.VOICES}) == len(tiny_model.VOICES)


@pytest.mark.parametrize("speed_type", ["float32", "float16", "float64", "int32", "int64"])
def test_every_type_of_speed_speaks_the_same(tmp_path, tiny, speed_type):
    other = write_tiny_model(tmp_path, speed_type=speed_type, voices=())
    np.testing.assert_array_equal(run(other)["audio"], run(tiny)["audio"])


def test_the_newer_signature_differs_in_names_and_rank_only(tmp_path, tiny):
    newer = write_tiny_model(tmp_path, tokens_input="input_ids", durations=False, voices=())
    made = run(newer)
    assert made.keys() == {"waveform"}
    np.testing.assert_array_equal(made["waveform"], run(tiny)["audio"][None, :])


def test_slow_work_leaves_the_sound_as_it_was(tmp_path, tiny):
    slow = write_tiny_model(tmp_path, slow=3, voices=())
    np.testing.assert_array_equal(run(slow)["audio"], run(tiny)["audio"])


def test_onnx_communitys_layout_has_a_file_for_every_voice(tmp_path):
    tiny = write_tiny_model(tmp_path, layout="onnx-community", voices=("af_heart", "am_onyx"))
    assert tiny.model == tmp_path / "onnx" / "model.onnx"
    assert {file.name: file.stat().st_size for file in tiny.voices.iterdir()} == {
        "af_heart.bin": 522_240,
        "am_onyx.bin": 522_240,
    }
