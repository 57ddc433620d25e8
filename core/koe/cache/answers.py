"""Whole answers in memory: an equal request costs one look-up."""

import asyncio
import time
from collections.abc import Callable

import structlog
from attrs import define, field, frozen

from koe.cache_report import AnswersReport
from koe.lru import ByteLru
from koe.settings import CacheSettings

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 1.0
"""How often to look whether the same request would still be answered the same."""


@frozen
class KeptAnswer:
    """A complete answer.

    Attributes:
        headers: in lower case, without those that are the request's own.
        body: all of its bytes.
        engine: that spoke it.
        voice: that it was spoken with.
        audio_s: seconds of audio in it.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    engine: str
    voice: str
    audio_s: float


@define(eq=False)
class AnswerCache:
    """Answers by key, the least recently used of which go first. Belongs to one event loop.

    Args:
        revision: changes with anything that is not in a request and changes its answer. Called in a thread.
        generation: counts the revisions seen; all answers of former ones are gone.
    """

    settings: CacheSettings
    revision: Callable[[], object]
    now: Callable[[], float] = time.monotonic
    generation: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)
    misses: int = field(default=0, init=False)
    _answers: ByteLru[KeptAnswer] = field(init=False)
    _seen: object = field(default=None, init=False)
    _checked_at: float = field(default=float("-inf"), init=False)
    _check: "asyncio.Task[None] | None" = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._answers = ByteLru(self.settings.answers_bytes, _size)

    def find(self, key: str) -> KeptAnswer | None:
        """The answer under `key`; `check` first."""
        found = self._answers.get(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    async def check(self) -> None:
        """Forget everything if the revision has changed; looked at once a second at most."""
        if self.now() - self._checked_at < CHECK_EVERY_S:
            return
        if self._check is None:
            self._check = asyncio.create_task(self._look())
        await asyncio.shield(self._check)

    def keep(self, key: str, answer: KeptAnswer, generation: int) -> None:
        """Keep an answer that was begun in `generation`, unless that is over or the answer is too large."""
        if generation == self.generation and len(answer.body) <= self.settings.answer_bytes:
            self._answers.put(key, answer)

    def clear(self) -> None:
        """Forget all answers, those that are being made among them."""
        self.generation += 1
        self._answers.clear()

    def report(self) -> AnswersReport:
        answers = self._answers
        return AnswersReport(len(answers), answers.bytes, answers.max_bytes, self.hits, self.misses)

    async def _look(self) -> None:
        try:
            seen = await asyncio.to_thread(self.revision)
        except Exception:
            log.exception("answers_not_usable")
            seen = None
        finally:
            self._check = None
        if seen is None or seen != self._seen:
            self._seen = seen
            self.clear()
        self._checked_at = self.now()


def _size(answer: KeptAnswer) -> int:
    return len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers)
