"""The values that travel through the pipeline. All are frozen."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import islice
from typing import Literal, TypeAlias

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from koe.alignment import Alignment, Run, Span
from koe.lexicon.entries import LexiconEntry

Samples: TypeAlias = NDArray[np.float32]
"""Mono audio, shape `(n,)`, full scale -1..1."""

Mode: TypeAlias = Literal["stream", "whole"]
"""Whether encoded bytes leave as they are made, or are used only once all are there."""

ModelState: TypeAlias = Literal["loaded", "loading", "unloading", "unloaded"]
"""Whether what an engine speaks with is in memory. Requests are welcome in all four."""


class Stage(StrEnum):
    """The names of the stages, as they appear in config, logs, errors and `server-timing`."""

    MARKUP = "markup"
    NORMALIZE = "normalize"
    PHONEMIZE = "phonemize"
    INFER = "infer"
    POSTPROCESS = "postprocess"
    ENCODE = "encode"


class Share(StrEnum):
    """What a request's time goes to: the stages, and what lies between them.

    `queue`: until it was admitted; `other`: threads and the event loop were busy with others, and koe's own
    work; `input`: text was still being written; `wait`: for an inference thread, or for the cache;
    `load`: for a model that was not in memory; `deliver`: the client took what was there. An instant counts
    for the last of these that was going on.
    """

    QUEUE = "queue"
    OTHER = "other"
    INPUT = "input"
    MARKUP = "markup"
    NORMALIZE = "normalize"
    PHONEMIZE = "phonemize"
    WAIT = "wait"
    LOAD = "load"
    INFER = "infer"
    POSTPROCESS = "postprocess"
    ENCODE = "encode"
    DELIVER = "deliver"


@frozen
class VoiceMix:
    """One voice, or several with weights that sum to 1 (weights below 0 subtract)."""

    terms: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, name: str) -> "VoiceMix":
        return cls(((name, 1.0),))

    @property
    def name(self) -> str | None:
        """The voice's name where this is a single voice."""
        return self.terms[0][0] if len(self.terms) == 1 else None

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        parts = [f"{'-' if weight < 0 else '+'}{name}({abs(weight):.6g})" for name, weight in self.terms]
        return "".join(parts).removeprefix("+")


@frozen
class Voice:
    """A voice that an engine offers. `language` is a BCP 47 tag."""

    name: str
    language: str
    gender: Literal["female", "male", "neutral"] | None = None
    grade: str | None = None
    description: str = ""


@frozen
class RefusedVoice:
    """A voice file, by its name alone, that is not served, and why."""

    file: str
    reason: str


@frozen
class Prosody:
    """How a segment is spoken: `rate` 1.0 is the voice's own, volume in dB, pitch in semitones."""

    rate: float = 1.0
    volume_db: float = 0.0
    pitch_semitones: float = 0.0


@frozen
class Turn:
    """One speaker's part of a dialogue; what is empty or None is the request's."""

    text: str
    voice: str = ""
    language: str | None = None
    speed: float = 1.0


Timestamps: TypeAlias = Literal["none", "word", "estimate"]
"""Whether words are to be timed, and whether that may be a guess."""

CacheUse: TypeAlias = Literal["use", "refresh", "bypass"]
"""What a request wants of the cache."""


@frozen
class SpeechRequest:
    """What a caller asks for, independent of HTTP.

    Attributes:
        text: what to say, in the markup named by `markup`.
        voice: a name, alias or mix (`af_bella(2)+af_sky(1)`); empty for the configured default.
        language: BCP 47 tag; None for the voice's own.
        speed: 0.25 to 4.0, 1.0 is the voice's own rate.
        format: a registered response format.
        sample_rate: of the encoded audio in Hz; None for the engine's (24000).
        bitrate: of the encoded audio in bit/s; None for the format's default.
        engine: an engine's name; empty for the default engine.
        volume_db: gain of the whole utterance in dB.
        timestamps: `word`: the engine must time its words; `estimate`: an engine that does not time them
            may be guessed after.
        turns: a dialogue. `text` is then the turns' texts joined by line feeds; source spans point into it.
        turn_pause_s: silence between turns, in seconds.
        voice_aliases: other names for voices or mixes, for this request only.
        lexicon: how words are spoken, for this request only; they win over those of the config.
        watermark: False asks for audio without a watermark, which the deployment may refuse.
        caller: the name of the API key that asks; empty where nobody was authenticated.
        client: where it comes from, such as the peer's address; clients without a `caller` take turns by it.
        played: whether somebody listens while the audio is made. Such a request is refused rather than made
            too late; others wait for their turn.
        cache: `use`; `refresh`: make everything anew, and keep that; `bypass`: neither look nor keep.
    """

    text: str
    voice: str = ""
    language: str | None = None
    speed: float = 1.0
    format: str = "mp3"
    sample_rate: int | None = None
    bitrate: int | None = None
    markup: str = "text"
    engine: str = ""
    volume_db: float = 0.0
    request_id: str = ""
    timestamps: Timestamps = "none"
    turns: tuple[Turn, ...] = ()
    turn_pause_s: float = 0.4
    voice_aliases: Mapping[str, str] = field(factory=dict)
    lexicon: tuple[LexiconEntry, ...] = ()
    watermark: bool = True
    caller: str = ""
    client: str = ""
    played: bool = True
    cache: CacheUse = "use"

    @property
    def asker(self) -> str:
        """Who takes turns with others: the API key, or where the request comes from."""
        return self.caller or self.client


