"""Checks a request before any work, and resolves the names in it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial

from attrs import evolve, frozen

from koe import ranges
from koe.engines import EngineSet, OpenEngine
from koe.errors import (
    InvalidRequestError,
    NothingToSpeakError,
    TextTooLongError,
    UnknownVoiceError,
    UnsupportedFormatError,
)
from koe.lexicon.contents import in_order
from koe.lexicon.matching import Held, Lexicon, Origin
from koe.pipeline import Pipeline
from koe.places import place
from koe.registry import Owned
from koe.settings import LimitsSettings
from koe.spelling import nearest
from koe.stages import AudioFormat, MarkupContext
from koe.types import SpeechRequest, Turn
from koe.voices import VoiceBook

SPEED_RANGE = ranges.SPEED
VOLUME_RANGE_DB = ranges.VOLUME_DB
TURN_PAUSE_RANGE_S = (0.0, 30.0)
MAX_TURNS = 1_000
MAX_REQUEST_ALIASES = 100
MAX_REQUEST_ENTRIES = 500


_REQUEST = Origin("lexicon of the request")
_TURN_FIELDS = {"input": "text", "voice": "voice", "language": "language"}
"""The fields that turns have, by the name that a request has for them."""


@frozen
class ValidTurn:
    """One turn as a request of its own. `offset` is where its text begins in the text of the dialogue."""

    number: int
    request: SpeechRequest
    context: MarkupContext
    offset: int


@frozen
class ValidRequest:
    """What a request's names stand for. A plain request is one turn; each turn has its context."""

    engine: OpenEngine
    turns: tuple[Turn, ...]
    contexts: tuple[MarkupContext, ...]
    format: Owned[AudioFormat]

    def turns_of(self, request: SpeechRequest) -> list[ValidTurn]:
        """Its turns with what each has from `request`."""
        turns: list[ValidTurn] = []
        offset = 0
        for number, (turn, context) in enumerate(zip(self.turns, self.contexts, strict=True)):
            part = evolve(
                request,
                text=turn.text,
                language=turn.language or request.language,
                speed=request.speed * turn.speed,
            )
            turns.append(ValidTurn(number, part, context, offset))
            offset += len(turn.text) + len("\n")
        return turns


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
        opened, turns, contexts = self.resolve(request, live=live)
        _check_timestamps(request, opened)
        return ValidRequest(opened, turns, contexts, self._format(request.format))

    def resolve(
        self, request: SpeechRequest, *, live: bool = False
    ) -> tuple[OpenEngine, tuple[Turn, ...], tuple[MarkupContext, ...]]:
        """Who speaks what: all that the text stages need. Raises `InvalidRequestError`, as `check` does."""
        self._check_text(request, live=live)
        _check_range("speed", request.speed, SPEED_RANGE)
        _check_range("volume_db", request.volume_db, VOLUME_RANGE_DB)
        _check_range("turn_pause_s", request.turn_pause_s, TURN_PAUSE_RANGE_S)
        opened = self.engines.get(request.engine)
        book = _with_aliases(opened.book, request.voice_aliases)
        turns = request.turns or (Turn(request.text),)
        speaks = partial(self.pipeline.speaks, opened)
        contexts = tuple(_context(request, turn, book, number, speaks) for number, turn in enumerate(turns))
        for number, context in enumerate(contexts):
            with naming_turn(request, number):
                self.pipeline.check(request, opened, context.language)
        self._check_lexicon(request, opened)
        return opened, turns, contexts

    def _check_text(self, request: SpeechRequest, *, live: bool) -> None:
        limit = self.limits.max_characters
        if len(request.text) > limit:
            raise TextTooLongError(
                f"The text has {len(request.text)} characters; the limit is {limit} "
                f"(limits.max_characters), reached at {place(request.text, limit)}. Send it in parts",
                param="input",
            )
        if len(request.turns) > MAX_TURNS:
            raise InvalidRequestError(
                f"The dialogue has {len(request.turns)} turns; the limit is {MAX_TURNS}. Send it in parts",
                param="turns",
            )
        for number, turn in enumerate(request.turns):
            if not turn.text.strip():
                raise NothingToSpeakError(
                    f"turns[{number}]: the text is empty; send at least one word, or leave the turn out",
                    param=f"turns[{number}].text",
                )
        if not live and not request.text.strip():
            raise NothingToSpeakError("The text is empty; send at least one word", param="input")

    def _check_lexicon(self, request: SpeechRequest, opened: OpenEngine) -> None:
        if len(request.lexicon) > MAX_REQUEST_ENTRIES:
            raise InvalidRequestError(
                f"lexicon has {len(request.lexicon)} entries; the limit is {MAX_REQUEST_ENTRIES}. Send those "
                f"that the text needs, or let an operator put them into a file of lexicon.files",
                param="lexicon",
            )
        if request.lexicon:
            problems = self.pipeline.lexicon_mistakes(_held(request), [opened])
            if problems:
                raise InvalidRequestError("; ".join(problems), param="lexicon")

    def _format(self, name: str) -> Owned[AudioFormat]:
        if name not in self.formats:
            near = nearest(name, self.formats)
            guess = f" Did you mean {', '.join(near)}?" if near else ""
            raise UnsupportedFormatError(
                f"Unknown format {name!r}.{guess} Enabled: {', '.join(self.formats) or 'none'}",
                param="response_format",
            )
        return self.formats[name]


