"""What a cache holds and how often it helped."""

from attrs import frozen


@frozen
class CacheStats:
    """What a cache backend holds: `bytes` of at most `max_bytes`, 0 where it has no limit of its own."""

    entries: int = 0
    bytes: int = 0
    max_bytes: int = 0


@frozen
class TierReport:
    """One tier, and how this process fared with it since its start.

    Attributes:
        name: of its cache backend.
        plugin: that brings the backend.
        shared: whether its values leave this process.
        state: `ok`, or `resting` where it failed and is left alone for a while.
        stats: what it holds; None where it could not be asked.
        hits: values found.
        misses: values not found.
        writes: values written.
        failures: calls that raised or took too long.
        corrupt: values that were damaged or no values at all, each a miss.
    """

    name: str
    plugin: str
    shared: bool
    state: str
    stats: CacheStats | None
    hits: int
    misses: int
    writes: int
    failures: int
    corrupt: int


@frozen
class AnswersReport:
    """Whole answers, kept in this process's memory."""

    entries: int = 0
    bytes: int = 0
    max_bytes: int = 0
    hits: int = 0
    misses: int = 0


@frozen
class CacheReport:
    """The cache of one process. Counts are of segments, since its start.

    Attributes:
        tiers: fastest first; none where nothing is cached.
        hits: segments whose audio was found.
        misses: segments that were inferred.
        joined: segments that took part in an inference that was under way for an equal one.
        awaited: segments that another process inferred meanwhile.
        unwritten: values that were made while too many others were still to be written.
        answers: whole answers.
    """

    tiers: tuple[TierReport, ...] = ()
    hits: int = 0
    misses: int = 0
    joined: int = 0
    awaited: int = 0
    unwritten: int = 0
    answers: AnswersReport = AnswersReport()
