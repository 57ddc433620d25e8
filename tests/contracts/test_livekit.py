"""LiveKit Agents: `livekit.plugins.openai.TTS`, the real one, pointed at koe."""

import importlib.util
import json
import subprocess
import sys

import httpx
import pytest

from tests.server.audio import decoded
from tests.server.harness import PATIENCE_S, ROOT

TEXT = "Good morning. The quick brown fox jumps over the lazy dog, and runs away!"

KINDS = [
    {"model": model, "response_format": name}
    for model in ("gpt-4o-mini-tts", "tts-1")
    for name in ("mp3", "pcm", "opus", "wav")
]


@pytest.fixture(scope="module")
def heard(base_url):
    """What the plugin hears for each of `KINDS`, and last for a voice that is not there."""
    if importlib.util.find_spec("livekit") is None:
        pytest.skip("livekit-plugins-openai is not installed")
    options = json.dumps([*KINDS, {"voice": "nobody"}])
    command = [sys.executable, "-m", "tests.contracts.livekit_speaker", base_url, TEXT, options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def post(base_url, **fields):
    """The request that the plugin makes."""
    body = {"input": TEXT, "model": "gpt-4o-mini-tts", "voice": "ash", "response_format": "mp3", "speed": 1.0}
    return httpx.post(f"{base_url}/audio/speech", json={**body, **fields}, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def seconds(base_url):
    return len(decoded(post(base_url, response_format="pcm", stream_format="audio").content, "pcm")) / 24_000


@pytest.mark.parametrize("number", range(len(KINDS)), ids=lambda number: "-".join(KINDS[number].values()))
def test_the_plugin_hears_the_whole_text_at_24_khz_mono(heard, seconds, number):
    """It asks for `stream_format=sse` unless the model is `tts-1` or `tts-1-hd`, and plays 24 kHz mono."""
    assert (heard[number]["sample_rates"], heard[number]["channels"]) == ([24_000], [1])
    assert heard[number]["seconds"] == pytest.approx(seconds, abs=0.12)


def test_an_unknown_voice_is_an_error_in_the_plugin(heard):
    """It raises `APIStatusError` with the answer's status and `error`."""
    assert (heard[-1]["error"], heard[-1]["status"]) == ("APIStatusError", 400)
    assert heard[-1]["body"]["code"] == "voice_not_found"


def test_it_warms_its_connection_up_on_the_base_url(heard, server):
    """`prewarm` is a GET on the base URL with a slash behind it; nothing is spoken for it."""
    warmed = [event for event in server.events("request_served") if event["path"] == "/v1/"]
    assert warmed
    assert all((event["method"], event["status"]) == ("GET", 200) for event in warmed)


@pytest.mark.parametrize(
    ("stream_format", "media_type"), [("sse", "text/event-stream"), ("audio", "audio/mpeg")]
)
def test_the_content_type_tells_what_the_body_is(base_url, stream_format, media_type):
    """It reads events where `Content-Type` is `text/event-stream`, and else takes the body for audio."""
    response = post(base_url, stream_format=stream_format)
    assert response.headers["content-type"].split(";")[0] == media_type


def test_every_line_fits_into_the_smallest_line_buffer_and_holds_one_event(base_url):
    """It splits the body into lines and parses what follows `data: `."""
    response = post(base_url, stream_format="sse", input=TEXT * 20, response_format="wav")
    lines = [line for line in response.text.split("\n") if line]
    assert max(map(len, lines)) <= 65_536
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["output_tokens"] > 0