def request_lexicon(request: SpeechRequest) -> Callable[[], Lexicon] | None:
    """Makes the lexicon of the request's own entries, once, where it has some: not on the event loop."""
    return cache(lambda: Lexicon(in_order(_held(request)))) if request.lexicon else None


def _held(request: SpeechRequest) -> list[Held]:
    return [Held(entry, _REQUEST) for entry in request.lexicon]


@contextmanager
def naming_turn(request: SpeechRequest, number: int) -> Iterator[None]:
    """Name the turn in errors about one of a turn's own fields, where the request is a dialogue."""
    try:
        yield
    except InvalidRequestError as error:
        if request.turns and error.param in _TURN_FIELDS:
            error.message = f"turns[{number}]: {error.message}"
            error.param = f"turns[{number}].{_TURN_FIELDS[error.param]}"
        raise


def _with_aliases(book: VoiceBook, aliases: Mapping[str, str]) -> VoiceBook:
    if len(aliases) > MAX_REQUEST_ALIASES:
        raise InvalidRequestError(
            f"voice_aliases has {len(aliases)} entries; the limit is {MAX_REQUEST_ALIASES}",
            param="voice_aliases",
        )
    return book.with_aliases(aliases)


def _context(
    request: SpeechRequest, turn: Turn, book: VoiceBook, number: int, speaks: Callable[[str], bool]
) -> MarkupContext:
    try:
        mix = book.resolve(turn.voice or request.voice)
    except UnknownVoiceError as error:
        if not turn.voice:
            raise
        raise UnknownVoiceError(f"turns[{number}]: {error}", param=f"turns[{number}].voice") from None
    if request.turns:
        _check_range(f"turns[{number}].speed", turn.speed, SPEED_RANGE)
        product = turn.speed * request.speed
        _check_range(f"turns[{number}].speed times speed", product, SPEED_RANGE, f"turns[{number}].speed")
    language = turn.language or request.language or book.language(mix)
    return MarkupContext(mix, language, book.find, book.engine.voices, speaks)


def _check_timestamps(request: SpeechRequest, opened: OpenEngine) -> None:
    if request.timestamps == "word" and not opened.engine.times_words:
        raise InvalidRequestError(
            f"Engine {opened.name!r} does not time its words as it is loaded here; ask for "
            f'timestamps "estimate" to have them guessed, or load a model that reports durations',
            param="timestamps",
        )


def _check_range(name: str, value: float, bounds: tuple[float, float], param: str = "") -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidRequestError(
            f"{name} must be from {low:g} to {high:g}, not {value:g}", param=param or name
        )
