"""What a soak came to."""

import os
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import asdict

from benchmarks.soak_run import Soak

FLAT = 0.05
"""How much of it the memory may move."""


def report(soak: Soak, seconds: float) -> dict[str, Any]:
    """What came of it; `verdict` is empty where all is well."""
    first, last = soak.idle[0], soak.idle[-1]
    under_load = medians(soak)
    base = next(iter(under_load.values()))
    growth = {part: round(rss / base - 1, 4) for part, rss in under_load.items()}
    errors = [line for line in soak.served.logged().splitlines() if line.strip()]
    verdict = [f"{soak.counts[kind]} {kind}" for kind in ("wrong", "short", "lost") if soak.counts[kind]]
    verdict += last.leaks_since(first)
    verdict += [f"RSS {change:+.1%} in {part}" for part, change in growth.items() if abs(change) > FLAT]
    verdict += [f"{len(errors)} errors in the server's log"] if errors else []
    return {
        "hardware": {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "requests": len(soak.asks),
        "clients": soak.clients,
        "different_requests": len({ask.identity for ask in soak.asks}),
        "kinds": dict(Counter(ask.kind for ask in soak.asks)),
        "seconds": round(seconds, 1),
        "longest_answer_s": round(soak.longest_s, 2),
        "counts": dict(soak.counts),
        "at_rest": [asdict(one) for one in soak.idle],
        "rss_under_load_mb": under_load,
        "rss_growth": growth,
        "rss_peak_mb": max((rss for _, _, rss in soak.curve), default=None),
        "problems": soak.problems[:50],
        "log_errors": errors[:20],
        "verdict": verdict,
        "curve": soak.curve,
    }


def medians(soak: Soak) -> dict[str, float]:
    """Of the memory between one pause and the next, all after the warm-up, in MB."""
    found = {}
    for earlier, later in pairwise(soak.idle):
        between = [rss for _, done, rss in soak.curve if earlier.requests < done < later.requests]
        found[f"{earlier.requests} to {later.requests}"] = statistics.median(between or [later.rss_mb])
    return found


def draw(found: Mapping[str, Any], file: str) -> None:
    """RSS over requests."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    curve: Sequence[tuple[float, int, float]] = found["curve"]
    rests: Sequence[Mapping[str, float]] = found["at_rest"]
    axes.plot([done for _, done, _ in curve], [rss for *_, rss in curve], label="under load")
    axes.plot([one["requests"] for one in rests], [one["rss_mb"] for one in rests], "o", label="at rest")
    base = next(iter(found["rss_under_load_mb"].values()))
    axes.axhspan(
        base * (1 - FLAT),
        base * (1 + FLAT),
        alpha=0.15,
        label="± 5 % of the median between the first two rests",
    )
    axes.set_xlabel("requests")
    axes.set_ylabel("RSS in MB")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(file, dpi=120)
