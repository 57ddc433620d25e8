"""The plugin's normalizers, and texts through them."""

from collections.abc import Iterable
from functools import cache
from typing import Protocol, cast

from koe.api import GivenPhonemes, Segment, Span, VoiceMix
from koe_text import TextNormalizationConfig, TextNormalizationPlugin

VOICE = VoiceMix.of("any")


class TextsAlone(Protocol):
    """The normalizers of this plugin put nothing between segments."""

    name: str

    def normalize(self, segment: Segment) -> Iterable[Segment]: ...


def plugin(**config) -> TextNormalizationPlugin:
    return TextNormalizationPlugin(TextNormalizationConfig(**config))


@cache
def shared() -> TextNormalizationPlugin:
    return plugin()


def normalizer(name: str, made: TextNormalizationPlugin | None = None) -> TextsAlone:
    found = {one.name: one for one in (made or shared()).register_normalizers()}[name]
    return cast("TextsAlone", found)


def segment(text: str, language: str = "en-US", given: tuple[tuple[str, str], ...] = ()) -> Segment:
    """A segment; `given` are words of it with their phonemes."""
    spans = [(text.index(word), word, phonemes) for word, phonemes in given]
    phonemes = tuple(GivenPhonemes(Span(at, at + len(word)), sound) for at, word, sound in spans)
    return Segment(text, VOICE, language, given=phonemes)


def texts(
    name: str, text: str, language: str = "en-US", made: TextNormalizationPlugin | None = None
) -> list[str]:
    """What a normalizer makes of a text."""
    return [one.text for one in normalizer(name, made).normalize(segment(text, language))]


def spoken(text: str, language: str = "en-US", name: str = "normalize") -> str:
    return " ".join(texts(name, text, language))
