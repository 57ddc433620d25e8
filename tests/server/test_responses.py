"""Answers tell the truth about their end, and stop their work when nobody listens."""

import asyncio
from collections.abc import AsyncGenerator

import h2.errors
import h2.events
import httpx
import pytest
from koe.errors import CancelledByCallerError, KoeError
from koe.http.responses import AudioResponse, ClientGoneError, ResponseAbortedError, run_until_disconnect
from starlette.types import Message, Receive, Send

from tests.server.harness import RawHttp2, ToyServer, read_to_end, read_until, wait_until
from tests.server.toy import FIRST, LARGE, LAST, PIECE

both_versions = pytest.mark.parametrize("version", ["1.1", "2"])
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


# On real sockets


@both_versions
def test_an_error_after_the_first_piece_is_visible(version: str) -> None:
    with ToyServer().ready() as server, server.client(version) as client:
        with client.stream("GET", "/broken?key=a") as response:
            pieces = response.iter_raw()
            assert next(pieces) == FIRST
            server.get("/release?key=a")
            with pytest.raises(BROKEN):
                list(pieces)
        [event] = server.events("response_broke_off")
        assert event["error"] == "KoeError: the third segment failed"
        assert "Traceback" not in server.logged()


def test_an_error_breaks_its_own_http_2_stream_only() -> None:
    with ToyServer().ready() as server, server.client("2") as client:
        with client.stream("GET", "/held?key=good") as good, client.stream("GET", "/broken?key=bad") as bad:
            pieces = good.iter_raw()
            assert next(pieces) == FIRST
            client.get("/release?key=bad")
            with pytest.raises(httpx.RemoteProtocolError, match="StreamReset"):
                list(bad.iter_raw())
            client.get("/release?key=good")
            assert b"".join(pieces) == LAST
        assert client.get("/ready").status_code == 200
        assert len({event["client"] for event in server.events("request_served")}) == 1


def test_an_error_is_visible_to_an_http_1_0_client() -> None:
    with ToyServer().ready() as server, server.raw("/broken?key=a", "1.0") as sock:
        read_until(sock, FIRST)
        server.get("/release?key=a")
        with pytest.raises(ConnectionResetError):
            read_to_end(sock)


def test_a_complete_answer_ends_in_order_for_an_http_1_0_client() -> None:
    with ToyServer().ready() as server, server.raw("/held?key=a", "1.0") as sock:
        server.get("/release?key=a")
        assert read_to_end(sock).endswith(FIRST + LAST)


def test_a_large_answer_reaches_an_http_1_0_client_whole() -> None:
    with ToyServer().ready() as server, server.raw("/large", "1.0") as sock:
        head = read_until(sock, b"\r\n\r\n", 1)
        assert b" 200 " in head
        assert read_to_end(sock) == PIECE * LARGE


@both_versions
def test_an_application_that_returns_too_early_is_visible(version: str) -> None:
    with ToyServer().ready() as server, server.client(version) as client, pytest.raises(BROKEN):
        client.get("/short")


@both_versions
def test_a_bug_before_the_answer_is_a_500_and_logged(version: str) -> None:
    with ToyServer().ready() as server, server.client(version) as client:
        assert client.get("/bug").status_code == 500
        [event] = server.events("request_failed")
        assert "ZeroDivisionError" in event["exception"]


@both_versions
@pytest.mark.parametrize("path", ["/held", "/flood"])
def test_a_client_that_leaves_ends_the_stream(path: str, version: str) -> None:
    with ToyServer().ready() as server:
        with server.client(version) as client, client.stream("GET", f"{path}?key=a") as response:
            assert next(response.iter_raw())
        wait_until(lambda: server.state("closed a") == 1, "the iterator is closed")
        wait_until(lambda: server.events("client_left"), "it is logged")
        assert not server.events("response_broke_off")


