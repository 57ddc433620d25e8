import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from koe.errors import ModelFileError
from koe.kokoro.config import ParityLimits
from koe.kokoro.files import ModelFiles
from koe.kokoro.optimize import steps, storage
from koe.kokoro.optimize.gate import Gate
from koe.kokoro.optimize.optimizer import STEPS, optimize
from koe.kokoro.optimize.quantize import Range, measure_ranges
from koe.kokoro.optimize.trials import Speaker, pinned, trials
from koe.kokoro.optimized import check_optimized, read_origin
from koe.kokoro.vocabulary import load_vocabulary
from koe.kokoro.voices import load_voices
from koe.testing.tiny_model import write_tiny_model

from tests.core.kokoro.optimize.conftest import Quiet

PROGRAM = """
import sys
from pathlib import Path
from koe.kokoro.config import ParityLimits
from koe.kokoro.files import ModelFiles
from koe.kokoro.optimize.optimizer import Optimization, optimize

class Lines:
    def begin(self, what):
        print(what, flush=True)

model, voices, out, seed, *steps = sys.argv[1:]
files = ModelFiles(Path(model), Path(voices), None, "fp32")
optimize(Optimization(files, Path(out), ParityLimits(), tuple(steps), int(seed), threads=1), Lines())
"""


def start(vocoder, out, seed=0, steps=STEPS, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, (vocoder.model, vocoder.voices, out, seed)), *steps],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )


def everything(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".lock"}


def test_every_step_is_accepted_on_a_sound_model_and_the_report_says_what_it_changed(wish):
    outcome = optimize(wish(), Quiet())
    assert [(step.name, step.accepted) for step in outcome.steps] == [
        ("rewrite", True),
        ("quantize", True),
        ("serialize", True),
    ]
    rewritten, quantized, _ = (step.changed for step in outcome.steps)
    assert rewritten["log_spectral_db"] < 0.01
    assert 0.01 < quantized["log_spectral_db"] <= ParityLimits().log_spectral_db
    assert (rewritten["frames"], quantized["frames"]) == (0, 0)
    assert outcome.own_variation_db > 0.01
    assert min(outcome.before_rtf, outcome.after_rtf) > 0
    origin = check_optimized(wish().out)
    assert (origin.precision, origin.steps) == ("fp32+int8", outcome.steps)
    assert origin.source.size_bytes == outcome.before_bytes


