"""Home Assistant as the server sees it: its requests, and how it reads the answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from attrs import define, evolve, frozen
from koe.hooks import Plugin
from koe.settings import Settings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_wyoming import WyomingConfig, WyomingPlugin
from wyoming.audio import AudioChunk, AudioStart
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from tests.server.harness import PATIENCE_S
from tests.server.live import LiveServer, live


@frozen
class WyomingServer:
    """A live server with the plugin in it."""

    port: int
    engine: FakeEngine
    server: LiveServer

    @property
    def stats(self) -> Any:
        return self.server.service.backend.stats()


@contextmanager
def wyoming_server(
    engine: FakeEngine | None = None,
    *plugins: Plugin,
    settings: Settings = FAKE_SETTINGS,
    **config: Any,
) -> Iterator[WyomingServer]:
    plugin = WyomingPlugin(WyomingConfig(**{"port": 0, **config}))
    engine = engine or FakeEngine()
    with live(FakePlugin(engine), *plugins, plugin, settings=settings) as server:
        yield WyomingServer(plugin.port, engine, server)


def limited(**limits: Any) -> Settings:
    return evolve(FAKE_SETTINGS, limits=evolve(FAKE_SETTINGS.limits, **limits))


@define
class Heard:
    """What a client was answered."""

    events: list[Event]

    @property
    def types(self) -> list[str]:
        """The events' types in order, the many `audio-chunk`s as one."""
        types = [event.type for event in self.events]
        return [kind for place, kind in enumerate(types) if place == 0 or kind != types[place - 1]]

    @property
    def chunks(self) -> list[AudioChunk]:
        return [AudioChunk.from_event(event) for event in self.events if AudioChunk.is_type(event.type)]

    @property
    def pcm(self) -> bytes:
        return b"".join(chunk.audio for chunk in self.chunks)

    @property
    def start(self) -> AudioStart:
        return next(AudioStart.from_event(event) for event in self.events if AudioStart.is_type(event.type))

    @property
    def error(self) -> Error:
        (error,) = [Error.from_event(event) for event in self.events if Error.is_type(event.type)]
        return error


class HomeAssistant(AsyncTcpClient):
    """Sends what the `wyoming` integration sends (tts.py), with the library it uses."""

    async def describe(self) -> Info:
        await self.write_event(Describe().event())
        return Info.from_event(await self.read())

    async def read(self) -> Event:
        event = await self.read_event()
        assert event is not None, "the connection ended"
        return event

    async def ask(self, text: str, voice: SynthesizeVoice | None = None) -> None:
        await self.write_event(Synthesize(text=text, voice=voice).event())

    async def say(self, text: str, voice: SynthesizeVoice | None = None) -> Heard:
        """Without streaming."""
        await self.ask(text, voice)
        return await self.hear(until="audio-stop")

    async def begin(self, voice: SynthesizeVoice | None = None) -> None:
        await self.write_event(SynthesizeStart(voice=voice).event())

    async def write(self, text: str) -> None:
        await self.write_event(SynthesizeChunk(text=text).event())

    async def end(self, whole_text: str | None = None) -> None:
        """For servers that cannot stream, the integration repeats the whole text first."""
        if whole_text is not None:
            await self.write_event(Synthesize(text=whole_text).event())
        await self.write_event(SynthesizeStop().event())

    async def stream(self, texts: Sequence[str], voice: SynthesizeVoice | None = None) -> Heard:
        await self.begin(voice)
        for text in texts:
            await self.write(text)
        await self.end("".join(texts))
        return await self.hear(until="synthesize-stopped")

    async def hear(self, until: str) -> Heard:
        """Read until that event or the connection's end."""
        heard = Heard([])
        while event := await self.read_event():
            heard.events.append(event)
            if event.type == until:
                break
        return heard

    async def hear_all(self) -> Heard:
        return await self.hear(until="")


@asynccontextmanager
async def home_assistant(port: int) -> AsyncIterator[HomeAssistant]:
    async with HomeAssistant(
        "127.0.0.1", port, connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S
    ) as client:
        yield client


class Gate:
    """Holds every inference of a text that begins with `word` until it is opened or cancelled."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.cancelled = threading.Event()

    def __call__(self, segment: Any, cancellation: Any) -> None:
        if not segment.text.startswith(self.word):
            return

        def cancel() -> None:
            self.cancelled.set()
            self.opened.set()

        with cancellation.on_cancel(cancel):
            self.reached.set()
            assert self.opened.wait(PATIENCE_S), "nobody opened the gate"

    async def wait_until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, PATIENCE_S), f"{self.word!r} was never spoken"
