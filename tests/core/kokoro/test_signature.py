from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from koe.errors import ModelFileError
from koe.kokoro.signature import Signature

MODEL = Path("folder/model.onnx")


def node(name: str, kind: str, *shape: int | str) -> SimpleNamespace:
    return SimpleNamespace(name=name, type=f"tensor({kind})", shape=list(shape))


TOKENS = node("tokens", "int64", 1, "n")
STYLE = node("style", "float", 1, 256)
SPEED = node("speed", "float", 1)
AUDIO = node("audio", "float", "samples")
INPUTS = (TOKENS, STYLE, SPEED)


def test_the_first_release_has_tokens_and_audio():
    signature = Signature.of(INPUTS, [AUDIO], MODEL)
    assert (signature.tokens, signature.outputs, signature.duration) == ("tokens", ["audio"], None)
    assert signature.continuous_speed


def test_newer_exports_have_input_ids_waveform_and_durations():
    inputs = (node("input_ids", "int64", 1, "n"), STYLE, SPEED)
    outputs = (node("waveform", "float", 1, "samples"), node("duration", "int64", "n"))
    signature = Signature.of(inputs, outputs, MODEL)
    assert (signature.tokens, signature.outputs) == ("input_ids", ["waveform", "duration"])


def test_inputs_may_come_in_any_order():
    assert Signature.of(INPUTS[::-1], [AUDIO], MODEL) == Signature.of(INPUTS, [AUDIO], MODEL)


@pytest.mark.parametrize(
    ("kind", "dtype", "continuous"),
    [
        ("float", np.float32, True),
        ("float16", np.float16, True),
        ("double", np.float64, True),
        ("int32", np.int32, False),
        ("int64", np.int64, False),
    ],
)
def test_the_type_of_speed_decides_whether_it_is_continuous(kind, dtype, continuous):
    signature = Signature.of((TOKENS, STYLE, node("speed", kind, 1)), [AUDIO], MODEL)
    assert (signature.speed_type, signature.continuous_speed) == (np.dtype(dtype), continuous)


def test_speed_may_be_a_scalar():
    assert Signature.of((TOKENS, STYLE, node("speed", "float")), [AUDIO], MODEL).speed_shape == ()


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ((), ()),
        ((TOKENS, STYLE), (AUDIO,)),
        ((*INPUTS, node("emotion", "float", 1)), (AUDIO,)),
        ((node("text", "int64", 1, "n"), STYLE, SPEED), (AUDIO,)),
        ((node("tokens", "int32", 1, "n"), STYLE, SPEED), (AUDIO,)),
        ((node("tokens", "int64", 1, 512), STYLE, SPEED), (AUDIO,)),
        ((node("tokens", "int64", "n"), STYLE, SPEED), (AUDIO,)),
        ((TOKENS, node("style", "float", 1, 128), SPEED), (AUDIO,)),
        ((TOKENS, node("style", "float", 256), SPEED), (AUDIO,)),
        ((TOKENS, node("style", "int64", 1, 256), SPEED), (AUDIO,)),
        ((TOKENS, STYLE, node("speed", "string", 1)), (AUDIO,)),
        ((TOKENS, STYLE, node("speed", "float", 1, 1)), (AUDIO,)),
        (INPUTS, (node("logits", "float", "n"),)),
        (INPUTS, (node("audio", "int64", "samples"),)),
        (INPUTS, (AUDIO, node("duration", "string", "n"))),
    ],
)
def test_anything_else_is_an_error_that_names_file_expected_and_found(inputs, outputs):
    with pytest.raises(ModelFileError) as caught:
        Signature.of(inputs, outputs, MODEL)
    message = str(caught.value)
    assert str(MODEL) in message
    assert "expected inputs tokens or input_ids" in message
    assert all(each.name in message for each in (*inputs, *outputs))