def test_two_runs_in_two_processes_with_one_seed_write_identical_files(vocoder, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for index, folder in enumerate(folders):
        folder.mkdir()
        running = start(vocoder, folder / "k.optimized.onnx", seed=7, PYTHONHASHSEED=str(index))
        running.communicate(timeout=60)
        assert running.returncode == 0
    assert len(everything(folders[0])) == 3
    assert everything(folders[0]) == everything(folders[1])


def test_a_broken_quantization_is_refused_and_the_rest_kept(wish, monkeypatch):
    def too_narrow(model, values, run):
        return {value: Range(0.0, 0.01) for value in measure_ranges(model, values, run)}

    monkeypatch.setattr(steps, "measure_ranges", too_narrow)
    outcome = optimize(wish(), Quiet())
    verdicts = [(step.name, step.accepted) for step in outcome.steps]
    assert verdicts == [("rewrite", True), ("quantize", False), ("serialize", True)]
    assert "refused: log-spectral distance" in outcome.steps[1].detail
    assert read_origin(wish().out).precision == "fp32"
    ran = {node.op_type for node in onnx.load(wish().out).graph.node}
    assert "DequantizeLinear" not in ran


def test_where_one_kind_does_harm_the_others_are_quantized(wish, monkeypatch):
    """The kernels of 7 get ranges that clip them."""
    progress = Quiet()

    def partly(model, values, run):
        ranges = measure_ranges(model, values, run)
        return {v: Range(0.0, 0.01) if "resblocks.1" in v else limits for v, limits in ranges.items()}

    monkeypatch.setattr(steps, "measure_ranges", partly)
    outcome = optimize(wish(), progress)
    quantized = [step for step in outcome.steps if step.name == "quantize"]
    assert [(step.accepted, step.detail.partition(";")[0]) for step in quantized] == [
        (False, "5 convolutions to int8 (8x3, 8x7)"),
        (True, "3 convolutions to int8 (8x3)"),
    ]
    assert "quantizing one kind alone: 8x7" in progress.begun


def test_limits_that_nothing_meets_leave_the_model_as_it_is(wish, tmp_path):
    strict = ParityLimits(log_spectral_db=1e-9, level_db=1e-9)
    outcome = optimize(wish(limits=strict, steps=("quantize",)), Quiet())
    assert (outcome.out, [step.accepted for step in outcome.steps]) == (None, [False])
    assert everything(tmp_path) == {}


def test_the_steps_can_be_chosen(wish, tmp_path):
    outcome = optimize(wish(steps=("rewrite",)), Quiet())
    assert [step.name for step in outcome.steps] == ["rewrite"]
    assert list(everything(tmp_path)) == ["kokoro-v1.0.optimized.json", "kokoro-v1.0.optimized.onnx"]


def test_a_model_without_kokoros_blocks_is_only_stored_to_load_fast(tmp_path, wish):
    plain = write_tiny_model(tmp_path / "plain")
    outcome = optimize(wish(files=ModelFiles(plain.model, plain.voices, None, "fp32")), Quiet())
    assert [(step.accepted, step.detail.partition(":")[0]) for step in outcome.steps] == [
        (False, "not applicable"),
        (False, "not applicable"),
        (True, "weights in a file of their own"),
    ]
    assert wish().out.is_file()


def test_a_model_that_is_not_in_full_precision_is_refused(wish, tmp_path, vocoder):
    first = wish().out
    optimize(wish(), Quiet())
    merged = tmp_path / "merged.onnx"
    onnx.save(onnx.load(first), merged)
    for model, expected in (
        (first, "koe has optimized already"),
        (merged, "quantized already.*DequantizeLinear"),
    ):
        with pytest.raises(ModelFileError, match=f"full precision.*found.*{expected}.*koe model download"):
            optimize(wish(files=ModelFiles(model, vocoder.voices, None, "x")), Quiet())


def test_half_precision_is_refused(wish, tmp_path, vocoder):
    model = onnx.load(vocoder.model)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(2, np.float16), "half"))
    half = tmp_path / "half.onnx"
    onnx.save(model, half)
    with pytest.raises(ModelFileError, match="weights of 16 bits"):
        optimize(wish(files=ModelFiles(half, vocoder.voices, None, "x")), Quiet())


def test_a_model_of_something_else_is_refused(wish, tmp_path, vocoder):
    model = onnx.load(vocoder.model)
    next(each for each in model.graph.input if each.name == "speed").name = "tempo"
    for node in model.graph.node:
        node.input[:] = ["tempo" if value == "speed" else value for value in node.input]
    other = tmp_path / "other.onnx"
    onnx.save(model, other)
    with pytest.raises(ModelFileError, match="is not a Kokoro model"):
        optimize(wish(files=ModelFiles(other, vocoder.voices, None, "x")), Quiet())


def test_a_file_that_is_no_model_is_refused(wish, tmp_path, vocoder):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"<html>Not found</html>")
    with pytest.raises(ModelFileError, match=r"broken\.onnx"):
        optimize(wish(files=ModelFiles(broken, vocoder.voices, None, "x")), Quiet())


def test_a_full_disk_is_found_before_any_work(wish, monkeypatch, tmp_path):
    progress = Quiet()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(ModelFileError, match=r"too full: [\d,]+ bytes needed, 9 free.*--out"):
        optimize(wish(), progress)
    assert progress.begun == []


