"""`/metrics` of a real server: what it counts, that the times add up, and who may read it."""

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from attrs import evolve
from koe.api import Normalizer, Plugin, hookimpl
from koe.settings import PipelineSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_metrics import MetricsConfig, MetricsPlugin
from koe_metrics.listener import MetricsAddressError, listening
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.sync.client import connect

from tests.plugins.metrics.scrape import scraped, total
from tests.server.live import live


class SlowNormalizer(Normalizer):
    name = "slow"

    def normalize(self, segment):
        time.sleep(0.1)
        yield segment


class SlowPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [SlowNormalizer()]


SLOW = evolve(
    FAKE_SETTINGS,
    pipeline=PipelineSettings(normalize=("slow", "sentences"), phonemize=("letters",)),
    limits=evolve(FAKE_SETTINGS.limits, max_load=100),
)


@pytest.fixture(scope="module")
def slow_server():
    engine = FakeEngine(before=lambda segment, cancellation: time.sleep(0.25))
    with live(FakePlugin(engine), SlowPlugin(), MetricsPlugin(), settings=SLOW) as server:
        yield server


CLIENT = httpx.Client(timeout=60)
"""One for all: making one takes 50 ms."""


def speak(url, text, **fields):
    return CLIENT.post(f"{url}/v1/audio/speech", json={"input": text, **fields})


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    CLIENT.close()


def growth(url, work):
    before = scraped(url)
    result = work()
    after = scraped(url)
    return lambda name, **labels: total(after, name, **labels) - total(before, name, **labels), result


@pytest.mark.parametrize("fields", [{}, {"stream": False}, {"stream_format": "sse"}])
def test_stages_add_up_to_the_time_that_the_client_measured(slow_server, fields):
    def work():
        began = time.perf_counter()
        answer = speak(slow_server.url, "One. Two. Three. Four. Five. Six.", response_format="wav", **fields)
        assert answer.status_code == 200
        return time.perf_counter() - began

    grown, measured_s = growth(slow_server.url, work)
    whole_s = grown("koe_request_seconds_sum")
    stages_s = grown("koe_stage_seconds_sum")
    assert stages_s == pytest.approx(whole_s, rel=1e-3)
    assert whole_s == pytest.approx(measured_s, rel=0.05)
    named_s = stages_s - grown("koe_stage_seconds_sum", stage="other")
    assert named_s == pytest.approx(measured_s, rel=0.05)
    assert grown("koe_stage_seconds_sum", stage="infer") >= 0.7
    assert grown("koe_stage_work_seconds_total", stage="infer") == pytest.approx(1.5, rel=0.1)
    assert grown("koe_stage_work_seconds_total", stage="normalize") >= 0.1
    assert grown("koe_plugin_work_seconds_total", plugin="SlowPlugin", stage="normalize") >= 0.1
    assert grown("koe_plugin_work_seconds_total", plugin="TextPlugin", stage="normalize") < 0.1
    assert grown("koe_plugin_work_seconds_total", plugin="FakePlugin", stage="infer") >= 1.4


def test_they_add_up_with_many_at_once_too(slow_server):
    def work():
        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(
                    lambda n: speak(
                        slow_server.url, f"Text {n}. And more.", response_format="wav", stream=False
                    ),
                    range(6),
                )
            )
        assert {answer.status_code for answer in answers} == {200}

    grown, _ = growth(slow_server.url, work)
    whole_s = grown("koe_request_seconds_sum")
    assert grown("koe_stage_seconds_sum") == pytest.approx(whole_s, rel=1e-3)
    assert grown("koe_stage_seconds_sum", stage="wait") > grown("koe_stage_seconds_sum", stage="infer")
    assert grown("koe_stage_seconds_sum", stage="other") < 0.15 * whole_s


def test_everything_about_a_request_is_counted(slow_server):
    grown, _ = growth(slow_server.url, lambda: speak(slow_server.url, "Ann. Bob.", response_format="wav"))
    assert grown("koe_requests_total", outcome="completed", engine="fake", format="wav") == 1
    assert grown("koe_characters_total", engine="fake") == 9
    assert grown("koe_segments_total", engine="fake", cached="no") == 2
    assert grown("koe_audio_seconds_total") == pytest.approx(8 * 0.05 + 0.05, abs=0.11)
    assert grown("koe_time_to_first_audio_seconds_count") == 1
    assert 0.3 < grown("koe_time_to_first_audio_seconds_sum") < 1
    assert grown("koe_real_time_factor_count") == 2
    assert grown("koe_queue_wait_seconds_count") == 1
    assert grown("koe_http_requests_total", route="/v1/audio/speech", method="POST", status="200") == 1


def test_live_text_has_characters_and_input_time(slow_server):
    def work():
        with connect(slow_server.url.replace("http", "ws") + "/v1/audio/speech/stream") as socket:
            socket.send(json.dumps({"type": "session.config", "response_format": "wav"}))
            socket.send(json.dumps({"type": "input.text", "text": "Hello there. And "}))
            time.sleep(0.6)  # what is measured is that nothing comes meanwhile
            socket.send(json.dumps({"type": "input.text", "text": "on."}))
            socket.send(json.dumps({"type": "input.done"}))
            for _ in socket:
                pass

    grown, _ = growth(slow_server.url, work)
    assert grown("koe_characters_total") == len("Hello there. And on.")
    assert grown("koe_stage_seconds_sum", stage="input") > 0.1
    assert grown("koe_stage_seconds_sum") == pytest.approx(grown("koe_request_seconds_sum"), rel=1e-3)
    assert grown("koe_http_requests_total", method="WEBSOCKET", status="101") == 1


