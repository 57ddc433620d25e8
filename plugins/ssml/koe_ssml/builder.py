"""Puts the parts of an utterance together, with a place in the document for each character."""

import re
from collections.abc import Iterable, Iterator

from attrs import define, evolve, field, frozen
from koe.api import (
    Alignment,
    AudioChunk,
    Clip,
    GivenPhonemes,
    Lexicon,
    Mark,
    Pause,
    Prosody,
    Run,
    Segment,
    Span,
    UtterancePart,
    VoiceMix,
    XmlDocument,
    sentence_ends,
)

from koe_ssml.values import RATES, VOLUMES_DB, clamped

MAX_PAUSES_S = 3_600.0
"""All pauses of one document together."""
SILENT_DB = -120.0

_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]+")
_ODD_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_CLOSING = re.compile(r"""[.,;:!?…。、，！？；：)\]"”’»]+""")
_ENDS = frozenset(".!?…。！？:;,—、，：；।")
_FULL_STOPS = {"ja": "。", "zh": "。"}


@frozen
class Style:
    """How what follows is spoken.

    `media_db` is the sound level of the `media` around, which holds for speech and clips alike;
    `sentence_pause_s` is the silence between sentences where the document says one.
    """

    voice: VoiceMix
    language: str
    rate: float = 1.0
    volume_db: float = 0.0
    pitch_semitones: float = 0.0
    media_db: float = 0.0
    sentence_pause_s: float | None = None
    lexicons: tuple[Lexicon, ...] = ()

    def prosody(self, speed: float) -> Prosody:
        """For a request at `speed`, with which the rate is multiplied later."""
        low, high = RATES
        level = self.volume_db + self.media_db
        volume_db = SILENT_DB if self.volume_db <= SILENT_DB else clamped(level, VOLUMES_DB)
        return Prosody(clamped(self.rate, (low / speed, high / speed)), volume_db, self.pitch_semitones)


@frozen
class Piece:
    """Text on its way into a segment; `phonemes` are how it is pronounced, where that was said."""

    text: str
    source: Span
    verbatim: bool
    phonemes: str = ""