def test_two_at_once_on_one_file_are_one_too_many(wish):
    with storage.alone(wish().out), pytest.raises(ModelFileError, match="Another process is making"):
        optimize(wish(), Quiet())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_half_file_and_the_next_one_works(vocoder, wish, tmp_path, how):
    """Interrupted once it has begun to write."""
    out = tmp_path / "k.optimized.onnx"
    running = start(vocoder, out, steps=("serialize",))
    for line in running.stdout:
        if line.startswith("writing"):
            running.send_signal(how)
            break
    running.communicate(timeout=60)
    written = [name for name in everything(tmp_path) if not name.startswith(".")]
    if out.with_suffix(".json").exists():  # it was quicker than the signal
        check_optimized(out)
    else:
        assert all(onnx.load(tmp_path / name) for name in written if name.endswith(".onnx"))
    optimize(wish(out=out, steps=("serialize",)), Quiet())
    check_optimized(out)
    assert len(everything(tmp_path)) == 3


def test_what_fails_while_it_is_written_leaves_nothing_behind(wish, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelFileError, match="could not be written.*No space left"):
        optimize(wish(steps=("serialize",)), Quiet())
    assert everything(tmp_path) == {}


def test_an_earlier_result_is_replaced_as_a_whole(wish, tmp_path):
    optimize(wish(steps=("serialize",)), Quiet())
    before = everything(tmp_path)
    optimize(wish(steps=("rewrite", "serialize"), seed=5), Quiet())
    after = everything(tmp_path)
    assert len(before) == len(after) == 3
    assert before != after
    check_optimized(wish().out)


@pytest.fixture
def gate(vocoder):
    voices = load_voices(vocoder.voices)
    spoken = trials("compare", load_vocabulary({}, vocoder.model, None), voices, 0)[:2]
    return Gate(Speaker(vocoder.model, 1), vocoder.model.read_bytes(), spoken, ParityLimits(), 0)


def test_the_original_passes_its_own_gate_exactly_as_its_noise_is_pinned(gate):
    verdict = gate.judge(gate.original)
    assert verdict.accepted
    assert (verdict.worst.log_spectral_db, verdict.worst.level_db, verdict.worst.frames) == (0, 0, 0)
    assert gate.own_variation_db > 0.01


def test_other_durations_are_refused(gate, tmp_path):
    longer = write_tiny_model(tmp_path, vocoder=True, tokens_input="input_ids", frames_per_token=4)
    verdict = gate.judge(longer.model.read_bytes())
    assert verdict.objections[0].startswith("durations differ by")


def test_without_a_duration_output_lengths_are_compared(tmp_path, vocoder):
    silent = write_tiny_model(tmp_path, vocoder=True, durations=False)
    spoken = trials("compare", load_vocabulary({}, silent.model, None), load_voices(vocoder.voices), 0)[:2]
    gate = Gate(Speaker(silent.model, 1), silent.model.read_bytes(), spoken, ParityLimits(), 0)
    assert gate.judge(gate.original).accepted


def test_pinned_noise_follows_the_seed(vocoder):
    model = vocoder.model.read_bytes()
    assert pinned(model, 1) == pinned(model, 1) != pinned(model, 2)


def test_every_language_is_spoken_by_a_voice_of_its_own(vocoder):
    voices, vocabulary = load_voices(vocoder.voices), load_vocabulary({}, vocoder.model, None)
    for purpose in ("calibrate", "compare"):
        made = trials(purpose, vocabulary, voices, 0)
        assert len({trial.language for trial in made}) == 9
        assert {trial.voice[0] for trial in made} == set("abefhijpz")
    assert trials("compare", vocabulary, voices, 0) != trials("compare", vocabulary, voices, 1)


def test_symbols_that_a_model_does_not_know_are_left_out(vocoder):
    voices, vocabulary = load_voices(vocoder.voices), load_vocabulary({}, vocoder.model, None)
    fewer = {symbol: token for symbol, token in vocabulary.items() if symbol not in "ˈˌə"}
    made = trials("compare", fewer, voices, 0)
    assert all(set(trial.tokens) <= {0, *fewer.values()} for trial in made)
    with pytest.raises(ModelFileError, match="hardly any symbol"):
        trials("compare", {"@": 1}, voices, 0)
