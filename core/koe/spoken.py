"""One segment inferred: where the work of threads and the engine's model come together."""

import math
import time
from collections.abc import Callable

from attrs import evolve, frozen

from koe.cancellation import Cancellation
from koe.engines import OpenEngine
from koe.guard import guarded
from koe.joins import Joins
from koe.line import Work
from koe.prosody import pitch_ratio, repitched
from koe.residence import Loading
from koe.stretch import gain, time_stretch
from koe.types import AudioChunk, PhonemeSegment, Stage
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


def speak(opened: OpenEngine, joins: Joins, segment: PhonemeSegment, cancellation: Cancellation) -> Spoken:
    """Infer one segment, trim it, shift its pitch, stretch what is left over of the rate, set the volume.

    Resampling shifts the pitch and shortens by the same ratio, so the engine speaks that much slower first.
    What changes here changes `koe.cache.keys.REVISION`.
    """
    began = time.perf_counter()
    cancellation.check()
    low, high = opened.engine.rate_range
    prosody = segment.prosody
    ratio = pitch_ratio(prosody.pitch_semitones)
    rate = min(max(prosody.rate / ratio, low), high)
    with guarded(Stage.INFER, opened.name, opened.plugin):
        chunk = opened.engine.infer(evolve(segment, prosody=evolve(prosody, rate=rate)), cancellation)
        chunk = repitched(joins.trimmed(chunk), ratio)
        chunk = _stretched(chunk, prosody.rate / (rate * ratio))
        if prosody.volume_db:
            chunk = evolve(chunk, samples=gain(chunk.samples, prosody.volume_db))
    return Spoken(chunk, began, time.perf_counter())


def _stretched(chunk: AudioChunk, rate: float) -> AudioChunk:
    if math.isclose(rate, 1.0):
        return chunk
    words = tuple(evolve(word, start_s=word.start_s / rate, end_s=word.end_s / rate) for word in chunk.words)
    return AudioChunk(time_stretch(chunk.samples, chunk.sample_rate, rate), chunk.sample_rate, words)
