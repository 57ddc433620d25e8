"""A model with Kokoro's signature, small enough to be made in a test and exact enough to predict.

What the graph does (`n` tokens with the pads, all of it in the graph):

- **Durations.** A token lasts `max(1, round(b / speed))` frames, `b = frames_per_token - 1 + id % 3`,
  rounded half to even. A frame is 600 samples at 24 kHz, 25 ms. `frames()` says the same in Python.
- **Sound.** Each frame of token `id` is a sine of `40 * (id + 5)` Hz, which is a whole number of cycles: the
  spectrum of one frame has its peak in bin `id + 5`, and frames join without a step. Pads (`id` 0) are
  silent. `spoken_tokens()` reads the tokens back from the samples.
- **Loudness.** The amplitude is `style[0] + style[1]`, held within 0 and 1. The voices made here have
  `voice_level(name)` in `style[0]` and `row / 10000` in `style[1]`, so that a voice, a mix and the row that
  was picked can all be told from the peak.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from attrs import frozen
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from koe.testing.tiny_vocoder import add_vocoder

SAMPLE_RATE = 24_000
FRAME_SAMPLES = 600
ROWS = 510
FIRST_BIN = 5
VOICES = (
    "af_heart", "af_alloy", "af_bella", "af_kore", "af_nova", "af_sarah", "af_sky",
    "am_echo", "am_fenrir", "am_michael", "am_onyx", "am_puck",
    "bf_emma", "bm_fable", "bm_george",
    "ef_dora", "ff_siwis", "hf_alpha", "if_sara", "jf_alpha", "pf_dora", "zf_xiaobei",
)  # fmt: skip
"""Released voices: one of every language, and all that OpenAI's names stand for."""

SpeedType = Literal["float32", "float16", "float64", "int32", "int64"]
Layout = Literal["kokoro-onnx", "onnx-community"]
_SPEED_TYPES: dict[SpeedType, int] = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
}


@frozen
class TinyKokoro:
    """Where the files lie.

    Attributes:
        dir: the folder that the layout starts in, for `dir` in the engine's configuration.
        model: the ONNX file.
        voices: the npz file, or the folder of `*.bin`.
    """

    dir: Path
    model: Path
    voices: Path


def write_tiny_model(
    folder: Path,
    *,
    tokens_input: Literal["tokens", "input_ids"] = "tokens",
    speed_type: SpeedType = "float32",
    durations: bool = True,
    frames_per_token: int = 3,
    layout: Layout = "kokoro-onnx",
    voices: Iterable[str] = VOICES,
    vocabulary: Mapping[str, int] | None = None,
    slow: int = 0,
    vocoder: bool = False,
) -> TinyKokoro:
    """Write model and voices into `folder`, named and laid out like a release.

    Args:
        folder: made where it is missing.
        tokens_input: with `tokens` the audio is called `audio` and has shape `(samples,)`; with
            `input_ids` it is called `waveform` and has shape `(1, samples)`.
        speed_type: of the `speed` input.
        durations: whether there is a `duration` output, int64 of shape `(n,)`.
        frames_per_token: the mean over token ids, at least 2.
        layout: `kokoro-onnx`: `kokoro-v1.0.onnx` and `voices-v1.0.bin`; `onnx-community`:
            `onnx/model.onnx` and `voices/*.bin`.
        voices: their names.
        vocabulary: carried in the model's `kokoro_config` metadata, as newer exports do.
        slow: rounds of useless work per token (a 384 x 384 matrix product each, about 0.3 ms on one core of
            2024), for tests that interrupt a run.
        vocoder: whether the sound goes through small blocks built like those of Kokoro's decoder, with noise,
            for tests that rewrite and quantize; the tokens cannot be heard in it any more.
    """
    graph = _graph(tokens_input, speed_type, frames_per_token, durations=durations, slow=slow)
    if vocoder:
        add_vocoder(graph, FRAME_SAMPLES)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if vocabulary is not None:
        helper.set_model_props(model, {"kokoro_config": json.dumps({"vocab": dict(vocabulary)})})
    onnx.checker.check_model(model)
    files = _paths(folder, layout)
    files.model.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, files.model)
    write_voices = write_voices_npz if layout == "kokoro-onnx" else write_voices_folder
    write_voices(files.voices, voices)
    return files


