"""`koe watermark detect`: its words, its JSON and its exit codes."""

import io
import json
import sys

import pytest
from cyclopts import App
from koe_watermark.cli_detect import add_detect_command
from koe_watermark.perth_detector import PerthDetector, shared_detector

from tests.plugins.watermark.speech import RATE, encoded, marked, monologue, speech


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    whole = monologue(20)
    part = whole.copy()
    part[8 * RATE : 12 * RATE] = marked(whole)[8 * RATE : 12 * RATE]
    contents = {
        "marked.mp3": encoded(marked(speech(0)), "mp3", "libmp3lame"),
        "partly.flac": encoded(part, "flac", "flac"),
        "clean.wav": encoded(speech(0)),
        "silent.wav": encoded(0 * speech(0)),
        "text.txt": b"no sound at all",
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


def run(*arguments, detector=shared_detector):
    app = App(name="watermark", result_action="return_value")
    add_detect_command(app, detector)
    return app(["detect", *map(str, arguments)], exit_on_error=False)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["marked.mp3"], 0),
        (["partly.flac"], 0),
        (["clean.wav"], 1),
        (["silent.wav"], 2),
        (["text.txt"], 3),
        (["nowhere.wav"], 3),
        (["marked.mp3", "partly.flac"], 0),
        (["marked.mp3", "clean.wav"], 1),
        (["silent.wav", "clean.wav", "marked.mp3"], 2),
        (["text.txt", "silent.wav", "marked.mp3"], 3),
        ([], 3),
    ],
)
def test_the_worst_file_makes_the_exit_code(files, names, code, capsys):
    assert run(*(files / name for name in names)) == code


def test_the_verdict_is_said_in_words(files, capsys):
    run(*(files / name for name in ("marked.mp3", "partly.flac", "clean.wav", "silent.wav", "text.txt")))
    said = capsys.readouterr()
    assert "marked.mp3: watermarked, confidence 0.9" in said.out or "confidence 1.0" in said.out
    assert "only a part is marked" in said.out
    assert "clean.wav: no watermark found, confidence 0.0" in said.out
    assert "silent.wav: cannot tell (too_short_or_silent)" in said.out
    assert "text.txt is not an audio file that can be read" in said.err


def test_json_has_a_line_for_each_file(files, capsys):
    run("--json", files / "partly.flac", files / "text.txt", files / "clean.wav")
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["file"].endswith("partly.flac")
    assert first["watermarked"] is True
    assert 7.5 < first["segments"][0]["start"] < 8.5
    assert second["error"]["code"] == "unsupported_media_type"
    assert third["watermarked"] is False


def test_standard_input_is_read(files, capsys, monkeypatch):
    class Given:
        buffer = io.BytesIO((files / "marked.mp3").read_bytes())

    monkeypatch.setattr(sys, "stdin", Given)
    assert run("-") == 0
    assert capsys.readouterr().out.startswith("-: watermarked")


def test_missing_weights_are_an_error(files, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("koe_watermark.graphs.cache_folder", lambda: tmp_path)
    monkeypatch.setattr("koe_watermark.weights.find_spec", lambda name: None)
    assert run(files / "marked.mp3", detector=PerthDetector) == 3
    assert "pip install 'resemble-perth" in capsys.readouterr().err
