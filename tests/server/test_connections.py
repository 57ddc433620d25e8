"""What clients may do to a server with connections: too many, stalled, flooded, half begun."""

import asyncio
import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import h2.errors
import h2.events
import httpx
import pytest
from attrs import evolve
from koe.http.control_frames import ControlFrames
from koe.http.stalls import Delivery, Stalls
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin

from tests.server.harness import PATIENCE_S, RawHttp2, read_to_end, read_until, wait_until
from tests.server.live import live

BEGIN = b"GET /health HTTP/1.1\r\nhost: koe\r\n"
SPEECH = b"POST /v1/audio/speech HTTP/1.1\r\nhost: koe\r\ncontent-type: application/json\r\n"
LONG = " ".join(f"Sentence number {'abcdefghij'[i % 10]} is quite a long one." for i in range(2000))
UPGRADE = b"connection: upgrade\r\nupgrade: websocket\r\n"


@contextmanager
def server(engine=None, **options):
    settings = evolve(FAKE_SETTINGS, server=evolve(FAKE_SETTINGS.server, **options))
    with live(FakePlugin(engine), settings=settings) as running:
        yield running


def connected(running, narrow=False):
    place = urlsplit(running.url)
    sock = socket.socket()
    if narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    sock.settimeout(PATIENCE_S)
    sock.connect((place.hostname, place.port))
    return sock


def speech(text):
    body = json.dumps({"input": text, "response_format": "pcm"}).encode()
    return SPEECH + b"content-length: %d\r\n\r\n" % len(body) + body


def status_of(sock):
    return int(sock.recv(65_536)[9:12])


def closed(sock):
    with suppress(ConnectionResetError):
        read_to_end(sock)
    return True


def tasks(running):
    async def count():
        return len(asyncio.all_tasks())

    return asyncio.run_coroutine_threadsafe(count(), running.loop).result(PATIENCE_S)


def stats(running):
    return running.service.backend.stats()


class TestTooMany:
    def test_the_one_that_has_waited_longest_for_a_request_makes_room(self):
        with server(max_connections=3) as running, ExitStack() as stack:
            first, second, third = (stack.enter_context(connected(running)) for _ in range(3))
            first.sendall(BEGIN + b"\r\n")  # from now on it is the one that has waited least
            read_until(first, b"}")
            third.sendall(BEGIN)
            assert httpx.get(f"{running.url}/health").status_code == 200
            assert closed(second)
            first.sendall(BEGIN)
            for sock in (first, third):
                sock.sendall(b"\r\n")
                assert read_until(sock, b"}").startswith(b"HTTP/1.1 200")

    def test_bodies_that_never_come_keep_nobody_out(self):
        with server(max_connections=5) as running, ExitStack() as stack:
            for _ in range(5):
                sock = stack.enter_context(connected(running))
                sock.sendall(SPEECH + b"content-length: 100\r\n\r\n{")
            for _ in range(10):
                assert httpx.get(f"{running.url}/health").status_code == 200

    def test_where_all_are_answered_one_more_gets_503_and_later_room(self, hold):
        with server(FakeEngine(before=hold), max_connections=2) as running, ExitStack() as stack:
            held = [stack.enter_context(connected(running)) for _ in range(2)]
            for sock in held:
                sock.sendall(speech("Hello"))
            wait_until(lambda: stats(running).running == 2, "both are answered")
            refused = httpx.get(f"{running.url}/health")
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "overloaded"
            assert "server.max_connections" in refused.json()["error"]["message"]
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["x-request-id"]
            hold.release()
            assert [status_of(sock) for sock in held] == [200, 200]
            assert httpx.get(f"{running.url}/health").status_code == 200

    def test_many_streams_of_one_connection_leave_room_for_others(self):
        """Clients that let nothing through keep what they asked for waiting, for their stall time."""
        with server(max_connections=20) as running, RawHttp2(running, window=0) as client:
            streams = [client.request("/v1/models") for _ in range(60)]
            answers = [client.wait_for(h2.events.ResponseReceived, stream) for stream in streams]
            statuses = [dict(answer.headers)[b":status"] for answer in answers]
            assert 0 < statuses.count(b"200") < 10
            assert statuses.count(b"200") + statuses.count(b"503") == len(streams)
            assert httpx.get(f"{running.url}/health").status_code == 200

    def test_what_was_refused_for_its_number_is_taken_again_when_there_is_room(self):
        with server(max_connections=20) as running, RawHttp2(running, window=0) as client:
            streams = [client.request("/v1/models") for _ in range(60)]
            for stream in streams:
                client.wait_for(h2.events.ResponseReceived, stream)
            client.connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65_535})
            client.flush()
            for stream in streams:
                client.wait_for(h2.events.StreamEnded, stream)
            stream = client.request("/v1/models")
            again = client.wait_for(h2.events.ResponseReceived, stream)
            assert dict(again.headers)[b":status"] == b"200"

    def test_a_body_behind_a_request_that_was_refused_for_its_number_blocks_nothing(self):
        """More pieces at once than hypercorn keeps for an application."""
        with server(max_connections=8) as running, RawHttp2(running, window=0) as client:
            for stream in [client.request("/v1/models") for _ in range(10)]:
                client.wait_for(h2.events.ResponseReceived, stream)
            refused = client.post("/v1/audio/speech", pieces=[b"x"] * 40)
            answer = dict(client.wait_for(h2.events.ResponseReceived, refused).headers)
            assert answer[b":status"] == b"503"
            assert answer[b"retry-after-ms"] == b"1000"
            assert answer[b"x-request-id"].startswith(b"req_")
            following = client.request("/health")
            client.wait_for(h2.events.ResponseReceived, following)