def test_labels_never_come_from_clients(slow_server):
    def work():
        for number in range(30):
            CLIENT.get(f"{slow_server.url}/made/up/{number}")
            CLIENT.request(f"BREW{number}", f"{slow_server.url}/v1/models")
            speak(
                slow_server.url,
                "Hi.",
                voice=f"nobody{number}",
                model=f"none{number}",
                response_format=f"x{number}",
            )

    work()
    before = scraped(slow_server.url)
    work()
    after = scraped(slow_server.url)
    assert {name: len(found) for name, found in before.items()} == {
        name: len(found) for name, found in after.items()
    }
    everything = httpx.get(f"{slow_server.url}/metrics").text
    for made_up in ("made/up", "BREW", "nobody", "none1", 'x1"'):
        assert made_up not in everything
    assert total(after, "koe_http_requests_total", route="other", method="GET", status="404") >= 60


def test_a_refused_request_is_counted(tmp_path):
    settings = evolve(FAKE_SETTINGS, limits=evolve(FAKE_SETTINGS.limits, max_concurrent=1, max_queued=0))
    engine = FakeEngine(before=lambda segment, cancellation: time.sleep(0.5))
    with live(FakePlugin(engine), MetricsPlugin(), settings=settings) as server:
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(
                    lambda n: speak(server.url, f"Hello {n}.", stream=False, response_format="wav"), range(4)
                )
            )
        statuses = sorted(answer.status_code for answer in answers)
        found = scraped(server.url)
    refused = statuses.count(503)
    assert refused >= 1
    assert total(found, "koe_requests_total", outcome="refused") == refused
    assert total(found, "koe_http_requests_total", status="503") == refused


def test_gauges_tell_what_is_worked_on():
    held = asyncio.Event()

    def hold(segment, cancellation):
        while not held.is_set():
            time.sleep(0.01)

    with live(FakePlugin(FakeEngine(before=hold)), MetricsPlugin()) as server:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(speak, server.url, "Hello.", response_format="wav")
            deadline = time.monotonic() + 20
            while total(scraped(server.url), "koe_requests_in_flight") != 1:
                assert time.monotonic() < deadline
            held.set()
            assert running.result().status_code == 200
        found = scraped(server.url)
    assert total(found, "koe_requests_in_flight") == 0
    assert total(found, "koe_workers") == 1
    assert total(found, "koe_process_resident_memory_bytes") > 10_000_000
    assert total(found, "koe_process_open_fds") > 5
    assert total(found, "koe_process_cpu_seconds_total") > 0


def test_openmetrics_is_served_to_those_who_ask(slow_server):
    answer = httpx.get(f"{slow_server.url}/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_plain_text_is_served_to_those_who_ask_for_a_version_that_is_none(slow_server):
    answer = CLIENT.get(
        f"{slow_server.url}/metrics", headers={"accept": "application/openmetrics-text;version=x"}
    )
    assert (answer.status_code, answer.headers["content-type"][:10]) == (200, "text/plain")


@pytest.mark.parametrize(
    ("allow", "headers", "status"),
    [
        (("127.0.0.0/8",), {}, 200),
        (("10.0.0.0/8",), {}, 403),
        ((), {}, 403),
        (("127.0.0.0/8",), {"x-forwarded-for": "127.0.0.1"}, 403),
        (("127.0.0.0/8",), {"forwarded": "for=127.0.0.1"}, 403),
        (("127.0.0.0/8",), {"x-real-ip": "127.0.0.1"}, 403),
    ],
)
def test_only_those_who_are_listed_may_read(allow, headers, status):
    with live(FakePlugin(), MetricsPlugin(MetricsConfig(allow=allow))) as server:
        answer = httpx.get(f"{server.url}/metrics", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert "plugins.metrics.allow" in answer.json()["error"]["message"]


def test_they_can_have_a_port_of_their_own():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with live(FakePlugin(), MetricsPlugin(MetricsConfig(port=port, path="/m"))) as server:
        assert httpx.get(f"{server.url}/m").status_code == 404
        own = httpx.get(f"http://127.0.0.1:{port}/m")
        assert "koe_workers" in own.text
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/m")


async def test_their_own_port_is_given_back_once():
    """Whose descriptor has that number by the second time?"""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with listening(Starlette(), "127.0.0.1", port, shared=False):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()
        await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_who_takes_no_answer_from_it_does_not_hold_up_its_end(monkeypatch):
    monkeypatch.setattr("koe_metrics.listener._STOP_S", 0.2)

    async def much(request):
        return PlainTextResponse("x" * 20_000_000)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with listening(Starlette(routes=[Route("/", much)]), "127.0.0.1", port, shared=False):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: koe\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 \r\n"
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken_is_an_error_that_says_the_key():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MetricsAddressError, match=r"plugins\.metrics\.port"):
            async with listening(Starlette(), "127.0.0.1", port, shared=False):
                pass


def test_a_path_or_network_that_is_none_is_refused():
    with pytest.raises(ValueError, match="must begin with /"):
        MetricsConfig(path="metrics")
    with pytest.raises(ValueError, match="10.0.0"):
        MetricsConfig(allow=("10.0.0",))
