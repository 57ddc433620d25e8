"""The port is koe's from start to stop; connections are bounded, idle ones end, draining is honest."""

import asyncio
import re
import signal
import socket
import threading
from contextlib import ExitStack
from typing import cast

import pytest
from attrs import evolve
from koe.hooks import Server
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_wyoming import WyomingAddressError, WyomingConfig, WyomingPlugin
from koe_wyoming.listener import Listener
from wyoming.info import Describe

from tests.plugins.wyoming.helpers import Gate, home_assistant, wyoming_server
from tests.server.live import KoeServer


@pytest.fixture
def taken():
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


class Serving:
    """As much of a server as listening needs."""

    def __init__(self, workers=1):
        self.workers = workers


def listener(workers=1, **config):
    return Listener(cast("Server", Serving(workers)), WyomingConfig(**config))


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_taken_port_is_an_error_that_says_the_way_out(taken, workers):
    with pytest.raises(
        WyomingAddressError, match=rf"127\.0\.0\.1:{taken}: the port is in use.*plugins\.wyoming\.port"
    ):
        await listener(workers, port=taken).start()


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
async def test_a_foreign_or_unknown_host_is_an_error(host):
    with pytest.raises(WyomingAddressError, match=re.escape(f"cannot listen on {host}:")):
        await listener(host=host, port=0).start()


async def test_processes_of_one_server_share_the_port():
    first = second = listener(2, port=0)
    await first.start()
    try:
        second = listener(2, port=first.port)
        await second.start()
        assert second.port == first.port
    finally:
        for one in (first, second):
            await one.close()


async def test_a_single_process_shares_its_port_with_nobody():
    first = listener(1, port=0)
    await first.start()
    try:
        with pytest.raises(WyomingAddressError):
            await listener(1, port=first.port).start()
    finally:
        await first.close()


async def test_commands_that_serve_nobody_do_not_listen(taken):
    """`koe say` works while a server with the same config is running."""
    plugin = WyomingPlugin(WyomingConfig(port=taken))
    async with running(FakePlugin(), plugin):
        with pytest.raises(RuntimeError, match="not serving"):
            _ = plugin.port


def test_the_port_is_free_again_after_the_stop():
    with wyoming_server() as server:
        port = server.port
        with socket.create_connection(("127.0.0.1", port)):
            pass
    with wyoming_server(port=port) as server:
        assert server.port == port


async def test_more_clients_than_allowed_are_told_so():
    with wyoming_server(max_connections=2) as server:
        async with home_assistant(server.port) as first, home_assistant(server.port) as second:
            await first.describe()
            await second.describe()
            async with home_assistant(server.port) as third:
                heard = await third.hear_all()
            assert heard.error.code == "overloaded"
            assert "plugins.wyoming.max_connections" in heard.error.text
        await _until_admitted(server.port)


async def test_a_silent_client_is_told_and_dropped():
    with wyoming_server(idle_timeout_s=0.2) as server:
        async with home_assistant(server.port) as client:
            await client.describe()
            heard = await client.hear_all()
    assert heard.types == ["error"]
    assert heard.error.code == "idle_timeout"


async def test_a_text_that_stops_coming_is_dropped_and_frees_its_place():
    with wyoming_server(idle_timeout_s=0.2) as server:
        async with home_assistant(server.port) as client:
            await client.begin()
            await client.write("One sentence. And then")
            heard = await client.hear_all()
        assert heard.types == ["audio-start", "audio-chunk", "error"]
        assert heard.error.code == "idle_timeout"
        assert server.stats.running == 0


async def test_a_client_that_waits_for_slow_audio_is_not_silent():
    gate = Gate("Held")
    with wyoming_server(FakeEngine(before=gate), idle_timeout_s=0.1) as server:
        async with home_assistant(server.port) as client:
            await client.ask("Held.")
            await gate.wait_until_reached()
            threading.Timer(0.4, gate.opened.set).start()
            assert (await client.hear_all()).types == ["audio-start", "audio-chunk", "audio-stop", "error"]


async def test_requests_that_pile_up_on_one_connection_are_refused():
    gate = Gate("Held")
    with wyoming_server(FakeEngine(before=gate)) as server:
        async with home_assistant(server.port) as client:
            for _ in range(10):
                await client.ask("Held.")
            heard = await client.hear_all()
    assert heard.types == ["error"]
    assert heard.error.code == "overloaded"