class TestStalls:
    def test_a_stream_that_nobody_reads_gives_its_place_back(self):
        with server(stall_timeout_s=0.5) as running, connected(running, narrow=True) as sock:
            sock.sendall(speech(LONG))
            assert status_of(sock) == 200
            wait_until(lambda: stats(running).cancelled == 1, "the work is stopped")
            wait_until(lambda: stats(running).running == 0, "the place is free")
            assert not read_to_end(sock).endswith(b"0\r\n\r\n")
            assert httpx.get(f"{running.url}/health").status_code == 200

    def test_a_stream_that_an_http_2_client_does_not_let_through_is_reset_and_no_other(self):
        with server(stall_timeout_s=0.5) as running, RawHttp2(running, window=0) as client:
            stalled = client.request("/v1/models")
            client.wait_for(h2.events.StreamReset, stalled)
            client.connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65_535})
            client.flush()
            client.wait_for(h2.events.StreamEnded, client.request("/v1/models"))

    def test_one_who_reads_slowly_gets_everything(self):
        text = LONG[:5_000]
        with server(stall_timeout_s=0.4) as running, connected(running, narrow=True) as sock:
            whole = httpx.post(
                f"{running.url}/v1/audio/speech",
                json={"input": text, "response_format": "pcm"},
                timeout=PATIENCE_S,
            )
            sock.sendall(speech(text))
            began, received = time.monotonic(), 0
            while piece := sock.recv(131_072):
                received += len(piece)
                if received > len(whole.content):
                    break
                time.sleep(0.002)  # to be slow is what is tested
            assert received > len(whole.content)
            assert time.monotonic() - began > 0.4

    def test_those_who_take_nothing_keep_nobody_out(self):
        limits = evolve(FAKE_SETTINGS.limits, max_concurrent=2, max_queued=20, queue_timeout_s=PATIENCE_S)
        with (
            live(FakePlugin(), settings=evolve(FAKE_SETTINGS, limits=limits)) as running,
            ExitStack() as stack,
        ):
            deaf = [stack.enter_context(connected(running, narrow=bool(number))) for number in range(6)]
            for sock in deaf:
                sock.sendall(speech(LONG[:10_000]))
            body = {"input": "Hello", "response_format": "pcm"}
            assert httpx.post(f"{running.url}/v1/audio/speech", json=body, timeout=PATIENCE_S).is_success
            wait_until(lambda: stats(running).stalled == len(deaf), "all of them are seen to stall")
            assert stats(running).cancelled == 0
            deaf[0].settimeout(0.1)

            def read_on():
                with suppress(TimeoutError):
                    deaf[0].recv(1_000_000)
                return stats(running).completed == 2

            wait_until(read_on, "who takes it after all gets the rest")

    def test_where_too_many_take_nothing_they_are_broken_off(self):
        limits = evolve(
            FAKE_SETTINGS.limits, max_concurrent=2, max_stalled=0, max_queued=1, queue_timeout_s=PATIENCE_S
        )
        options = evolve(FAKE_SETTINGS.server, crowded_stall_timeout_s=0.5)
        crowded = evolve(FAKE_SETTINGS, limits=limits, server=options)
        with live(FakePlugin(), settings=crowded) as running, ExitStack() as stack:
            deaf = [stack.enter_context(connected(running, narrow=True)) for _ in range(2)]
            deaf[0].sendall(speech(LONG))
            assert status_of(deaf[0]) == 200
            time.sleep(1.2)  # what is to be seen is that nothing happens
            assert stats(running).cancelled == 0
            deaf[1].sendall(speech(LONG))
            assert status_of(deaf[1]) == 200
            body = {"input": "Hello", "response_format": "pcm"}
            assert httpx.post(f"{running.url}/v1/audio/speech", json=body, timeout=PATIENCE_S).is_success
            assert stats(running).cancelled >= 1

    def test_what_was_taken_counts_not_what_waits(self):
        stalls: Stalls[str] = Stalls()
        seen = [Delivery("a", 5, 9), Delivery("b", 0, 7), Delivery("c", 0, 0)]
        assert stalls.overdue(seen, 0.0, 10.0) == []
        seen = [Delivery("a", 5, 99), Delivery("b", 1, 7), Delivery("c", 0, 0)]
        assert stalls.overdue(seen, 9.9, 10.0) == []
        assert stalls.overdue(seen, 10.0, 10.0) == ["a"]
        assert stalls.overdue(seen[1:], 15.0, 5.0) == ["b"]
        assert stalls.overdue([], 21.0, 10.0) == []


