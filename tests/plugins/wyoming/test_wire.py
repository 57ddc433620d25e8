"""Whatever a peer sends, reading it takes bounded memory and ends in an event, an error or the end."""

import asyncio
import json
from typing import Any, cast

import pytest
from koe_wyoming.errors import BadEventError
from koe_wyoming.wire import Wire
from wyoming.event import Event

from tests.plugins.wyoming.helpers import home_assistant, wyoming_server
from tests.server.harness import wait_until

LIMIT = 1_000


def reader_of(data, *, ended=True):
    reader = asyncio.StreamReader(limit=LIMIT)
    reader.feed_data(data)
    if ended:
        reader.feed_eof()
    return reader


def wire_of(reader):
    """A wire on which nothing is sent."""
    return Wire(reader, cast("asyncio.StreamWriter", None), LIMIT, 1.0)


async def received(data):
    """The events in `data`, up to the end."""
    wire = wire_of(reader_of(data))
    events = []
    while (event := await wire.receive()) is not None:
        events.append(event)
    return events


async def test_events_are_read_whether_their_data_stands_in_the_header_or_behind_it():
    inline = b'{"type": "a", "data": {"x": 1, "y": 2}}\n'
    behind = b'{"type": "b", "data": {"x": 1, "y": 2}, "data_length": 8}\n{"y": 3}'
    bare = b'{"type": "c", "data": null, "version": "1.10.2"}\n'
    expected = [Event("a", {"x": 1, "y": 2}), Event("b", {"x": 1, "y": 3}), Event("c", {})]
    assert expected == await received(inline + behind + bare)


async def test_payloads_are_skipped():
    data = b'{"type": "audio-chunk", "payload_length": 900}\n' + b"\n" * 900 + b'{"type": "ping"}\n'
    assert [Event("audio-chunk"), Event("ping")] == await received(data)


@pytest.mark.parametrize(
    "data",
    [b"", b'{"type": "a"', b'{"type": "a", "data_length": 9}\n{', b'{"type": "a", "payload_length": 2}\n.'],
)
async def test_an_event_that_breaks_off_is_the_end(data):
    assert await received(data) == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"GET / HTTP/1.1\r\n", "not JSON"),
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 900 + b"\n", "not JSON"),
        (b"[1]\n", "must be a JSON object, not [1]"),
        (b"{}\n", "type must be a string, not None"),
        (b'{"type": 5}\n', "type must be a string, not 5"),
        (b'{"type": "a", "data": [1]}\n', "data must be an object, not [1]"),
        (b'{"type": "a", "data_length": 2}\n[]', "data must be a JSON object"),
        (b'{"type": "a", "data_length": -1}\n', "data_length must be an integer of at least 0, not -1"),
        (b'{"type": "a", "data_length": "2"}\n', "not '2'"),
        (b'{"type": "a", "data_length": true}\n', "not True"),
        (b'{"type": "a", "payload_length": 1e3}\n', "payload_length must be an integer"),
        (b'{"type": "a", "data_length": 1001}\n', "announces 1001 bytes; the limit is 1000"),
        (b'{"type": "a", "data_length": 600, "payload_length": 600}\n', "announces 1200 bytes"),
        (b'{"type": "a", "payload_length": ' + b"9" * 300 + b"}\n", "announces 999"),
        (b'{"type": "' + b"a" * 2000 + b'"}\n', "header is longer than 1000 bytes"),
    ],
)
async def test_what_is_no_event_is_refused_by_name(data, says):
    with pytest.raises(BadEventError) as caught:
        await received(data)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


async def test_a_header_without_end_is_refused_when_it_passes_the_limit():
    wire = wire_of(reader_of(b"x" * (LIMIT + 1), ended=False))
    with pytest.raises(BadEventError):
        await asyncio.wait_for(wire.receive(), 10)


GARBAGE = [
    b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
    b'{"type": "synthesize", "data_length": 999999999999}\n',
    b'{"type": "synthesize", "data": {"text": 5}}\n',
    b'{"type": "synthesize"}\n',
    b'{"type": "synthesize", "data": {"text": "hi", "voice": "ann"}}\n',
    b'{"type": "synthesize", "data": {"text": "hi", "voice": {"name": ["ann"]}}}\n',
    b'{"type": "synthesize", "data": {"text": "hi", "text_format": {}}}\n',
    b'{"type": "synthesize", "data": {"text": "\\ud83d"}}\n',
    b'{"type": "ping", "data": {"text": "\\ud83d"}}\n',
    b'{"type": "synthesize-chunk", "data": {"text": "hi"}}\n',
    b'{"type": "synthesize-stop"}\n',
    b'{"type": "synthesize-start"}\n{"type": "synthesize-start"}\n',
    b"x" * 3_000,
]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_a_live_server_answers_garbage_with_an_error_and_closes(garbage, server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(garbage)
    answer = await asyncio.wait_for(reader.read(), 30)
    header, _, data = answer.partition(b"\n")
    assert json.loads(header)["type"] == "error"
    assert json.loads(data)["code"] == "bad_event"
    writer.close()
    async with home_assistant(server.port) as client:
        assert (await client.say("Hello.")).types[-1] == "audio-stop"


async def test_events_that_koe_does_not_know_are_ignored(server):
    async with home_assistant(server.port) as client:
        await client.write_event(Event("select-program", {"name": "koe"}))
        await client.write_event(Event("audio-chunk", {"rate": 16_000}, b"\0" * 500))
        assert (await client.say("Hello.")).types == ["audio-start", "audio-chunk", "audio-stop"]


async def test_a_reader_that_stalls_is_dropped_and_its_work_stopped():
    text = " ".join(f"Sentence number {'abcdefghij'[i % 10]} is quite a long one." for i in range(1000))
    with wyoming_server(idle_timeout_s=0.3) as server:
        async with home_assistant(server.port) as client:
            reader: Any = client._reader
            reader._transport.pause_reading()
            await client.ask(text)
            await asyncio.to_thread(wait_until, lambda: server.stats.cancelled == 1, "it was dropped")
            assert server.stats.running == 0
            assert len(server.engine.spoken) < 1000


@pytest.fixture(scope="module")
def server():
    with wyoming_server(max_request_bytes=1_000) as server:
        yield server
