"""Checks a request before any work, and resolves the names in it."""

from collections.abc import Mapping

from attrs import frozen

from koe.engines import EngineSet, OpenEngine
from koe.errors import (
    InvalidRequestError,
    NothingToSpeakError,
    TextTooLongError,
    UnknownVoiceError,
    UnsupportedFormatError,
)
from koe.pipeline import Pipeline
from koe.registry import Owned
from koe.settings import LimitsSettings
from koe.spelling import nearest
from koe.stages import AudioFormat, MarkupContext
from koe.types import SpeechRequest, Turn
from koe.voices import VoiceBook

SPEED_RANGE = (0.25, 4.0)
VOLUME_RANGE_DB = (-60.0, 20.0)
TURN_PAUSE_RANGE_S = (0.0, 30.0)
MAX_TURNS = 1_000
MAX_REQUEST_ALIASES = 100


@frozen
class ValidRequest:
    """What a request's names stand for. A plain request is one turn; each turn has its context."""

    engine: OpenEngine
    turns: tuple[Turn, ...]
    contexts: tuple[MarkupContext, ...]
    format: Owned[AudioFormat]


@frozen
class Validator:
    """Refuses what cannot be spoken. Every error names the field, the limit and the way out."""

    engines: EngineSet
    pipeline: Pipeline
    formats: Mapping[str, Owned[AudioFormat]]
    limits: LimitsSettings

    def check(self, request: SpeechRequest, *, live: bool = False) -> ValidRequest:
        """Resolve the request's names. With `live` the text is still to come.

        Raises:
            InvalidRequestError: one of its kinds, for the first thing that is wrong.
        """
        self._check_text(request, live=live)
        _check_range("speed", request.speed, SPEED_RANGE)
        _check_range("volume_db", request.volume_db, VOLUME_RANGE_DB)
        _check_range("turn_pause_s", request.turn_pause_s, TURN_PAUSE_RANGE_S)
        opened = self.engines.get(request.engine)
        book = _with_aliases(opened.book, request.voice_aliases)
        turns = request.turns or (Turn(request.text),)
        contexts = tuple(_context(request, turn, book, number) for number, turn in enumerate(turns))
        for context in contexts:
            self.pipeline.check(request, opened, context.language)
        _check_timestamps(request, opened)
        return ValidRequest(opened, turns, contexts, self._format(request.format))

    def _check_text(self, request: SpeechRequest, *, live: bool) -> None:
        limit = self.limits.max_characters
        if len(request.text) > limit:
            raise TextTooLongError(
                f"The text has {len(request.text)} characters; the limit is {limit} "
                f"(limits.max_characters). Send it in parts",
                param="input",
            )
        if len(request.turns) > MAX_TURNS:
            raise InvalidRequestError(
                f"The dialogue has {len(request.turns)} turns; the limit is {MAX_TURNS}. Send it in parts",
                param="turns",
            )
        if not live and not request.text.strip():
            raise NothingToSpeakError("The text is empty; send at least one word", param="input")

    def _format(self, name: str) -> Owned[AudioFormat]:
        if name not in self.formats:
            near = nearest(name, self.formats)
            guess = f" Did you mean {', '.join(near)}?" if near else ""
            raise UnsupportedFormatError(
                f"Unknown format {name!r}.{guess} Enabled: {', '.join(self.formats) or 'none'}",
                param="response_format",
            )
        return self.formats[name]


def _with_aliases(book: VoiceBook, aliases: Mapping[str, str]) -> VoiceBook:
    if len(aliases) > MAX_REQUEST_ALIASES:
        raise InvalidRequestError(
            f"voice_aliases has {len(aliases)} entries; the limit is {MAX_REQUEST_ALIASES}",
            param="voice_aliases",
        )
    return book.with_aliases(aliases)


def _context(request: SpeechRequest, turn: Turn, book: VoiceBook, number: int) -> MarkupContext:
    try:
        mix = book.resolve(turn.voice or request.voice)
    except UnknownVoiceError as error:
        if not turn.voice:
            raise
        raise UnknownVoiceError(f"turns[{number}]: {error}", param=f"turns[{number}].voice") from None
    if request.turns:
        _check_range(f"turns[{number}].speed", turn.speed, SPEED_RANGE)
        _check_range(f"turns[{number}].speed times speed", turn.speed * request.speed, SPEED_RANGE)
    language = turn.language or request.language or book.language(mix)
    return MarkupContext(mix, language, book.find)


def _check_timestamps(request: SpeechRequest, opened: OpenEngine) -> None:
    if request.timestamps == "word" and not opened.engine.times_words:
        raise InvalidRequestError(
            f"Engine {opened.name!r} does not time its words as it is loaded here; ask for "
            f'timestamps "estimate" to have them guessed, or load a model that reports durations',
            param="timestamps",
        )


def _check_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidRequestError(f"{name} must be from {low:g} to {high:g}, not {value:g}", param=name)