class TestControlFrames:
    @pytest.mark.parametrize("kind", ["reset", "ping", "settings", "priority", "empty"])
    def test_a_flood_of_them_ends_its_connection_and_no_other(self, kind):
        with server() as running, RawHttp2(running) as client:
            with suppress(ConnectionError):
                _flood(client, kind)
            with suppress(ConnectionError):
                assert closed(client.socket)
            wait_until(lambda: stats(running).running == 0, "no work is left")
            assert httpx.get(f"{running.url}/health").status_code == 200

    def test_its_client_is_told_why(self):
        with server() as running, RawHttp2(running) as client:
            for _ in range(2000):
                client.connection.ping(b"12345678")
            client.flush()
            data = b""
            with suppress(ConnectionResetError):
                data = read_to_end(client.socket)
            told = client.connection.receive_data(data)
            ends = [one for one in told if isinstance(one, h2.events.ConnectionTerminated)]
            assert [one.error_code for one in ends] == [h2.errors.ErrorCodes.ENHANCE_YOUR_CALM]

    def test_the_allowance_comes_back_with_time(self):
        frames, ping = ControlFrames(burst=10, per_s=2), h2.events.PingReceived(ping_data=b"12345678")
        assert frames.spend([ping] * 10, 100.0)
        assert not frames.spend([ping], 100.0)
        assert frames.spend([ping] * 5, 103.0)
        assert not frames.spend([ping], 103.0)
        assert frames.spend([h2.events.WindowUpdated(stream_id=1, delta=9)] * 1000, 104.0)


def _flood(client, kind):
    connection = client.connection
    for number in range(3000):
        if kind == "reset":
            stream = connection.get_next_available_stream_id()
            place = {":authority": client.authority, ":scheme": "http", ":method": "GET", ":path": "/health"}
            connection.send_headers(stream, list(place.items()), end_stream=True)
            connection.reset_stream(stream)
        elif kind == "ping":
            connection.ping(b"12345678")
        elif kind == "settings":
            connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 60_000 + number})
        elif kind == "priority":
            connection.prioritize(2 * number + 1, weight=1 + number % 256)
        else:
            stream = 1
            if not number:
                stream = client.request("/v1/audio/speech", method="POST", end=False)
            connection.send_data(stream, b"")
        if not number % 500:
            client.flush()
    client.flush()


