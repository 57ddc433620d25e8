"""What is to be spoken of a request's texts, part by part."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import partial

from attrs import evolve, frozen

from koe.pipeline import Job, Pipeline, Planned
from koe.requests import ValidRequest, ValidTurn, naming_turn
from koe.types import Pause, SpeechRequest, Utterance
from koe.workers import Threads


@frozen
class Planner:
    """Takes texts through the pipeline. Each part is made in one of `threads` when it is asked for."""

    pipeline: Pipeline
    threads: Threads

    def plan(
        self, request: SpeechRequest, texts: AsyncIterator[str] | None, valid: ValidRequest, job: Job
    ) -> AsyncGenerator[Planned, None]:
        """The parts of all of the request's texts; of `texts`, where they are still being written."""
        if texts is not None:
            return self._live(request, texts, valid, job)
        return self._turns(request, valid, job) if request.turns else self._text(request, valid, job)

    async def _text(
        self, request: SpeechRequest, valid: ValidRequest, job: Job
    ) -> AsyncGenerator[Planned, None]:
        plan = self.pipeline.plan(request, valid.contexts[0], job)
        while (planned := await self._next(plan)) is not None:
            yield planned

    async def _turns(
        self, request: SpeechRequest, valid: ValidRequest, job: Job
    ) -> AsyncGenerator[Planned, None]:
        """All markup is read first: a mistake in the last turn is found before the first is spoken."""
        turns = valid.turns_of(request)
        parsed = [await self.threads.run(partial(self._parsed, turn, job)) for turn in turns]
        for turn, utterance in zip(turns, parsed, strict=True):
            if turn.number:
                yield Pause(request.turn_pause_s)
            plan = self.pipeline.plan_parts(utterance, turn.request.text, job, turn.offset)
            while (planned := await self._next(plan)) is not None:
                yield planned

    async def _live(
        self, request: SpeechRequest, texts: AsyncIterator[str], valid: ValidRequest, job: Job
    ) -> AsyncGenerator[Planned, None]:
        offset = 0
        async for text in texts:
            plan = self.pipeline.plan(evolve(request, text=text), valid.contexts[0], job, offset)
            while (planned := await self._next(plan)) is not None:
                yield planned
            offset += len(text)

    async def _next(self, plan: Iterator[Planned]) -> Planned | None:
        return await self.threads.run(partial(next, plan, None))

    def _parsed(self, turn: ValidTurn, job: Job) -> Utterance:
        with naming_turn(turn.request, turn.number):
            utterance = self.pipeline.parse(turn.request, turn.context, job, turn.offset)
        return self.pipeline.pronounced(utterance, job)