def test_a_client_that_resets_its_http_2_stream_ends_it_and_keeps_the_connection() -> None:
    with ToyServer().ready() as server, RawHttp2(server) as client:
        held = client.request("/held?key=a")
        assert client.wait_for(h2.events.DataReceived, held).data == FIRST
        client.reset(held)
        wait_until(lambda: server.state("closed a") == 1, "the iterator is closed")
        client.wait_for(h2.events.StreamEnded, client.request("/ready"))


@both_versions
def test_a_client_that_leaves_ends_the_work_on_a_whole_answer(version: str) -> None:
    with ToyServer().ready() as server:
        with server.client(version) as client, pytest.raises(httpx.ReadTimeout):
            client.get("/whole?key=a", timeout=0.3)
        wait_until(lambda: server.state("closed a") == 1, "the work is cancelled")


def test_a_reader_that_stalls_holds_the_stream_and_is_noticed_when_it_leaves() -> None:
    with ToyServer().ready() as server:
        with server.raw("/flood?key=a", "1.1"):
            made = -1
            wait_until(lambda: server.state("made a"), "the flood begins")
            while made != (made := server.state("made a")):
                [server.get("/ready") for _ in range(20)]
            assert made * len(PIECE) < 32_000_000
            assert server.state("closed a") == 0
        wait_until(lambda: server.state("closed a") == 1, "the iterator is closed")


def test_an_http_2_reader_that_stalls_holds_the_stream_and_is_noticed_when_it_leaves() -> None:
    with ToyServer().ready() as server:
        with RawHttp2(server) as client:
            client.wait_for(h2.events.DataReceived, client.request("/flood?key=a"))
            made = -1
            while made != (made := server.state("made a")):
                [server.get("/ready") for _ in range(20)]
            assert made <= 4
            assert server.state("closed a") == 0
        wait_until(lambda: server.state("closed a") == 1, "the iterator is closed")


def test_an_http_2_reader_that_leaves_before_the_last_byte_leaves_nothing_behind() -> None:
    with ToyServer().ready() as server:
        with RawHttp2(server) as client:
            client.wait_for(h2.events.DataReceived, client.request("/window?key=a"))
            wait_until(lambda: server.state("made a"), "everything is made")
        server.signal()
        assert server.exit_code() == 0
        assert not server.events("drain_deadline_passed")
        assert not server.events("connections_cut_off")


def test_an_answer_before_the_end_of_the_request_keeps_the_http_2_connection() -> None:
    with ToyServer().ready() as server, RawHttp2(server) as client:
        early = client.request("/early", method="POST", end=False)
        client.wait_for(h2.events.StreamEnded, early)
        client.connection.send_data(early, PIECE[:1000], end_stream=True)
        client.flush()
        client.wait_for(h2.events.StreamEnded, client.request("/ready"))


def test_an_error_is_visible_to_an_http_2_client_that_stalls() -> None:
    with ToyServer().ready() as server, RawHttp2(server, window=0) as client:
        broken = client.request("/broken?key=a")
        client.wait_for(h2.events.ResponseReceived, broken)
        server.get("/release?key=a")
        assert (
            client.wait_for(h2.events.StreamReset, broken).error_code == h2.errors.ErrorCodes.INTERNAL_ERROR
        )
        client.wait_for(h2.events.ResponseReceived, client.request("/ready"))


# Without a server


class Client:
    """The other end of one ASGI call."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.messages.append(message)


async def call(response: AudioResponse, receive: Receive, send: Send) -> None:
    await response({"type": "http", "path": "/"}, receive, send)


def test_a_response_sends_its_start_its_pieces_and_its_end() -> None:
    async def rest() -> AsyncGenerator[bytes, None]:
        yield b"two"
        yield b"three"

    async def session() -> list[Message]:
        client = Client()
        response = AudioResponse(b"one", rest(), media_type="audio/mpeg", headers={"Koe-Engine": "fake"})
        await call(response, client.receive, client.send)
        return client.messages

    assert asyncio.run(session()) == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"audio/mpeg"), (b"koe-engine", b"fake")],
        },
        {"type": "http.response.body", "body": b"one", "more_body": True},
        {"type": "http.response.body", "body": b"two", "more_body": True},
        {"type": "http.response.body", "body": b"three", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


class Watched:
    """An iterator that tells in which task it was closed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.tasks: set[asyncio.Task[None] | None] = set()
        self.closed = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        self.tasks.add(asyncio.current_task())
        try:
            yield b"one"
            yield b"two"
            if self.error is not None:
                raise self.error
            await asyncio.Event().wait()
        finally:
            self.tasks.add(asyncio.current_task())
            self.closed = True


