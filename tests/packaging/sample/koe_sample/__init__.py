"""A third-party plugin: a normalizer, a processor, a route, a command and an observer."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen
from cyclopts import App
from koe.api import (
    AudioChunk,
    AudioProcessor,
    AudioStream,
    Normalizer,
    Plugin,
    Segment,
    SegmentSynthesized,
    Server,
    StreamInfo,
    hookimpl,
)
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

if marker := os.environ.get("KOE_SAMPLE_IMPORTED"):
    Path(marker).write_text("imported", encoding="utf-8")


@frozen
class SampleConfig:
    """`[plugins.sample]`: what replaces the word "fox"."""

    animal: str = "wolf"


class Replace(Normalizer):
    name = "sample-replace"

    def __init__(self, animal: str) -> None:
        self.animal = animal

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        start = segment.text.find("fox")
        yield segment if start < 0 else segment.replace(start, start + len("fox"), self.animal)


class Invert(AudioProcessor):
    name = "sample-invert"

    def open(self, info: StreamInfo) -> AudioStream:
        return _InvertStream()


class _InvertStream(AudioStream):
    def process(self, chunk: AudioChunk) -> AudioChunk:
        return AudioChunk(-chunk.samples, chunk.sample_rate, chunk.words)

    def flush(self) -> None:
        return None


class SamplePlugin(Plugin):
    Config = SampleConfig

    def __init__(self, config: SampleConfig) -> None:
        super().__init__(config)
        self.spoken: list[str] = []

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return [Replace(self.config.animal)]

    @hookimpl
    def register_audio_processors(self) -> Iterable[AudioProcessor]:
        return [Invert()]

    @hookimpl
    def register_routes(self, server: Server) -> Iterable[BaseRoute]:
        async def spoken(request: Request) -> JSONResponse:
            return JSONResponse({"engine": server.engines()[0].name, "spoken": self.spoken})

        return [Route("/sample/spoken", spoken)]

    @hookimpl
    def register_commands(self) -> Iterable[App]:
        app = App(name="sample", help="Say what the sample replaces.")

        @app.default
        def show() -> int:
            sys.stdout.write(f"fox -> {self.config.animal}\n")
            return 0

        return [app]

    @hookimpl
    def segment_synthesized(self, event: SegmentSynthesized) -> None:
        self.spoken.append(event.text)
