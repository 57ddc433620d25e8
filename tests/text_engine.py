"""An engine that reads text, as the embedded voice does."""

from typing import ClassVar, Literal

from attrs import evolve
from koe.cancellation import Cancellation
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import AudioChunk, PhonemeSegment, PhonemeWord


class TextEngine(FakeEngine):
    """Speaks the letters of a segment's text; knows no phonemes."""

    accepts: ClassVar[Literal["phonemes", "text"]] = "text"

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        word = PhonemeWord(segment.text, segment.text, source=segment.source)
        return super().infer(evolve(segment, words=(word,)), cancellation)


def text_plugin() -> FakePlugin:
    return FakePlugin(TextEngine())
