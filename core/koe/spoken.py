"""One segment inferred: where the work of threads and the engine's model come together."""

from collections.abc import Callable

from attrs import evolve, frozen

from koe.cancellation import Cancellation
from koe.engines import OpenEngine
from koe.line import Work
from koe.residence import Loading
from koe.types import AudioChunk
from koe.workers import Threads


@frozen
class Spoken:
    """A segment's audio, when it was made (`time.perf_counter`), and when its model was waited for."""

    chunk: AudioChunk
    began: float
    ended: float
    loading: Loading | None = None


async def spoken(
    engine: OpenEngine,
    threads: Threads,
    work: Callable[[], Spoken],
    cancellation: Cancellation,
    ticket: Work,
) -> Spoken:
    """What `work` makes in one of `threads`. The engine's model stays in memory until it has left it.

    The model is waited for before a thread is: no thread is held meanwhile, and no cost learnt from it.

    Raises:
        EngineUnavailableError: the model could not be loaded.
    """
    async with engine.residence.lease() as loading:
        made = await threads.run(work, cancellation, ticket=ticket)
    return made if loading is None else evolve(made, loading=loading)