@frozen
class GivenPhonemes:
    """Phonemes that the user gave for a span of a segment's text: protected from every normalizer."""

    span: Span
    phonemes: str


def _in_order(given: Iterable[GivenPhonemes]) -> tuple[GivenPhonemes, ...]:
    return tuple(sorted(given, key=lambda one: one.span.start))


@frozen
class Segment:
    """A stretch of text with one voice, language and prosody, aligned with the user's text.

    The spans of `given` do not overlap; they are kept in order.
    """

    text: str
    voice: VoiceMix
    language: str
    prosody: Prosody = Prosody()
    alignment: Alignment = field(eq=False)
    given: tuple[GivenPhonemes, ...] = field(default=(), converter=_in_order)

    @alignment.default
    def _verbatim(self) -> Alignment:
        return Alignment.verbatim(len(self.text))

    @property
    def wholly_given(self) -> bool:
        """Whether one `GivenPhonemes` says all of the text: there is nothing to normalize or phonemize."""
        return len(self.given) == 1 and self.given[0].span == Span(0, len(self.text))

    def source(self, start: int = 0, end: int | None = None) -> Span:
        """The user's characters behind `text[start:end]`."""
        return self.alignment.source(start, len(self.text) if end is None else end)

    def protects(self, start: int, end: int) -> bool:
        """Whether `text[start:end]` touches phonemes that the user gave."""
        first = self._first_given(start)
        return first < len(self.given) and self.given[first].span.overlaps(Span(start, end))

    def slice(self, start: int, end: int) -> "Segment":
        """The segment of `text[start:end]`; given phonemes that are cut in two are dropped."""
        kept = []
        for given in islice(self.given, self._first_given(start), None):
            if given.span.start >= end:
                break
            if start <= given.span.start and given.span.end <= end:
                kept.append(GivenPhonemes(given.span.shifted(-start), given.phonemes))
        return self._with(self.text[start:end], self.alignment.slice(start, end), tuple(kept))

    def replace(self, start: int, end: int, text: str) -> "Segment":
        """The segment with `text[start:end]` rewritten.

        Raises:
            ValueError: the range touches phonemes that the user gave.
        """
        if self.protects(start, end):
            raise ValueError(f"text[{start}:{end}] is protected by given phonemes")
        shift = len(text) - (end - start)
        moved = tuple(
            given
            if given.span.end <= start
            else GivenPhonemes(Span(given.span.start + shift, given.span.end + shift), given.phonemes)
            for given in self.given
        )
        rewritten = self.text[:start] + text + self.text[end:]
        return self._with(rewritten, self.alignment.replace(start, end, len(text)), moved)

    def _first_given(self, start: int) -> int:
        """The index of the first of `given` that ends behind `start`."""
        return bisect_right(self.given, start, key=lambda given: given.span.end)

    def _with(self, text: str, alignment: Alignment, given: tuple[GivenPhonemes, ...]) -> "Segment":
        return Segment(text, self.voice, self.language, self.prosody, alignment, given)


@frozen
class Pause:
    """Silence of a stated length."""

    seconds: float
    source: Span = Span(0, 0)


@frozen
class Mark:
    """A named place in the text whose time the caller wants to know."""

    name: str
    source: Span = Span(0, 0)


@frozen
class WordTiming:
    """When a word is spoken, in seconds from the start of the audio it comes with."""

    text: str
    start_s: float
    end_s: float
    source: Span


