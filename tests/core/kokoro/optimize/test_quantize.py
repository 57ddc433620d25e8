import numpy as np
import pytest
from koe.kokoro.optimize.graph import Graph
from koe.kokoro.optimize.parity import compare
from koe.kokoro.optimize.quantize import Range, measure_ranges, quantizable, quantize
from koe.kokoro.optimize.rewrite import rewrite
from koe.kokoro.optimize.trials import NOISE, Speaker, trials
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voices import load_voices
from koe.testing.tiny_vocoder import QUANTIZABLE


@pytest.fixture(scope="module")
def spoken(vocoder):
    return trials("calibrate", load_vocabulary({}, vocoder.model, None), load_voices(vocoder.voices), 0)[:2]


def found(model):
    graph = Graph.parse(model)
    return graph, quantizable(graph, graph.upstream(*NOISE))


def test_the_vocoders_and_the_decoders_convolutions_are_quantized_and_the_pitch_predictors_not(folded):
    _, kinds = found(folded)
    assert {kind: len(nodes) for kind, nodes in kinds.items()} == {"8x3": 3, "8x7": 2}
    assert sum(map(len, kinds.values())) == QUANTIZABLE
    assert not any("F0" in node.name for nodes in kinds.values() for node in nodes)


@pytest.mark.parametrize(
    ("limits", "scale", "zero"),
    [(Range(-1.0, 1.55), 0.01, 100), (Range(0.0, 2.55), 0.01, 0), (Range(-2.55, 0.0), 0.01, 255)],
)
def test_scale_and_zero_point_cover_the_range_with_zero_exact(limits, scale, zero):
    assert (limits.scale, limits.zero_point) == (pytest.approx(scale), zero)


def test_a_tensor_that_is_always_zero_has_a_scale():
    assert Range(0.0, 0.0).scale > 0


def measured(vocoder, model, spoken):
    graph, kinds = found(model)
    nodes = [node for each in kinds.values() for node in each]
    values = [value for node in nodes for value in (node.input[0], node.output[0])]
    speaker = Speaker(vocoder.model, 1)
    run = lambda model, outputs: speaker.values(model, outputs, spoken)  # noqa: E731
    return graph, nodes, measure_ranges(model, values, run)


def test_ranges_hold_all_that_was_seen(vocoder, folded, spoken):
    _, _, every = measured(vocoder, folded, spoken)
    _, _, first = measured(vocoder, folded, spoken[:1])
    assert all(limits.low <= 0 <= limits.high and limits.low < limits.high for limits in every.values())
    assert all(every[v].low <= first[v].low and every[v].high >= first[v].high for v in every)
    assert every != first


@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (7, 63)])
def test_weights_use_the_bits_they_may(vocoder, folded, spoken, bits, largest):
    graph, nodes, ranges = measured(vocoder, folded, spoken)
    assert quantize(graph, nodes, ranges, bits) == QUANTIZABLE
    steps = [t.name for t in graph.model.graph.initializer if t.name.endswith("/weight/steps")]
    assert len(steps) == QUANTIZABLE
    for name in steps:
        values = graph.constant(name)
        assert values.dtype == np.int8
        assert np.abs(values.astype(int)).reshape(len(values), -1).max(axis=1).tolist() == [largest] * len(
            values
        )


def test_the_quantized_model_runs_on_integer_kernels(vocoder, folded, spoken, tmp_path):
    import onnx
    import onnxruntime

    graph, nodes, ranges = measured(vocoder, folded, spoken)
    quantize(graph, nodes, ranges, 8)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "as-run.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(graph.serialize(), options, providers=["CPUExecutionProvider"])
    ran = [node.op_type for node in onnx.load(tmp_path / "as-run.onnx").graph.node]
    assert ran.count("QLinearConv") == QUANTIZABLE


def test_an_addition_before_the_rounding_goes_into_the_zero_point(vocoder, folded, spoken):
    """The 1 of the folded Snake costs nothing, and changes nothing."""
    rewritten, _ = rewrite(folded)
    graph, nodes, ranges = measured(vocoder, rewritten, spoken)
    before = list(Speaker(vocoder.model, 1).speak(rewritten, spoken, 0))
    quantize(graph, nodes, ranges, 8)
    adds = {value for node in graph.of_type("Add") for value in node.input}
    assert "koe/one" not in adds
    after = list(Speaker(vocoder.model, 1).speak(graph.serialize(), spoken, 0))
    for ours, theirs in zip(before, after, strict=True):
        assert compare(ours.samples, theirs.samples, ours.frames, theirs.frames).log_spectral_db < 0.6
