"""Reports say under which conditions their numbers hold."""

import json

import pytest

from benchmarks.report import (
    CONDITIONS,
    Conditions,
    Report,
    command,
    options,
    percentiles,
    threads,
    with_model,
)


def test_a_report_has_all_conditions_and_is_written_where_asked(tmp_path, capsys):
    file = tmp_path / "deep" / "report.json"
    given = options("About.", model=True).parse_args(["--json", str(file), "--about", "a tiny model"])
    Report("memory", given).write(
        Conditions("1", "stock", "none", {"rss_mb": "what is resident"}), {"rss_mb": 1}
    )
    written = json.loads(file.read_text("utf-8"))
    assert written == json.loads(capsys.readouterr().out)
    assert set(CONDITIONS) <= set(written)
    assert written["variant"] == "stock: a tiny model"
    assert {"cpu", "cores", "memory_gb", "system", "python", "onnxruntime"} <= set(written["hardware"])


def test_a_command_is_told_without_folders_and_without_the_report_s_name():
    told = command(
        "memory", ["--model", "/home/me/models/kokoro.onnx", "--json", "/home/me/m.json", "--runs", "2"]
    )
    assert told == "python -m benchmarks.memory --model kokoro.onnx --runs 2"


def test_percentiles_are_those_of_the_nearest_rank():
    assert percentiles([0.004, 0.001, 0.003, 0.002], scale=1000) == {"p50": 2, "p95": 4, "max": 4}
    assert percentiles([1.25, 2.25], digits=1) == {"p50": 1.2, "p95": 2.2, "max": 2.2}
    assert percentiles([]) is None


def test_threads_are_those_that_the_server_takes():
    assert threads(1, 3).startswith("1 in one inference, 3 inferences at a time")


def test_without_a_model_the_command_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.delenv("KOE_BENCHMARK_MODEL", raising=False)
    with pytest.raises(SystemExit):
        with_model(options("About.", model=True), [])
    assert "--model and --voices are needed" in capsys.readouterr().err