@pytest.mark.parametrize("error", [KoeError("foreseen"), ZeroDivisionError("a bug")])
def test_an_error_is_raised_as_an_abort_without_an_end_of_body(error: Exception) -> None:
    async def session() -> None:
        client, watched = Client(), Watched(error)
        response = AudioResponse(b"zero", watched.pieces(), media_type="audio/mpeg")
        with pytest.raises(ResponseAbortedError, match=str(error)):
            await call(response, client.receive, client.send)
        assert watched.closed
        assert all(message.get("more_body", True) for message in client.messages)

    asyncio.run(session())


@pytest.mark.parametrize("stalls_after", [1, 2, 9])
def test_a_client_that_leaves_closes_the_iterator_in_the_calling_task(stalls_after: int) -> None:
    """Whether the response waits for a piece or is held up while sending one."""

    async def session() -> None:
        client, watched = Client(), Watched()
        pieces = watched.pieces()
        first = await anext(pieces)

        async def send(message: Message) -> None:
            await client.send(message)
            if len(client.messages) == min(stalls_after, 3):
                asyncio.get_running_loop().call_soon(client.gone.set)
            if len(client.messages) == stalls_after:
                await asyncio.Event().wait()

        await call(AudioResponse(first, pieces, media_type="audio/mpeg"), client.receive, send)
        assert watched.closed
        assert watched.tasks == {asyncio.current_task()}
        assert all(message.get("more_body", True) for message in client.messages)

    asyncio.run(session())


def test_a_cancelled_response_closes_the_iterator_and_stays_cancelled() -> None:
    async def session() -> None:
        client, watched = Client(), Watched()
        response = AudioResponse(b"zero", watched.pieces(), media_type="audio/mpeg")
        task = asyncio.create_task(call(response, client.receive, client.send))
        while len(client.messages) < 4:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert watched.closed

    asyncio.run(session())


def test_work_that_ends_first_gives_its_result() -> None:
    async def work() -> str:
        return "done"

    async def session() -> str:
        return await run_until_disconnect(Client().receive, work())

    assert asyncio.run(session()) == "done"


def test_an_error_of_the_work_passes() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    async def session() -> None:
        await run_until_disconnect(Client().receive, work())

    with pytest.raises(ZeroDivisionError):
        asyncio.run(session())


@pytest.mark.parametrize("says", ["cancelled", "nothing"])
def test_a_client_that_leaves_is_told_from_other_ends_of_the_work(says: str) -> None:
    """Also where the work turns its cancellation into an error, or hides it."""

    async def work(client: Client) -> None:
        client.gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if says == "cancelled":
                raise CancelledByCallerError("cancelled") from None

    async def session() -> int:
        client = Client()
        with pytest.raises(ClientGoneError):
            await run_until_disconnect(client.receive, work(client))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(session()) == 0


def test_the_rest_of_a_request_body_is_not_a_disconnect() -> None:
    async def session() -> str:
        messages = [{"type": "http.request", "body": b"rest", "more_body": False}]
        read = asyncio.Event()

        async def receive() -> Message:
            if messages:
                return messages.pop()
            read.set()
            await asyncio.Event().wait()
            raise AssertionError

        async def work() -> str:
            await read.wait()
            return "done"

        return await run_until_disconnect(receive, work())

    assert asyncio.run(session()) == "done"
