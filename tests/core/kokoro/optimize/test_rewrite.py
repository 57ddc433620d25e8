import numpy as np
import onnx
import pytest
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimize.rewrite import REWRITES, rewrite
from koe.kokoro.optimize.trials import NOISE, Speaker, trials
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voices import load_voices
from koe.testing.tiny_vocoder import CONVOLUTIONS
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture(scope="module")
def spoken(vocoder):
    return trials("compare", load_vocabulary({}, vocoder.model, None), load_voices(vocoder.voices), 0)[:3]


def speak(vocoder, model, spoken):
    return list(Speaker(vocoder.model, 1).speak(model, spoken, 0))


@pytest.mark.parametrize("names", [("adain",), ("adain", "snake"), ("conv2d",), tuple(REWRITES)])
def test_a_rewritten_model_says_the_same_to_rounding(vocoder, folded, spoken, names):
    rewritten, applied = rewrite(folded, names)
    assert all(applied.values())
    for ours, theirs in zip(speak(vocoder, folded, spoken), speak(vocoder, rewritten, spoken), strict=True):
        np.testing.assert_array_equal(ours.frames, theirs.frames)
        np.testing.assert_allclose(ours.samples, theirs.samples, atol=2e-5)


def test_every_block_but_the_pitch_predictors_is_rewritten(folded):
    assert rewrite(folded)[1] == {"adain": 5, "snake": 4, "conv2d": CONVOLUTIONS - 1}


def test_what_the_noise_is_drawn_for_stays_bit_for_bit(folded):
    """The sine source adds pitch up to phases, so that a rounding there does not stay small."""
    before, after = Graph.parse(folded), Graph.parse(rewrite(folded)[0])
    values = before.upstream(*NOISE)
    assert values == after.upstream(*NOISE)
    for value in values:
        assert before.producers[value] == after.producers[value]


def test_a_second_time_changes_nothing(folded):
    once, _ = rewrite(folded)
    again, applied = rewrite(once)
    assert (again, set(applied.values())) == (once, {0})


def model_of(nodes, constants, inputs=("x",)):
    graph = helper.make_graph(
        nodes,
        "unknown",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8, "n"]) for name in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


NORMAL = {"scale": np.ones(8, np.float32), "bias": np.zeros(8, np.float32)}
UNKNOWN = {
    "a normalization that somebody else uses, too": model_of(
        [
            helper.make_node("InstanceNormalization", ["x", "scale", "bias"], ["n"]),
            helper.make_node("Mul", ["n", "n"], ["m"]),
            helper.make_node("Add", ["m", "n"], ["y"]),
        ],
        NORMAL,
    ),
    "a scale that comes from no style": model_of(
        [
            helper.make_node("InstanceNormalization", ["x", "scale", "bias"], ["n"]),
            helper.make_node("Mul", ["n", "g"], ["m"]),
            helper.make_node("Add", ["m", "x"], ["y"]),
        ],
        NORMAL,
        ("x", "g"),
    ),
    "a convolution whose weights are computed": model_of(
        [helper.make_node("Conv", ["x", "w"], ["y"])], {}, ("x", "w")
    ),
    "a convolution of few channels": model_of(
        [helper.make_node("Conv", ["x", "w"], ["y"])], {"w": np.ones((2, 8, 3), np.float32)}
    ),
    "a sine without a Snake": model_of(
        [helper.make_node("Sin", ["x"], ["s"]), helper.make_node("Add", ["x", "s"], ["y"])], {}
    ),
}


@pytest.mark.parametrize("model", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_left_alone(model):
    rewritten, applied = rewrite(model.SerializeToString())
    assert set(applied.values()) == {0}
    assert list(onnx.load_model_from_string(rewritten).graph.node) == list(model.graph.node)


def test_what_no_output_needs_goes_and_the_rest_is_in_order(folded):
    graph = Graph.parse(folded)
    graph.add([helper.make_node("Sin", ["speed"], ["nobody"])])
    graph.add_constant("useless", np.zeros(3, np.float32))
    graph.prune()
    assert "nobody" not in graph.producers
    assert "useless" not in [tensor.name for tensor in graph.model.graph.initializer]
    onnx.checker.check_model(graph.model)
