"""What the outcomes of a level come to."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from koe.bench.load import Outcomes

PERCENTILES = (50, 95, 99)

DEFINITIONS: Mapping[str, str] = {
    "clients": "each has a connection, and sends its next request as soon as its answer is complete",
    "first_audio_ms": "from sending the request until the first sample could be decoded: the headers of WAV, "
    "Ogg, FLAC or MP3 are no audio",
    "first_sound_ms": "the same until the first sample above -50 dB of full scale",
    "answer_ms": "from sending the request to the answer's last byte",
    "rtf": "answer time by the seconds of audio in the answer",
    "audio_s_per_s": "seconds of audio in complete answers, by the seconds from the first request to the "
    "last answer's end",
    "ran_dry": "simulated players that begin with the first sample, and at some time had played all that had "
    "come more than 10 ms before more came",
    "refused": "answers 503 and 429, which are no errors; the client then waits as long as Retry-After says, "
    "at most 5 s",
    "cold": "each text is asked for once; `cache` counts what the server's koe-cache header said",
    "cached": "a few texts, each asked for before the clock starts, then over and over",
    "percentiles": "nearest rank: p99 of fewer than 100 answers is the slowest",
}


def figures(outcomes: Outcomes, *, streamed: bool) -> dict[str, Any]:
    """The figures of one level, ready for JSON. Players are simulated only where answers are `streamed`."""
    answers = outcomes.answers
    played = [answer.played for answer in answers]
    audio_s = sum(one.audio_s for one in played)
    seconds = outcomes.seconds or math.inf
    return {
        "seconds": round(outcomes.seconds, 3),
        "requests": outcomes.asked,
        "answers": len(answers),
        "refused": {str(status): count for status, count in sorted(outcomes.refused.items())},
        "errors": dict(outcomes.errors),
        "first_audio_ms": _milliseconds([one.first_audio_s for one in played]),
        "first_sound_ms": _milliseconds([s for one in played if (s := one.first_sound_s) is not None]),
        "answer_ms": _milliseconds([answer.seconds for answer in answers]),
        "rtf": percentiles([answer.rtf for answer in answers], digits=5),
        "audio_s": round(audio_s, 3),
        "audio_s_per_s": round(audio_s / seconds, 2),
        "answers_per_s": round(len(answers) / seconds, 2),
        "ran_dry": sum(bool(one.gaps_s) for one in played) if streamed else None,
        "longest_gap_ms": round(1000 * max((gap for one in played for gap in one.gaps_s), default=0.0), 1)
        if streamed
        else None,
        "cache": dict(Counter(answer.cache or "no header" for answer in answers)),
        "client_busy": round(outcomes.busy, 3),
    }


def percentiles(values: Sequence[float], *, digits: int = 1) -> dict[str, float] | None:
    """By nearest rank, and the largest; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    found = {f"p{percent}": nearest_rank(ordered, percent) for percent in PERCENTILES}
    return {name: round(value, digits) for name, value in (found | {"max": ordered[-1]}).items()}


def nearest_rank(ordered: Sequence[float], percent: float) -> float:
    """The least of these values that so many percent of them do not exceed. They rise."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _milliseconds(seconds: Sequence[float]) -> dict[str, float] | None:
    return percentiles([1000 * value for value in seconds])
