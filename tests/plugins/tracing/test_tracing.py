"""Spans of real requests, in memory."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from koe.api import SecretUrl, structure
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_tracing import TracingConfig, TracingPlugin
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from websockets.sync.client import connect

from tests.server.live import live

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
SECRET = "Zanzibar marmalade"


def traced(work, **config):
    """The spans of `work(url)`, by name."""
    exporter = InMemorySpanExporter()
    engine = FakeEngine(before=lambda segment, cancellation: time.sleep(0.05))
    plugin = TracingPlugin(TracingConfig(**config), exporter)
    with live(FakePlugin(engine), plugin) as server:
        work(server.url)
    return exporter.get_finished_spans()


def speak(url, **headers):
    body = {"input": f"{SECRET}. And more.", "response_format": "wav"}
    assert httpx.post(f"{url}/v1/audio/speech", json=body, headers=headers).status_code == 200


def named(spans, name):
    return [span for span in spans if span.name == name]


def test_a_request_is_a_span_with_its_stages_in_the_caller_s_trace():
    spans = traced(lambda url: speak(url, traceparent=PARENT))
    [request] = named(spans, "POST /v1/audio/speech")
    [speech] = named(spans, "speech")
    assert format(request.context.trace_id, "032x") == PARENT.split("-")[1]
    assert format(request.parent.span_id, "016x") == PARENT.split("-")[2]
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["http.route"] == "/v1/audio/speech"
    assert speech.parent.span_id == request.context.span_id
    assert speech.attributes["koe.outcome"] == "completed"
    assert speech.attributes["koe.characters"] == len(f"{SECRET}. And more.")
    children = [span for span in spans if span.parent and span.parent.span_id == speech.context.span_id]
    assert {"markup", "normalize", "phonemize", "wait", "infer", "encode", "segment"} <= {
        span.name for span in children
    }
    slack_ns = 20_000_000
    for child in children:
        assert speech.start_time - slack_ns <= child.start_time <= child.end_time
        assert child.end_time <= speech.end_time + slack_ns
    assert request.start_time <= speech.start_time + slack_ns
    segments = named(spans, "segment")
    assert [span.attributes["koe.segment"] for span in segments] == [0, 1]
    assert all(span.end_time - span.start_time >= 50_000_000 for span in segments)


def test_no_span_holds_a_text():
    spans = traced(speak)
    everything = " ".join(span.to_json() for span in spans)
    assert "koe.segment" in everything
    for word in SECRET.split():
        assert word.lower() not in everything.lower()


def test_utterances_of_a_websocket_are_in_its_span():
    def talk(url):
        with connect(url.replace("http", "ws") + "/v1/audio/speech/stream") as socket:
            for text in ("One.", "Two."):
                socket.send(json.dumps({"type": "input.text", "text": text}))
                socket.send(json.dumps({"type": "input.flush"}))
            socket.send(json.dumps({"type": "input.done"}))
            list(socket)

    spans = traced(talk)
    [session] = named(spans, "WEBSOCKET /v1/audio/speech/stream")
    utterances = named(spans, "speech")
    assert len(utterances) == 2
    assert {span.parent.span_id for span in utterances} == {session.context.span_id}


def test_the_caller_s_choice_not_to_trace_is_followed():
    assert traced(lambda url: speak(url, traceparent=NOT_SAMPLED)) == ()


def test_the_ratio_is_for_those_who_did_not_choose():
    assert traced(speak, ratio=0.0) == ()
    assert traced(lambda url: speak(url, traceparent=PARENT), ratio=0.0)


def test_a_malformed_traceparent_begins_a_new_trace():
    spans = traced(lambda url: speak(url, traceparent="00-nonsense"))
    [request] = named(spans, "POST /v1/audio/speech")
    assert request.parent is None


def test_a_failure_is_an_error_without_its_message():
    def fail(segment, cancellation):
        raise ValueError(f"cannot say {segment.text}")

    exporter = InMemorySpanExporter()
    with live(FakePlugin(FakeEngine(before=fail)), TracingPlugin(TracingConfig(), exporter)) as server:
        body = {"input": SECRET, "response_format": "wav"}
        assert httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=60).status_code == 500
    spans = exporter.get_finished_spans()
    failed = [span for name in ("speech", "POST /v1/audio/speech") for span in named(spans, name)]
    assert [span.status.status_code.name for span in failed] == ["ERROR", "ERROR"]
    assert SECRET not in " ".join(span.to_json() for span in spans)


def test_the_collector_gets_the_key_that_nothing_else_shows():
    heard = set()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            heard.add((self.path, self.headers["x-api-key"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, args=[0.01]).start()
        url = f"http://127.0.0.1:{collector.server_port}/v1/traces"
        config = structure({"endpoint": url, "headers": {"x-api-key": SECRET}}, TracingConfig)
        try:
            with live(FakePlugin(), TracingPlugin(config)) as server:
                speak(server.url)
        finally:
            collector.shutdown()
    assert heard == {("/v1/traces", SECRET)}
    assert SECRET not in repr(config)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_collector_that_is_away_costs_nothing_but_spans():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{free.getsockname()[1]}/v1/traces"
    plugin = TracingPlugin(TracingConfig(endpoint=SecretUrl(away), timeout_s=1.0, max_waiting=64))
    with live(FakePlugin(), plugin) as server:
        for _ in range(20):
            speak(server.url)
        began = time.monotonic()
    assert time.monotonic() - began < 10
