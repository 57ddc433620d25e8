"""`koe model optimize` and `koe model bench`, as they are typed."""

import json
import sys

import pytest
from koe.cli import model
from koe.cli.main import main
from koe.errors import InvalidRequestError, KoeError
from koe.kokoro.catalog import VARIANTS
from koe.kokoro.measured import benchmark_path
from koe.testing.tiny_model import write_tiny_model


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("KOE_MODEL_DIR", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model folder in which the model has been optimized once."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny_model(folder, vocoder=True, frames_per_token=2)
    assert main(["model", "optimize", "--dir", str(folder), "--threads", "1"]) == 0
    return folder


def run(capsys, *tokens):
    capsys.readouterr()
    code = main(["model", *map(str, tokens)])
    return code, *capsys.readouterr()


def test_the_report_names_every_step_speed_size_and_place(tmp_path, capsys):
    tiny = write_tiny_model(tmp_path, vocoder=True, frames_per_token=2)
    code, out, err = run(capsys, "optimize", tiny.model, "--threads", 1, "--seed", 3)
    assert code == 0
    words = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert words[:-1] == ["rewrite", "quantize", "serialize", "own", "speed", "size"]
    assert out.splitlines()[-1] == str(tmp_path / "kokoro-v1.0.optimized.onnx")
    assert "worst: log_spectral_db" in out
    assert "s] rewriting the graph: adain, snake, conv2d" in err


def test_the_report_is_json_on_request_and_the_steps_and_place_can_be_chosen(tmp_path, capsys, folder):
    out_file = tmp_path / "mine.optimized.onnx"
    code, out, _ = run(
        capsys, "optimize", folder / "kokoro-v1.0.onnx", "--steps", "rewrite", "--out", out_file, "--json"
    )
    report = json.loads(out)
    assert (code, report["out"], [step["name"] for step in report["steps"]]) == (
        0,
        str(out_file),
        ["rewrite"],
    )


def test_where_nothing_is_accepted_the_command_fails(folder, capsys, tmp_path):
    limits = ["--set", "plugins.kokoro.parity.log_spectral_db=1e-9"]
    code, out, _ = run(
        capsys,
        "optimize",
        "--dir",
        folder,
        "--steps",
        "quantize",
        "--out",
        tmp_path / "x.optimized.onnx",
        *limits,
    )
    assert code == 1
    assert "refused: log-spectral distance" in out
    assert "nothing was written" in out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--steps", "quantise"], "--steps: expected some of rewrite, quantize, serialize, got 'quantise'"),
        (["--steps", ","], "--steps: expected some of"),
        (["--out", "x.onnx"], "--out: expected a name that ends with .optimized.onnx"),
        (["--out", "/nowhere/x.optimized.onnx"], "--out: the folder /nowhere does not exist"),
        (["--set", "plugins.kokoro.parity.frames=-1"], "plugins.kokoro.parity.frames"),
    ],
)
def test_wrong_options_are_answered_with_what_was_expected(folder, capsys, options, complaint):
    code, _, err = run(capsys, "optimize", "--dir", folder, *options)
    assert code == 2
    assert complaint in err


def test_without_onnx_the_command_says_how_to_get_it(folder, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("onnx.", "koe.kokoro.optimize"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, err = run(capsys, "optimize", "--dir", folder)
    assert code == 1
    assert "pip install 'koe[optimize]'" in err


def test_path_list_and_verify_know_the_optimized_model(folder, capsys):
    optimized = folder / "kokoro-v1.0.optimized.onnx"
    assert run(capsys, "path", "--dir", folder)[1].splitlines()[0] == str(optimized)
    assert run(capsys, "path", "--dir", folder, "--variant", "fp32")[1].splitlines()[0].endswith("v1.0.onnx")
    assert str(optimized) in run(capsys, "list", "--dir", folder)[1]
    rows = {row["variant"]: row for row in json.loads(run(capsys, "list", "--dir", folder, "--json")[1])}
    assert rows["optimized"]["files"]["model"] == str(optimized)
    assert (rows["optimized-zh"]["downloaded"], rows["optimized-zh"]["made_of"]) == (False, "zh")
    code, out, _ = run(capsys, "verify", "--dir", folder, "--variant", "optimized")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["ok", "ok"])


def test_verify_of_an_optimized_model_that_is_not_there_fails(tmp_path, capsys):
    write_tiny_model(tmp_path)
    code, _, err = run(capsys, "verify", "--dir", tmp_path, "--variant", "optimized")
    assert code == 1
    assert "koe model optimize" in err


def test_download_sends_the_optimized_variant_to_the_right_command(tmp_path, capsys):
    code, _, err = run(capsys, "download", "--dir", tmp_path, "--variant", "optimized")
    assert code == 1
    assert "`koe model optimize` makes it of 'fp32'" in err


def test_bench_measures_every_model_that_is_here_and_stores_it(folder, capsys):
    code, out, err = run(
        capsys, "bench", "--dir", folder, "--threads", "1", "--phonemes", "5,9", "--runs", 1, "--json"
    )
    assert code == 0
    made = json.loads(out)["measurements"]
    assert {(each["variant"], each["threads"], each["phonemes"]) for each in made} == {
        (variant, 1, length) for variant in ("fp32", "optimized") for length in (5, 9)
    }
    assert all(each["rtf"] >= 0 and each["load_s"] > 0 for each in made)
    assert benchmark_path().read_text() == out
    assert "speaking 9 phonemes, threads = 1" in err


def test_bench_shows_a_table_and_what_auto_takes(folder, capsys):
    code, out, _ = run(
        capsys,
        "bench",
        "--dir",
        folder,
        "--variants",
        "fp32",
        "--threads",
        "1",
        "--phonemes",
        "5",
        "--runs",
        1,
    )
    assert code == 0
    assert out.split()[:5] == ["variant", "threads", "phonemes", "rtf", "load_s"]
    assert 'optimized is what `variant = "auto"` takes' in out


@pytest.mark.parametrize(
    "options", [["--threads", "0"], ["--threads", "1,x"], ["--phonemes", "511"], ["--runs", "0"]]
)
def test_bench_refuses_what_is_no_number_in_range(folder, options):
    with pytest.raises(InvalidRequestError, match="expected whole numbers from 1 to"):
        model.app(
            ["bench", "--dir", str(folder), *options], exit_on_error=False, result_action="return_value"
        )


def test_bench_of_a_variant_that_is_not_here_fails(folder):
    with pytest.raises(KoeError, match="missing"):
        model.app(
            ["bench", "--dir", str(folder), "--variants", "fp16"],
            exit_on_error=False,
            result_action="return_value",
        )
    assert "fp16" in [variant.name for variant in VARIANTS]