@frozen
class AudioChunk:
    """A piece of audio on its way.

    `samples` is float32 mono of shape `(n,)`, full scale -1..1, at `sample_rate` Hz. The timings of an
    engine's chunk count from its own first sample; those the pipeline hands on, from the first sample
    of the whole answer.
    """

    samples: Samples = field(eq=False, repr=lambda samples: f"<{len(samples)} samples>")
    sample_rate: int
    words: tuple[WordTiming, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@frozen
class Clip:
    """Ready-made audio between segments, at any sample rate."""

    chunk: AudioChunk
    volume_db: float = 0.0
    source: Span = Span(0, 0)


UtterancePart: TypeAlias = Segment | Pause | Mark | Clip
"""What an utterance is made of."""


@frozen
class Utterance:
    """Everything one request says. `ignored` names what its markup asks for and nothing here can do."""

    parts: tuple[UtterancePart, ...]
    ignored: tuple[str, ...] = ()


@frozen
class PhonemeWord:
    """A word with its phonemes and what follows it.

    Attributes:
        text: the word as the normalizers left it, without surrounding punctuation.
        phonemes: IPA of the word alone.
        tail: punctuation and spaces up to the next word, as the engine is to see them.
        source: the user's characters behind the word.
    """

    text: str
    phonemes: str
    tail: str = ""
    source: Span = Span(0, 0)


@frozen
class PhonemeSegment:
    """One inference: words with phonemes, within the engine's limit.

    `words` is empty for engines that accept text; those speak `text`. `boundary` is what it ends with: a
    punctuation mark, `paragraph`, or nothing where it was cut between words. `goes_on`: it was cut within a
    word of the user's, which the next segment continues.
    """

    text: str
    words: tuple[PhonemeWord, ...]
    voice: VoiceMix
    language: str
    prosody: Prosody = Prosody()
    source: Span = Span(0, 0)
    alignment: Alignment = field(eq=False, factory=lambda: Alignment(()))
    unknown_symbols: tuple[str, ...] = ()
    boundary: str = ""
    goes_on: bool = False

    @property
    def phonemes(self) -> str:
        """The phoneme string that the engine speaks."""
        return "".join(word.phonemes + word.tail for word in self.words).strip()


@frozen
class MarkTiming:
    """When a `Mark` is reached, in seconds from the start of the answer."""

    name: str
    time_s: float
    source: Span


@frozen
class SpeechPiece:
    """Encoded audio on its way, with what begins in the audio made since the piece before it.

    `data` may be empty. Timings count from the first sample of the answer; `estimated` says that the engine
    did not measure them, `goes_on` that the words of a later piece continue the last one.
    """

    data: bytes
    words: tuple[WordTiming, ...] = ()
    marks: tuple[MarkTiming, ...] = ()
    estimated: bool = False
    goes_on: bool = False


@frozen
class StreamInfo:
    """What processors and encoders are opened with.

    Attributes:
        sample_rate: of the chunks that will be fed, in Hz.
        request_id: for logs.
        mode: `stream`: bytes leave as they are made, so a header cannot know the length; `whole`: bytes
            are used only after `flush`, so an encoder may seek back or return everything at the end.
        output_sample_rate: what the encoded audio is to have, in Hz; None for `sample_rate`.
        bitrate: in bit/s; None for the format's default.
        engine: the engine that speaks.
        voice: the resolved voice or mix.
        watermark: False where the request asks for audio without a watermark; a processor that embeds one
            decides whether `caller` may.
        caller: the name of the API key that asks; empty where nobody was authenticated.
        tags: what the encoded file says of itself, by lower-case name (`encoded_by`, `comment`), for
            formats that can hold it.
    """

    sample_rate: int
    request_id: str = ""
    mode: Mode = "stream"
    output_sample_rate: int | None = None
    bitrate: int | None = None
    engine: str = ""
    voice: str = ""
    watermark: bool = True
    caller: str = ""
    tags: Mapping[str, str] = field(factory=dict)


@frozen
class EngineInfo:
    """What is really in use, for `/v1/capabilities`, headers and logs."""

    name: str
    sample_rate: int
    model: str = ""
    precision: str = ""
    execution_provider: str = ""
    detail: Mapping[str, str | int | float | bool] = field(factory=dict)


__all__ = [
    "Alignment",
    "AudioChunk",
    "CacheUse",
    "Clip",
    "EngineInfo",
    "GivenPhonemes",
    "LexiconEntry",
    "Mark",
    "MarkTiming",
    "Mode",
    "ModelState",
    "Pause",
    "PhonemeSegment",
    "PhonemeWord",
    "Prosody",
    "RefusedVoice",
    "Run",
    "Samples",
    "Segment",
    "Span",
    "SpeechPiece",
    "SpeechRequest",
    "Stage",
    "StreamInfo",
    "Timestamps",
    "Turn",
    "Utterance",
    "UtterancePart",
    "Voice",
    "VoiceMix",
    "WordTiming",
]