@define
class Builder:
    """What has been read so far; `_text` and `_runs` are the segment that is not complete yet.

    Pauses without sound between them add up in the pipeline; a gap is what they at least come to.
    """

    document: XmlDocument
    speed: float
    parts: list[UtterancePart] = field(factory=list)
    _text: list[str] = field(factory=list, init=False)
    _runs: list[Run] = field(factory=list, init=False)
    _given: list[GivenPhonemes] = field(factory=list, init=False)
    _style: Style | None = field(default=None, init=False)
    _length: int = field(default=0, init=False)
    _gap_s: float = field(default=0.0, init=False)
    _silence_s: float = field(default=0.0, init=False)
    _pauses_s: float = field(default=0.0, init=False)
    _sounded: bool = field(default=False, init=False)

    def say(self, piece: Piece, style: Style) -> None:
        """Add text; a change of style begins a segment, but punctuation stays with the word before it."""
        if not piece.text or (not self._length and not piece.text.strip(_SPACE)):
            return
        if self._length and style != self._style and piece.text.strip(_SPACE):
            piece = self._take_closing(piece)
            if not piece.text.strip(_SPACE):
                return
            self.finish()
        if not self._length:
            self._style = style
        for part in _without_odd_spaces(piece, after_space=self._ends_with_space):
            self._append(part)

    def end_sentence(self, position: int, language: str) -> None:
        """What was said is a sentence, with or without a full stop."""
        said = "".join(self._text[-2:]).rstrip(_SPACE + "\"'”’)»]")
        if self._length and said and said[-1] not in _ENDS:
            self._trim_end()
            stop = _FULL_STOPS.get(language.partition("-")[0].lower(), ".")
            self._append(Piece(stop, Span(position, position), verbatim=False))
        self.finish()

    def gap(self, seconds: float) -> None:
        """Silence before what sounds next, if anything does; none at the begin of the document."""
        self.finish()
        if self._sounded:
            self._gap_s = max(self._gap_s, seconds)

    def pause(self, seconds: float, source: Span) -> None:
        self._pauses_s += seconds
        if self._pauses_s > MAX_PAUSES_S:
            limit = f"the pauses of one document may last {MAX_PAUSES_S:g} s together"
            raise self.document.error(source.start, limit)
        self.finish()
        self._silence_s += seconds
        self.parts.append(Pause(seconds, source))

    def mark(self, name: str, source: Span) -> None:
        self.finish()
        self.parts.append(Mark(name, source))

    def clip(self, chunk: AudioChunk, volume_db: float, source: Span) -> None:
        self.finish()
        self._begin_sound(source)
        self.parts.append(Clip(chunk, volume_db, source))

    def finish(self) -> None:
        """Make a part of the text so far; white space alone is none."""
        if self._style is not None and "".join(self._text).strip():
            self._add_segment(self._style)
        self._text, self._runs, self._given, self._length = [], [], [], 0

    def fit(self, first: int, seconds: float, characters_per_second: float, *, at_most: bool = False) -> bool:
        """Set the rates of the parts from `first` on so that they take about `seconds`.

        With `at_most` they may take less. Returns whether `RATES` allow it.
        """
        self.finish()
        numbered = enumerate(self.parts[first:], first)
        segments = {index: part for index, part in numbered if isinstance(part, Segment)}
        spoken_s = sum(len(one.text) / one.prosody.rate for one in segments.values()) / characters_per_second
        left_s = max(seconds - _silence_s(self.parts[first:]), 0.01)
        factor, (low, high) = spoken_s / self.speed / left_s, RATES
        if at_most and factor <= 1:
            return True
        fits = True
        for index, segment in segments.items():
            wanted = segment.prosody.rate * factor
            rate = clamped(wanted, (low / self.speed, high / self.speed))
            fits = fits and rate == wanted
            self.parts[index] = evolve(segment, prosody=evolve(segment.prosody, rate=rate))
        return fits

    @property
    def _ends_with_space(self) -> bool:
        return not self._length or self._text[-1][-1] == " "

    def _take_closing(self, piece: Piece) -> Piece:
        """Give the segment before a change of style the punctuation right behind it; what is left."""
        closing = _CLOSING.match(piece.text)
        if closing is None or not piece.verbatim or piece.phonemes or self._ends_with_space:
            return piece
        middle = piece.source.start + closing.end()
        self._append(Piece(closing[0], Span(piece.source.start, middle), verbatim=True))
        return Piece(piece.text[closing.end() :], Span(middle, piece.source.end), verbatim=True)

    def _append(self, piece: Piece) -> None:
        text, length = piece.text, len(piece.text)
        if piece.phonemes:
            self._given.append(GivenPhonemes(Span(self._length, self._length + length), piece.phonemes))
        last = self._runs[-1] if self._runs else None
        if last and last.verbatim and piece.verbatim and last.source.end == piece.source.start:
            joined = Span(last.source.start, piece.source.end)
            self._runs[-1] = Run(last.length + length, joined, verbatim=True)
        else:
            self._runs.append(Run(length, piece.source, piece.verbatim))
        self._text.append(text)
        self._length += length

    def _trim_end(self) -> None:
        """Take the spaces at the end of the segment away again."""
        while self._text and self._text[-1].endswith(" "):
            last, run = self._text.pop(), self._runs.pop()
            cut = len(last) - len(last.rstrip(" "))
            self._length -= cut
            if cut < len(last):
                self._text.append(last[:-cut])
            if cut < run.length:
                end = run.source.end - (cut if run.verbatim else 0)
                self._runs.append(Run(run.length - cut, Span(run.source.start, end), run.verbatim))

    def _begin_sound(self, source: Span) -> None:
        if self._gap_s > self._silence_s:
            rest_s = self._gap_s - self._silence_s
            self.parts.append(Pause(rest_s, Span(source.start, source.start)))
        self._gap_s = self._silence_s = 0.0
        self._sounded = True

    def _add_segment(self, style: Style) -> None:
        segment = Segment(
            "".join(self._text),
            style.voice,
            style.language,
            style.prosody(self.speed),
            Alignment(tuple(self._runs)),
            tuple(self._given),
        )
        self._begin_sound(segment.source())
        if style.sentence_pause_s is None:
            self.parts.append(segment)
            return
        for index, sentence in enumerate(_sentences(segment)):
            if index:
                start = sentence.source().start
                self.parts.append(Pause(style.sentence_pause_s, Span(start, start)))
            self.parts.append(sentence)


def _silence_s(parts: Iterable[UtterancePart]) -> float:
    """The pauses before sounds."""
    total_s = pause_s = 0.0
    for part in parts:
        if isinstance(part, Pause):
            pause_s += part.seconds
        elif not isinstance(part, Mark):
            total_s, pause_s = total_s + pause_s, 0.0
    return total_s


def _without_odd_spaces(piece: Piece, *, after_space: bool) -> Iterator[Piece]:
    """The piece with one space for each stretch of white space, and none behind another one."""
    if piece.phonemes:
        yield piece
        return
    if not piece.verbatim:
        written = _SPACES.sub(" ", piece.text)
        written = written.removeprefix(" ") if after_space else written
        if written:
            yield evolve(piece, text=written)
        return
    text, start, position = piece.text, piece.source.start, 0
    if after_space:
        position = len(text) - len(text.lstrip(_SPACE))
    for match in _ODD_SPACES.finditer(text, position):
        if position < match.start():
            yield _part(text, start, position, match.start())
        source = Span(start + match.start(), start + match.end())
        yield Piece(" ", source, verbatim=len(source) == 1)
        position = match.end()
    if position < len(text):
        yield _part(text, start, position, len(text))


def _part(text: str, offset: int, start: int, end: int) -> Piece:
    return Piece(text[start:end], Span(offset + start, offset + end), verbatim=True)


def _sentences(segment: Segment) -> Iterator[Segment]:
    start = 0
    ends = [end for begin, end in sentence_ends(segment.text) if not segment.protects(begin, end)]
    for end in (*ends, len(segment.text)):
        if segment.text[start:end].strip():
            yield segment.slice(start, end)
            start = end
