"""Large and slow bodies: read within limits of number, size and time."""

import asyncio
import json

import httpx
import pytest
from attrs import evolve
from koe.errors import BodyTimeoutError, BodyTooLargeError, InvalidRequestError
from koe.http.bodies import LARGE_BODIES, LARGE_BYTES, read_json
from koe.settings import LimitsSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin
from koe_ssml import SsmlConfig, SsmlPlugin

from tests.server.live import live

LIMITS = LimitsSettings(body_timeout_s=5)
SCOPE = {"type": "http", "headers": [(b"content-type", b"application/json")]}


class Client:
    """Sends a body in pieces, each when it is told to."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.asked = 0
        self.go = asyncio.Semaphore(0)

    async def receive(self):
        self.asked += 1
        await self.go.acquire()
        body = self.pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces)}

    def send(self, count=1):
        for _ in range(count):
            self.go.release()

    def read(self, limits=LIMITS):
        return asyncio.ensure_future(read_json(SCOPE, self.receive, limits))


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def _large(text="x" * LARGE_BYTES):
    body = json.dumps({"input": text}).encode()
    return body[:100], body[100:-1], body[-1:]


async def test_only_so_many_large_bodies_are_held_at_once():
    clients = [Client(*_large()) for _ in range(LARGE_BODIES + 2)]
    reading = [client.read() for client in clients]
    for client in clients:
        client.send(2)
    await until(lambda: sum(client.asked == 3 for client in clients) == LARGE_BODIES)
    waiting = [client for client in clients if client.asked == 2]
    assert len(waiting) == 2, "they are not read on before there is room"
    for client in clients:
        client.send()
    assert [len((await one)["input"]) for one in reading] == [LARGE_BYTES] * len(clients)


async def test_small_bodies_do_not_wait_for_large_ones():
    large = [Client(*_large()) for _ in range(LARGE_BODIES)]
    reading = [client.read() for client in large]
    for client in large:
        client.send(2)
    await until(lambda: all(client.asked == 3 for client in large))
    small = Client(b'{"input": "hi"}')
    small.send()
    assert await small.read() == {"input": "hi"}
    for client in large:
        client.send()
    await asyncio.gather(*reading)


async def test_a_place_is_given_back_whatever_becomes_of_the_body():
    limits = evolve(LIMITS, max_body_bytes=LARGE_BYTES + 200)
    for _ in range(2 * LARGE_BODIES):
        too_large, broken = Client(*_large(), b"x" * 1_000), Client(*_large()[:2], b"x")
        too_large.send(4)
        with pytest.raises(BodyTooLargeError):
            await too_large.read(limits)
        broken.send(3)
        with pytest.raises(InvalidRequestError, match="not valid JSON"):
            await broken.read(limits)


async def test_a_body_that_does_not_come_is_given_up():
    client = Client(b'{"input":', b'"hi"}')
    client.send()
    with pytest.raises(BodyTimeoutError, match=r"0\.05 s \(limits\.body_timeout_s\)"):
        await client.read(evolve(LIMITS, body_timeout_s=0.05))


async def test_a_stalled_client_gives_its_place_back_in_time():
    stalled = [Client(*_large()) for _ in range(LARGE_BODIES)]
    limits = evolve(LIMITS, body_timeout_s=0.2)
    reading = [client.read(limits) for client in stalled]
    for client in stalled:
        client.send(2)
    patient = Client(*_large())
    patient.send(3)
    assert len((await patient.read())["input"]) == LARGE_BYTES
    assert all(
        isinstance(error, BodyTimeoutError)
        for error in await asyncio.gather(*reading, return_exceptions=True)
    )


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/text/inspect"])
def test_a_document_of_10_mb_is_refused_with_its_place(path):
    document = "<speak>" + "a" * 10_000_000 + "</speak>"
    with live(FakePlugin(), SsmlPlugin(SsmlConfig()), settings=FAKE_SETTINGS) as server:
        answer = httpx.post(f"{server.url}{path}", json={"input": document, "markup": "ssml"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "text_too_long", "input")
    assert "line 1, column " in error["message"] or path.endswith("inspect")
