"""The markup `tags`: pauses, voices, rates, volumes and pronunciations in square brackets.

`docs/markup.md` describes it. Brackets that are no tag are spoken as they stand; what begins like a tag and
is none is refused, because the alternative is to read it aloud.
"""

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from attrs import define, evolve, field, frozen

from koe import ranges
from koe.alignment import Alignment, Run, Span
from koe.errors import InvalidRequestError, UnknownVoiceError
from koe.places import excerpt, place
from koe.stages import MarkupContext, MarkupParser
from koe.types import (
    GivenPhonemes,
    Pause,
    Prosody,
    Segment,
    SpeechRequest,
    Utterance,
    UtterancePart,
    VoiceMix,
)

MAX_PAUSE_S = 60.0
MAX_PAUSES_S = 3_600.0
"""All pauses of one text together."""
MAX_PHONEMES = 200
"""Of one word."""

# Every alternative either matches or stops before the next bracket: linear, whatever the text.
_TAG = re.compile(
    r"""\\ (?P<escaped>\[)
      | \[ (?P<name>/?(?:pause|voice|rate|volume)) (?=[^\S\n]*+(?:[:=]|\](?!\(/)))
        (?P<value>[^\[\]\n]*+) (?P<end>\])?
      | \[ (?P<word>[^\[\]\n]*+) \]\(/ (?P<phonemes>[^/\n]*+) (?P<closed>/\))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))"
_LENGTH = re.compile(rf":\s*{_NUMBER}\s*(ms|s)\s*", re.IGNORECASE | re.ASCII)
_RATE = re.compile(rf":\s*{_NUMBER}\s*", re.ASCII)
_VOLUME = re.compile(rf":\s*{_NUMBER}\s*dB\s*", re.IGNORECASE | re.ASCII)
_ESCAPE = r"Write \[ for a bracket that is to be spoken"


class Tags(MarkupParser):
    """Text with tags in square brackets."""

    name = "tags"

    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        reader = _Reader(request, context, _Style(context.voice, context.language))
        position = 0
        for match in _TAG.finditer(request.text):
            reader.say(position, match.start())
            reader.read(match)
            position = match.end()
        reader.say(position, len(request.text))
        reader.end_segment()
        return Utterance(tuple(reader.parts))


@frozen
class _Style:
    """How what follows is spoken."""

    voice: VoiceMix
    language: str
    rate: float = 1.0
    volume_db: float = 0.0


@define
class _Reader:
    """What has been read so far; `text` and its `runs` are the segment that is not complete yet."""

    request: SpeechRequest
    context: MarkupContext
    style: _Style
    parts: list[UtterancePart] = field(factory=list)
    text: list[str] = field(factory=list)
    runs: list[Run] = field(factory=list)
    given: list[GivenPhonemes] = field(factory=list)
    length: int = 0
    pauses_s: float = 0.0
    open_tags: set[str] = field(factory=set)

    def say(self, start: int, end: int) -> None:
        """Add the user's characters `[start, end)` as they stand."""
        if start < end:
            self.text.append(self.request.text[start:end])
            self.runs.append(Run(end - start, Span(start, end), verbatim=True))
            self.length += end - start

    def read(self, match: re.Match[str]) -> None:
        if match["escaped"]:
            self.say(*match.span("escaped"))
        elif match["name"] is None:
            self._pronounce(match)
        elif not match["end"]:
            self._refuse(match, "the tag has no ] on its line")
        else:
            _READERS[match["name"].lower()](self, match)

    def end_segment(self) -> None:
        """Make a part of the text so far; white space alone is none."""
        text = "".join(self.text)
        if text.strip():
            style = self.style
            prosody = Prosody(style.rate, style.volume_db)
            alignment, given = Alignment(tuple(self.runs)), tuple(self.given)
            self.parts.append(Segment(text, style.voice, style.language, prosody, alignment, given))
        self.text, self.runs, self.given, self.length = [], [], [], 0

    def pause(self, match: re.Match[str]) -> None:
        found = _LENGTH.fullmatch(match["value"])
        seconds = float(found[1]) / (1000 if found[2].lower() == "ms" else 1) if found else -1.0
        if not 0 <= seconds <= MAX_PAUSE_S:
            self._refuse(match, f"a pause takes a length such as 1.5s or 300ms, at most {MAX_PAUSE_S:g}s")
        self.pauses_s += seconds
        if self.pauses_s > MAX_PAUSES_S:
            self._refuse(match, f"the pauses of one text may last {MAX_PAUSES_S:g} s together")
        self.end_segment()
        source = Span(*match.span())
        if self.parts and isinstance(last := self.parts[-1], Pause):
            self.parts[-1] = Pause(last.seconds + seconds, Span(last.source.start, source.end))
        else:
            self.parts.append(Pause(seconds, source))

    def voice(self, match: re.Match[str]) -> None:
        name = match["value"].removeprefix(":").strip()
        if not match["value"].startswith(":") or not name:
            self._refuse(match, "a voice tag takes a name, alias or mix, such as [voice:af_sky]")
        try:
            voice, language = self.context.find_voice(name)
        except UnknownVoiceError as error:
            raise UnknownVoiceError(f"{self._where(match)}: {error}", param="input") from None
        self._begin("voice", evolve(self.style, voice=voice, language=self.request.language or language))

    def rate(self, match: re.Match[str]) -> None:
        low, high = ranges.SPEED
        found = _RATE.fullmatch(match["value"])
        if not found or not low <= float(found[1]) <= high:
            self._refuse(match, f"a rate is a number from {low:g} to {high:g}, such as [rate:0.9]")
        rate = float(found[1])
        if not low <= rate * self.request.speed <= high:
            product = f"{rate:g} times the request's speed of {self.request.speed:g}"
            self._refuse(match, f"{product} is outside {low:g} to {high:g}")
        self._begin("rate", evolve(self.style, rate=rate))

    def volume(self, match: re.Match[str]) -> None:
        low, high = ranges.VOLUME_DB
        found = _VOLUME.fullmatch(match["value"])
        if not found or not low <= float(found[1]) <= high:
            self._refuse(match, f"a volume is a gain from {low:g}dB to {high:g}dB, such as [volume:-6dB]")
        self._begin("volume", evolve(self.style, volume_db=float(found[1])))

    def close(self, match: re.Match[str]) -> None:
        name = match["name"][1:].lower()
        if match["value"].strip() or name not in self.open_tags:
            wrong = f"[/{name}] takes no value" if match["value"].strip() else f"no [{name}:…] is open here"
            self._refuse(match, wrong)
        self.open_tags.remove(name)
        before = _Style(self.context.voice, self.context.language)
        kept = {
            "voice": evolve(self.style, voice=before.voice, language=before.language),
            "rate": evolve(self.style, rate=before.rate),
            "volume": evolve(self.style, volume_db=before.volume_db),
        }
        self._change(kept[name])

    def refuse_close(self, match: re.Match[str]) -> None:
        self._refuse(match, "a pause has no end tag")

    def _begin(self, name: str, style: _Style) -> None:
        self.open_tags.add(name)
        self._change(style)

    def _change(self, style: _Style) -> None:
        if style != self.style:
            self.end_segment()
            self.style = style

    def _pronounce(self, match: re.Match[str]) -> None:
        phonemes = match["phonemes"].strip()
        if not match["closed"]:
            self._refuse(match, "the phonemes have no /) on their line")
        if not match["word"].strip() or not phonemes:
            self._refuse(match, "a pronunciation takes a word and its phonemes, such as [koe](/kˈoʊeɪ/)")
        if len(phonemes) > MAX_PHONEMES:
            self._refuse(match, f"one word takes at most {MAX_PHONEMES} phoneme symbols")
        start, end = match.span("word")
        word = self.request.text[start:end]
        left = len(word) - len(word.lstrip())
        right = len(word.rstrip())
        self.given.append(GivenPhonemes(Span(self.length + left, self.length + right), phonemes))
        self.say(start, end)

    def _refuse(self, match: re.Match[str], reason: str) -> NoReturn:
        raise InvalidRequestError(f"{self._where(match)}: {reason}. {_ESCAPE}", param="input")

    def _where(self, match: re.Match[str]) -> str:
        text = self.request.text
        return f"{place(text, match.start())}: {excerpt(text, match.start())}"


_READERS: Mapping[str, Callable[[_Reader, re.Match[str]], None]] = {
    "pause": _Reader.pause,
    "voice": _Reader.voice,
    "rate": _Reader.rate,
    "volume": _Reader.volume,
    "/pause": _Reader.refuse_close,
    "/voice": _Reader.close,
    "/rate": _Reader.close,
    "/volume": _Reader.close,
}