async def test_the_text_of_a_stream_is_limited():
    with wyoming_server(max_request_bytes=1_000) as server:
        async with home_assistant(server.port) as client:
            await client.begin()
            for _ in range(40):
                await client.write("word after word, ")
            for _ in range(40):
                await client.write("word after word, ")
            heard = await client.hear_all()
    assert heard.error.code == "text_too_long"
    assert "audio-stop" not in heard.types


async def test_while_draining_the_running_request_is_finished_and_new_ones_are_refused():
    gate = Gate("Held")
    with wyoming_server(FakeEngine(before=gate)) as server:
        async with home_assistant(server.port) as running, home_assistant(server.port) as late:
            await running.ask("Held. And then the rest.")
            await gate.wait_until_reached()
            server.server.service.begin_drain()
            await late.ask("Hello.")
            heard = await late.hear_all()
            assert (heard.types, heard.error.code) == (["error"], "shutting_down")
            gate.opened.set()
            assert (await running.hear(until="audio-stop")).types == [
                "audio-start",
                "audio-chunk",
                "audio-stop",
            ]


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_outlasts_the_drain_time_is_broken_off_with_an_error(streamed):
    gate = Gate("Second")
    server_settings = evolve(FAKE_SETTINGS.server, drain_timeout_s=0.2)
    with ExitStack() as stack:
        engine = FakeEngine(before=gate)
        settings = evolve(FAKE_SETTINGS, server=server_settings)
        server = stack.enter_context(wyoming_server(engine, settings=settings))
        async with home_assistant(server.port) as client:
            if streamed:
                await client.begin()
                await client.write("First one. Second one. And")
            else:
                await client.ask("First one. Second one.")
            await gate.wait_until_reached()
            stopped = asyncio.ensure_future(asyncio.to_thread(stack.pop_all().close))
            heard = await client.hear_all()
        await stopped
    assert heard.types == ["audio-start", "audio-chunk", "error"]
    assert heard.error.code == "shutting_down"
    assert gate.cancelled.is_set()


async def test_idle_clients_do_not_hold_up_the_stop():
    with ExitStack() as stack:
        server = stack.enter_context(wyoming_server())
        async with home_assistant(server.port) as client:
            await client.describe()
            stopped = asyncio.ensure_future(asyncio.to_thread(stack.pop_all().close))
            assert (await client.hear_all()).types == []
        await stopped


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


ESPEAK = ("--enable", "wyoming", "--set", "engine.default=espeak")


@pytest.mark.parametrize("workers", [1, 2])
async def test_koe_serve_speaks_wyoming_and_stops_cleanly(workers):
    port = free_port()
    options = (*ESPEAK, "--workers", str(workers), "--set", f"plugins.wyoming.port={port}")
    with KoeServer(*options) as process:
        process.ready()
        listening = process.events("wyoming_listening")
        assert [(event["host"], event["port"]) for event in listening] == [("127.0.0.1", port)] * workers
        for _ in range(4):
            async with home_assistant(port) as client:
                (program,) = (await client.describe()).tts
                assert {"en-US", "de"} <= {
                    language for voice in program.voices for language in voice.languages
                }
                heard = await client.stream(["Good ", "morning. ", "It is ", "seven o'clock."])
                assert heard.types == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]
                assert 1 < len(heard.pcm) / 48_000 < 6
        process.signal(signal.SIGTERM)
        assert process.exit_code() == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_koe_serve_does_not_start_on_a_taken_port_and_says_why(taken):
    with KoeServer(*ESPEAK, "--set", f"plugins.wyoming.port={taken}") as process:
        assert process.exit_code() == 1
        (event,) = process.events("server_failed")
    assert event["code"] == "address_unavailable"
    assert f"127.0.0.1:{taken}: the port is in use" in event["reason"]


async def _until_admitted(port):
    """The server sees a moment later that a client has left."""
    async with asyncio.timeout(30):
        while True:
            async with home_assistant(port) as client:
                await client.write_event(Describe().event())
                if (await client.read()).type == "info":
                    return