def write_voices_npz(path: Path, names: Iterable[str] = VOICES) -> Path:
    """Write an npz archive, name to float32 of shape `(510, 1, 256)`, whatever the suffix of `path`."""
    with path.open("wb") as file:
        np.savez_compressed(file, **{name: voice_table(name) for name in names})  # type: ignore[arg-type]
    return path


def write_voices_folder(folder: Path, names: Iterable[str] = VOICES) -> Path:
    """Write `<name>.bin` files of raw float32, 510 x 1 x 256."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.bin").write_bytes(voice_table(name).tobytes())
    return folder


def voice_level(name: str) -> float:
    """The amplitude that distinguishes a voice, 0.2 to 0.7."""
    return 0.2 + 0.5 * (zlib.crc32(name.encode()) % 997) / 997


def voice_table(name: str) -> NDArray[np.float32]:
    """The voice's styles, shape `(510, 1, 256)`."""
    table = np.zeros((ROWS, 1, 256), np.float32)
    table[:, 0, 0] = voice_level(name)
    table[:, 0, 1] = np.arange(ROWS) / 10_000
    return table


def frames(token: int, speed: float = 1.0, *, frames_per_token: int = 3) -> int:
    """How many frames the model speaks `token` for."""
    base = frames_per_token - 1 + token % 3
    return max(1, int(np.round(np.float32(base) / np.float32(speed))))


def spoken_tokens(samples: NDArray[np.float32], *, frames_per_token: int = 3) -> list[int]:
    """The token ids heard in audio made at speed 1 and 24 kHz, in order, silent frames as 0.

    Neighbours with one id are told apart by their length.
    """
    tokens: list[int] = []
    for token, group in groupby(_frame_tokens(samples)):
        tokens += [token] * max(1, round(len(list(group)) / frames(token, frames_per_token=frames_per_token)))
    return tokens


def _frame_tokens(samples: NDArray[np.float32]) -> Sequence[int]:
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    peaks = np.abs(np.fft.rfft(whole, axis=1)).argmax(axis=1)
    silent = np.abs(whole).max(axis=1, initial=0) < 1e-4
    return [0 if quiet else int(peak) - FIRST_BIN for quiet, peak in zip(silent, peaks, strict=True)]


def _paths(folder: Path, layout: Layout) -> TinyKokoro:
    if layout == "kokoro-onnx":
        return TinyKokoro(folder, folder / "kokoro-v1.0.onnx", folder / "voices-v1.0.bin")
    return TinyKokoro(folder, folder / "onnx" / "model.onnx", folder / "voices")


def _graph(
    tokens_input: str, speed_type: SpeedType, frames_per_token: int, *, durations: bool, slow: int
) -> onnx.GraphProto:
    batched = tokens_input == "input_ids"
    audio = "waveform" if batched else "audio"
    shape: list[str | int | None] = [1, "samples"] if batched else ["samples"]
    outputs = [helper.make_tensor_value_info(audio, TensorProto.FLOAT, shape)]
    if durations:
        outputs.append(helper.make_tensor_value_info("duration", TensorProto.INT64, ["n"]))
    return helper.make_graph(
        [*_duration_nodes(tokens_input), *_sound_nodes(), *_slow_nodes(slow), *_output_nodes(audio)],
        "tiny-kokoro",
        [
            helper.make_tensor_value_info(tokens_input, TensorProto.INT64, [1, "n"]),
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
            helper.make_tensor_value_info("speed", _SPEED_TYPES[speed_type], [1]),
        ],
        outputs,
        _constants(frames_per_token, [1, -1] if batched else [-1]),
    )


def _constants(frames_per_token: int, audio_shape: list[int]) -> list[TensorProto]:
    radians = 2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES
    values: dict[str, NDArray[np.generic]] = {
        "flat": np.array([-1], np.int64),
        "column": np.array([-1, 1], np.int64),
        "audio_shape": np.array(audio_shape, np.int64),
        "axis_0": np.array(0, np.int64),
        "axis_1": np.array([1], np.int64),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "three": np.array(3, np.int64),
        "last": np.array(-1, np.int64),
        "first_bin": np.array(FIRST_BIN, np.int64),
        "shortest": np.array(frames_per_token - 1, np.int64),
        "level_at": np.array([0], np.int64),
        "level_end": np.array([2], np.int64),
        "quietest": np.array(0.0, np.float32),
        "loudest": np.array(1.0, np.float32),
        "radians": radians.astype(np.float32)[None, :],
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]


