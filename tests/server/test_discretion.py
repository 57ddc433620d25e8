"""Texts of requests and API keys are in no log, whatever goes wrong; the request id is on every line."""

import json
import logging
import sys
from contextlib import suppress

import httpx
import pytest
import structlog
from attrs import evolve
from koe.api import Normalizer, Plugin, hookimpl
from koe.discretion import HIDDEN
from koe.logs import configure_logging
from koe.settings import LogSettings, PipelineSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from websockets.sync.client import connect

from tests.server.live import live

SECRET = "Zanzibar marmalade"
KEY = "sk-verysecretkey"
CURSED = "cursed"
log = structlog.get_logger("tests")


class ChattyNormalizer(Normalizer):
    """Logs from its thread, and fails on cursed texts with a message that quotes them."""

    name = "chatty"

    def normalize(self, segment):
        log.debug("normalizing", characters=len(segment.text))
        logging.getLogger("library").warning("a library speaks")
        if CURSED in segment.text:
            try:
                raise KeyError(segment.text)  # noqa: TRY301
            except KeyError as error:
                raise ValueError(f"cannot read {segment.text!r}") from error
        yield segment


class ChattyPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [ChattyNormalizer()]

    @hookimpl
    def segment_synthesized(self, event):
        if "observed" in event.text:
            raise RuntimeError(f"do not like {event.text}")


def fail(segment, cancellation):
    if "engine" in segment.text:
        raise ValueError(f"cannot say {segment.text}")


PIPELINE = PipelineSettings(normalize=("chatty", "sentences"), phonemize=("letters",))


@pytest.fixture
def logged(capsys, monkeypatch):
    """What a server writes while it serves `work(url)`."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def serve(work, *, texts=False, form="json"):
        settings = evolve(FAKE_SETTINGS, pipeline=PIPELINE, log=LogSettings("debug", form, texts))
        configure_logging(settings.log)
        monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)  # the client
        with live(FakePlugin(FakeEngine(before=fail)), ChattyPlugin(), settings=settings) as server:
            work(server.url)
        captured = capsys.readouterr()
        return captured.err + captured.out

    yield serve
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def speak(url, text, **fields):
    body = {"input": text, "response_format": "wav", **fields}
    return httpx.post(f"{url}/v1/audio/speech", json=body, headers={"authorization": f"Bearer {KEY}"})


def talk(url, *texts, **config):
    with connect(url.replace("http", "ws") + "/v1/audio/speech/stream") as socket:
        socket.send(json.dumps({"type": "session.config", **config}))
        for text in texts:
            socket.send(json.dumps({"type": "input.text", "text": text}))
        socket.send(json.dumps({"type": SECRET}))
        socket.send(SECRET)
        socket.send(json.dumps({"type": "input.done"}))
        return list(socket)


def everything(url):
    """Every way in, right and wrong."""
    assert speak(url, SECRET).status_code == 200
    assert speak(url, f"{SECRET} observed").status_code == 200
    assert "speech.audio.done" in speak(url, SECRET, stream_format="sse").text
    assert speak(url, SECRET, response_format="srt").status_code == 200
    assert speak(url, f"{CURSED} {SECRET}").status_code == 500
    assert speak(url, f"{SECRET} engine").status_code == 500
    assert speak(url, f"[{SECRET}]", markup="tags").status_code in {200, 400}
    assert speak(url, f"<{SECRET}", markup="phonemes").status_code in {200, 400}
    for field in ("voice", "response_format", "language", "markup", "model", "stream_format"):
        assert speak(url, SECRET, **{field: SECRET}).status_code in {400, 404}, field
    assert speak(url, SECRET, speed=SECRET).status_code == 400
    assert speak(url, "fine", **{SECRET: SECRET}).status_code == 200
    for fields in ({}, {"stream_format": "sse"}):
        with suppress(httpx.RemoteProtocolError):
            speak(url, f"Fine. Fine again. {SECRET} engine.", **fields)
    httpx.post(f"{url}/v1/audio/speech", content=f'{{"input": "{SECRET}')
    httpx.post(f"{url}/v1/text/inspect", json={"input": f"{CURSED} {SECRET}"})
    httpx.post(f"{url}/v1/audio/dialogue", json={"turns": [{"voice": SECRET, "text": SECRET}]})
    httpx.get(f"{url}/v1/models?key={KEY}&text={SECRET}")
    talk(url, f"{SECRET}. ", response_format="wav")
    talk(url, f"{CURSED} {SECRET}. ", response_format="wav")
    talk(url, "Hello. ", voice=SECRET)


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_text_and_no_key_is_logged_even_at_debug_level(logged, form):
    said = logged(everything, form=form)
    for word in (*SECRET.split(), KEY):
        assert word.lower() not in said.lower(), next(
            line for line in said.splitlines() if word.lower() in line.lower()
        )
    assert said.count("request_failed") >= 2
    assert HIDDEN in said
    assert "normalize" in said


def test_what_failed_and_where_is_still_told(logged):
    said = logged(lambda url: speak(url, f"{CURSED} {SECRET}"))
    [failure] = [line for line in map(json.loads, said.splitlines()) if line["event"] == "request_failed"]
    assert "builtins.KeyError" in failure["exception"]
    assert "builtins.ValueError" in failure["exception"]
    assert "stage='normalize' component='chatty' plugin='ChattyPlugin'" in failure["exception"]
    assert "raise KeyError(segment.text)" in failure["exception"]


def test_reasons_that_quote_nobody_stay(logged):
    def work(url):
        sent = httpx.post(f"{url}/v1/audio/speech", content="x", headers={"content-type": "text/plain"})
        assert sent.status_code == 415

    said = logged(work)
    lines = [json.loads(line) for line in said.splitlines()]
    assert any("text/plain" in line.get("reason", "") for line in lines if line.get("status") == 415)


def test_every_line_of_a_request_has_its_id_also_those_of_threads_and_libraries(logged):
    def work(url):
        httpx.post(
            f"{url}/v1/audio/speech",
            json={"input": "Hello.", "response_format": "wav"},
            headers={"x-request-id": "mine-1"},
        )

    lines = [json.loads(line) for line in logged(work).splitlines()]
    spoken = [
        line for line in lines if line["event"] in {"normalizing", "a library speaks", "request_served"}
    ]
    assert len(spoken) == 3
    assert {line["request_id"] for line in spoken} == {"mine-1"}


def test_an_operator_may_ask_for_texts(logged):
    def work(url):
        speak(url, SECRET)
        speak(url, f"{CURSED} {SECRET}")
        speak(url, "Hello", voice="Nobody Known")

    said = logged(work, texts=True)
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["text"] for line in lines if line["event"] == "segment_spoken"] == [SECRET]
    assert f"cannot read '{CURSED} {SECRET}'" in said
    assert any("Nobody Known" in line.get("reason", "") for line in lines)
    assert KEY not in said


def test_a_group_of_errors_is_told_one_by_one(capsys):
    configure_logging(LogSettings(format="json"))
    try:
        try:
            raise ExceptionGroup(SECRET, [ValueError(SECRET), OSError(SECRET)])  # noqa: TRY301
        except ExceptionGroup:
            structlog.get_logger().exception("failed")
        said = capsys.readouterr().err
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
    assert "builtins.ValueError" in said
    assert "builtins.OSError" in said
    assert SECRET not in said
    assert sys.exc_info() == (None, None, None)