class TestHalfBegun:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("path", ["/health", "/nowhere", "/v1/models"])
    def test_a_body_that_nobody_reads_leaves_nothing_behind(self, method, path):
        with server() as running:
            before = tasks(running)
            with connected(running) as sock:
                head = f"{method} {path} HTTP/1.1\r\nhost: koe\r\ntransfer-encoding: chunked\r\n\r\n"
                with suppress(ConnectionError):
                    for _ in range(20):
                        sock.sendall(head.encode() + b"1\r\nx\r\n" * 400)
                        head = ""
                assert closed(sock)
            wait_until(lambda: tasks(running) == before, "its tasks have ended")

    def test_the_rest_of_an_http_2_body_holds_up_no_other_request(self):
        with server() as running, RawHttp2(running) as client:
            unread = client.request("/health", end=False)
            for _ in range(40):
                client.connection.send_data(unread, b"x")
            client.flush()
            client.wait_for(h2.events.StreamEnded, client.request("/health"))

    @pytest.mark.parametrize("version", ["1.0", "1.1"])
    def test_a_websocket_that_is_none_is_refused_and_its_connection_closed(self, version):
        with server() as running, connected(running) as sock:
            head = f"GET /v1/audio/speech/stream HTTP/{version}\r\nhost: koe\r\n"
            sock.sendall(head.encode() + UPGRADE + b"\r\n")
            assert read_to_end(sock).startswith(b"HTTP/1.1 400")

    def test_one_that_speaks_before_it_was_answered_takes_no_session(self):
        with server() as running, connected(running) as sock:
            before = tasks(running)
            key = b"sec-websocket-version: 13\r\nsec-websocket-key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n"
            head = b"GET /v1/audio/speech/stream HTTP/1.1\r\nhost: koe\r\n" + UPGRADE + key + b"\r\n"
            sock.sendall(head + b"\x81\x80\0\0\0\0")
            assert closed(sock)
            wait_until(lambda: running.service.backend.sessions == 0, "the session has ended")
            wait_until(lambda: tasks(running) < before, "its tasks have ended")


class TestMistakes:
    @pytest.mark.parametrize(
        "sent",
        [
            b"\x00\xff\r\n\r\n",
            b"GET /health HTTP/1.1\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
            SPEECH + b"content-length: -1\r\n\r\n",
            SPEECH + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
            SPEECH + b"transfer-encoding: gzip\r\n\r\n",
            SPEECH + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    def test_what_is_not_http_is_answered_with_the_envelope_and_no_5xx(self, sent):
        with server() as running, connected(running) as sock:
            sock.sendall(sent)
            head, _, body = read_to_end(sock).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400")
            assert b"x-request-id: req_" in head
            assert b"connection: close" in head
            assert json.loads(body)["error"]["code"] == "bad_request"

    @pytest.mark.parametrize(
        "wrong", [{":path": b"/\xff"}, {":method": b"G\xff"}, {":method": b"CONNECT", ":path": b"/"}]
    )
    def test_an_http_2_request_that_hypercorn_cannot_read_ends_its_connection_quietly(self, wrong, capfd):
        with server() as running, RawHttp2(running) as client:
            place = {":authority": client.authority, ":scheme": "http", ":method": "GET", ":path": "/"}
            client.connection.config.validate_outbound_headers = False
            client.connection.send_headers(1, list({**place, **wrong}.items()), end_stream=True)
            client.flush()
            assert closed(client.socket)
            assert httpx.get(f"{running.url}/health").status_code == 200
        assert "[error" not in "".join(capfd.readouterr())

    def test_pipelined_requests_are_answered_in_order(self):
        with server() as running, connected(running) as sock:
            sock.sendall((BEGIN + b"\r\n") * 3 + b"GET /nowhere HTTP/1.1\r\nhost: koe\r\n\r\n")
            answers = read_until(sock, b'"code":"not_found"}}')
            assert answers.count(b"HTTP/1.1 200") == 3
            assert answers.rfind(b"HTTP/1.1 200") < answers.find(b"HTTP/1.1 404")


@pytest.fixture
def hold():
    class Hold:
        def __init__(self):
            self._released = threading.Event()
            self.release = self._released.set

        def __call__(self, _segment, _cancellation):
            assert self._released.wait(PATIENCE_S)

    held = Hold()
    yield held
    held.release()