def _duration_nodes(tokens_input: str) -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Reshape", [tokens_input, "flat"], ["ids"]),
        node("Cast", ["speed"], ["rate"], to=TensorProto.FLOAT),
        node("Mod", ["ids", "three"], ["more"]),
        node("Add", ["more", "shortest"], ["base"]),
        node("Cast", ["base"], ["base_float"], to=TensorProto.FLOAT),
        node("Div", ["base_float", "rate"], ["scaled"]),
        node("Round", ["scaled"], ["rounded"]),
        node("Cast", ["rounded"], ["rounded_int"], to=TensorProto.INT64),
        node("Max", ["rounded_int", "one"], ["duration"]),
    ]


def _sound_nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("CumSum", ["duration", "axis_0"], ["ends"]),
        node("Gather", ["ends", "last"], ["total"]),
        node("Range", ["zero", "total", "one"], ["frame"]),
        node("Reshape", ["frame", "column"], ["frame_column"]),
        node("GreaterOrEqual", ["frame_column", "ends"], ["past"]),
        node("Cast", ["past"], ["past_int"], to=TensorProto.INT64),
        node("ReduceSum", ["past_int", "axis_1"], ["token_at"], keepdims=0),
        node("Gather", ["ids", "token_at"], ["frame_ids"]),
        node("Add", ["frame_ids", "first_bin"], ["bins"]),
        node("Cast", ["bins"], ["bins_float"], to=TensorProto.FLOAT),
        node("Reshape", ["bins_float", "column"], ["bins_column"]),
        node("Mul", ["bins_column", "radians"], ["phase"]),
        node("Sin", ["phase"], ["sines"]),
        node("Min", ["frame_ids", "one"], ["sounding"]),
        node("Cast", ["sounding"], ["sounding_float"], to=TensorProto.FLOAT),
        node("Reshape", ["sounding_float", "column"], ["gate"]),
        node("Slice", ["style", "level_at", "level_end", "axis_1"], ["levels"]),
        node("ReduceSum", ["levels", "axis_1"], ["level"], keepdims=1),
        node("Clip", ["level", "quietest", "loudest"], ["amplitude"]),
        node("Mul", ["sines", "gate"], ["gated"]),
        node("Mul", ["gated", "amplitude"], ["quick_frames"]),
    ]


def _slow_nodes(rounds: int) -> list[onnx.NodeProto]:
    """A loop over `rounds` matrix products per token, whose result leaves the sound as it was."""
    node = helper.make_node
    if not rounds:
        return [node("Identity", ["quick_frames"], ["frames"])]
    constants = {
        "rounds": np.array(rounds, np.int64),
        "always": np.array(1, np.bool_),
        "square": np.array([384, 384], np.int64),
    }
    filled = numpy_helper.from_array(np.array([0.01], np.float32))
    return [
        *(node("Constant", [], [name], value=numpy_helper.from_array(v)) for name, v in constants.items()),
        node("ConstantOfShape", ["square"], ["start"], value=filled),
        node("Size", ["ids"], ["count"]),
        node("Mul", ["count", "rounds"], ["trips"]),
        node("Loop", ["trips", "always", "start"], ["worked"], body=_slow_body()),
        node("ReduceMean", ["worked"], ["mean"], keepdims=0),
        node("Mul", ["mean", "quietest"], ["nothing"]),
        node("Add", ["quick_frames", "nothing"], ["frames"]),
    ]


def _slow_body() -> onnx.GraphProto:
    node, value = helper.make_node, helper.make_tensor_value_info
    square = [384, 384]
    return helper.make_graph(
        [
            node("MatMul", ["state", "state"], ["product"]),
            node("Tanh", ["product"], ["state_out"]),
            node("Identity", ["condition"], ["condition_out"]),
        ],
        "slow-round",
        [
            value("trip", TensorProto.INT64, []),
            value("condition", TensorProto.BOOL, []),
            value("state", TensorProto.FLOAT, square),
        ],
        [
            value("condition_out", TensorProto.BOOL, []),
            value("state_out", TensorProto.FLOAT, square),
        ],
    )


def _output_nodes(audio: str) -> list[onnx.NodeProto]:
    return [helper.make_node("Reshape", ["frames", "audio_shape"], [audio])]
