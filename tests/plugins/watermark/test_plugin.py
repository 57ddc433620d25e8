"""The plugin in the real command: configuration, and that every way of speaking goes through the mark."""

import asyncio
import os
import subprocess
import sys

import httpx
import numpy as np
import pytest
from koe.cli.main import main
from koe.testing.audio import decode_audio
from koe.testing.fakes import FakePlugin
from koe_watermark import WatermarkConfig, WatermarkPlugin, detect
from koe_wyoming import WyomingConfig, WyomingPlugin
from structlog.testing import capture_logs
from wyoming.audio import AudioChunk
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize

from tests.plugins.watermark.build import SETTINGS, upside_plugin
from tests.server.harness import PATIENCE_S, ROOT
from tests.server.live import live
from tests.server.stream_client import session

MARKED = ["--enable", "watermark", "--set", 'pipeline.postprocess=["watermark"]']


@pytest.fixture(autouse=True)
def logged():
    """What is logged; without it, structlog would paint every traceback, for seconds."""
    with capture_logs() as lines:
        yield lines


def _koe(*arguments):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KOE_")}
    return subprocess.run(
        [sys.executable, "-m", "koe.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        env=environ,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [MARKED, ["--enable", "watermark", "--set", "plugins.watermark.embed=false"]]
)
def test_in_the_pipeline_or_only_detecting_it_is_valid(arguments):
    assert main(["config", "check", *arguments]) == 0


def test_something_behind_it_refuses_to_serve():
    arguments = ("--enable", "watermark", "--set", 'pipeline.postprocess=["watermark", "trim"]')
    refused = _koe("serve", "--port", "0", *arguments)
    assert refused.returncode == 2
    assert "'watermark' must be the last audio processor, but 'trim' follows it" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--enable", "watermark", "--set", 'pipeline.postprocess=["watermark", "trim"]'],
            "'watermark' must be the last audio processor, but 'trim' follows it",
        ),
        (["--enable", "watermark"], 'to use it: pipeline.postprocess = ["watermark"]'),
        (
            [*MARKED, "--set", 'plugins.watermark.schemes=["audioseal"]'],
            "no installed distribution offers the scheme 'audioseal' (known: metadata, perth-implicit",
        ),
        (
            [*MARKED, "--set", 'plugins.watermark.schemes=["metadata"]'],
            'policy "required" promises marked audio; add "perth-implicit"',
        ),
        (
            [*MARKED, "--set", 'plugins.watermark.policy="sometimes"'],
            "expected one of 'required', 'best_effort'",
        ),
        (["--set", 'pipeline.postprocess=["watermark"]'], "no enabled plugin registers audio processor"),
    ],
    ids=[
        "something behind it",
        "not in the pipeline",
        "unknown scheme",
        "tags alone",
        "policy",
        "not enabled",
    ],
)
def test_what_would_leave_audio_unmarked_refuses_to_start(capsys, arguments, said):
    assert main(["say", "Hi", "-o", "never.wav", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_koe_say_marks(tmp_path):
    """The same text with and without: what differs lies below 2 kHz, and is there."""
    arguments = (
        "say",
        "Every sound that leaves this machine is marked, from the first word to the last.",
        "--engine",
        "espeak",
    )
    plain, marked = tmp_path / "plain.wav", tmp_path / "marked.wav"
    for path, options in ((plain, ()), (marked, MARKED)):
        done = _koe(*arguments, "-o", str(path), *options)
        assert done.returncode == 0, done.stderr
    (clean, rate), (made, _) = (decode_audio(path.read_bytes()) for path in (plain, marked))
    assert detect(made, rate).watermarked is True
    assert detect(clean, rate).watermarked is False
    assert len(clean) == len(made)
    spectrum = np.abs(np.fft.rfft(made - clean))
    low = spectrum[: int(2_100 / (rate / 2) * len(spectrum))]
    assert (low**2).sum() > 100 * ((spectrum**2).sum() - (low**2).sum())
    assert -25 < 10 * np.log10(((made - clean) ** 2).mean() / (clean**2).mean()) < -8


def test_nothing_is_loaded_that_embedding_does_not_need():
    script = (
        "import sys; from koe_watermark import WatermarkPlugin; from koe.api import StreamInfo;"
        "(p,) = WatermarkPlugin().register_audio_processors(); p.open(StreamInfo(24000));"
        "print({'torch', 'librosa', 'scipy', 'perth', 'onnxruntime', 'av', 'soxr'} & set(sys.modules))"
    )
    environ = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environ,
        check=True,
    )
    assert done.stdout.strip() == "set()", done.stdout


def test_http_and_the_websocket_say_that_they_mark():
    with live(FakePlugin(), WatermarkPlugin(WatermarkConfig()), settings=SETTINGS) as server:
        answer = httpx.post(
            f"{server.url}/v1/audio/speech", json={"input": "Hello", "response_format": "raw"}
        )
        with session(server.url, response_format="raw") as client:
            client.say("Hello")
            client.send("input.flush")
            utterance = client.utterance()
    assert answer.headers["koe-watermark"] == "yes"
    assert utterance.events[0]["facts"] == {"watermark": "yes"}
    assert utterance.audio == answer.content


@pytest.mark.parametrize("path", ["speech", "dialogue", "speech/phonemes"])
def test_all_routes_that_speak_go_through_the_mark(monkeypatch, path):
    bodies: dict[str, dict[str, object]] = {
        "speech": {"input": "Hello there"},
        "dialogue": {"turns": [{"voice": "ann", "input": "Hello there"}]},
        "speech/phonemes": {"phonemes": "hello there"},
    }
    with live(FakePlugin(), upside_plugin(monkeypatch, fail_at=0), settings=SETTINGS) as server:
        answer = httpx.post(f"{server.url}/v1/audio/{path}", json=bodies[path] | {"response_format": "raw"})
    assert answer.status_code == 500, answer.text
    assert answer.json()["error"]["code"] == "stage_failed"


async def _wyoming(port):
    client = AsyncTcpClient("127.0.0.1", port)
    await client.connect()
    try:
        await client.write_event(Synthesize("Hello there").event())
        audio = b""
        while (event := await asyncio.wait_for(client.read_event(), PATIENCE_S)) is not None:
            if AudioChunk.is_type(event.type):
                audio += AudioChunk.from_event(event).audio
            if event.type in {"audio-stop", "error"}:
                return event.type, audio
        return "closed", audio
    finally:
        await client.disconnect()


@pytest.mark.parametrize("fail_at", [None, 0], ids=["marked", "failing"])
def test_wyoming_goes_through_the_mark(monkeypatch, fail_at):
    wyoming = WyomingPlugin(WyomingConfig(host="127.0.0.1", port=0))
    plugin = upside_plugin(monkeypatch, fail_at=fail_at)
    with live(FakePlugin(), wyoming, plugin, settings=SETTINGS):
        kind, audio = asyncio.run(_wyoming(wyoming.port))
    assert (kind, bool(audio)) == (("audio-stop", True) if fail_at is None else ("error", False))
    # The fake engine's tones have a peak of 0.5; the mark here halves them.
    assert not audio or 0.2 < np.abs(np.frombuffer(audio, "<i2")).max() / 32_768 < 0.26
