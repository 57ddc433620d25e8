"""Captions: an answer without audio that shows when each word of it is heard.

They are made from an answer's words alone, so they are a way of writing it over HTTP and no `AudioFormat`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import frozen

from koe.http.cues import Cue, cues
from koe.http.views import encode
from koe.http.words import OriginalMark, OriginalWord


@frozen
class Transcript:
    """Everything that captions are made from. `markup` is how `text` is written."""

    text: str
    words: tuple[OriginalWord, ...]
    marks: tuple[OriginalMark, ...]
    duration_s: float
    engine: str
    voice: str
    estimated: bool
    markup: str = "text"

    @property
    def cues(self) -> tuple[Cue, ...]:
        return cues(self.text, self.words, self.markup)


@frozen
class CaptionSegment:
    """A stretch of the text as `srt` and `vtt` show it. `start` and `end` are seconds."""

    text: str
    start: float
    end: float
    start_char: int
    end_char: int


@frozen
class CaptionsView:
    """When each word is heard. Times are seconds; `estimated`: the engine did not measure them."""

    text: str
    duration: float
    engine: str
    voice: str
    estimated: bool
    words: tuple[OriginalWord, ...]
    segments: tuple[CaptionSegment, ...]
    marks: tuple[OriginalMark, ...]


@frozen
class CaptionFormat:
    """A way to write captions down."""

    name: str
    media_type: str
    extension: str
    render: Callable[[Transcript], bytes]


def _subrip(transcript: Transcript) -> bytes:
    """SubRip knows no escapes; an arrow in the text is parted, so that no line looks like a time."""
    blocks = (
        f"{number}\n{_times(cue, ',')}\n{_shown(cue.lines).replace('-->', '-- >')}\n"
        for number, cue in enumerate(transcript.cues, start=1)
    )
    return "\n".join(blocks).encode()


def _webvtt(transcript: Transcript) -> bytes:
    head = ["WEBVTT\n"]
    if transcript.estimated:
        head.append("NOTE The times are estimated.\n")
    blocks = (f"{_times(cue, '.')}\n{_escaped(_shown(cue.lines))}\n" for cue in transcript.cues)
    return "\n".join([*head, *blocks]).encode()


def _json(transcript: Transcript) -> bytes:
    segments = (
        CaptionSegment(cue.text, cue.start_ms / 1000, cue.end_ms / 1000, cue.start_char, cue.end_char)
        for cue in transcript.cues
    )
    return encode(
        CaptionsView(
            text=transcript.text,
            duration=round(transcript.duration_s, 6),
            engine=transcript.engine,
            voice=transcript.voice,
            estimated=transcript.estimated,
            words=transcript.words,
            segments=tuple(segments),
            marks=transcript.marks,
        )
    )


def _shown(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(cue: Cue, point: str) -> str:
    return f"{_clock(cue.start_ms, point)} --> {_clock(cue.end_ms, point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{rest:03}"


_FORMATS = (
    CaptionFormat("srt", "application/x-subrip", "srt", _subrip),
    CaptionFormat("vtt", "text/vtt", "vtt", _webvtt),
    CaptionFormat("json", "application/json", "json", _json),
)
CAPTIONS: Final[Mapping[str, CaptionFormat]] = {one.name: one for one in _FORMATS}
"""What `response_format` may name besides the audio formats."""
