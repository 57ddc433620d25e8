"""Memory that the process has freed, back to the operating system."""

import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path

_STATM = Path("/proc/self/statm")
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""The names of `mallopt(3)`."""


def keep_little() -> None:
    """Have the C library return memory early (glibc): for servers, before their threads start.

    By itself glibc raises both thresholds to the largest block it has seen, up to 64 MB, and gives threads
    arenas of their own, so that what an answer needed once stays resident.
    """
    mallopt = _of_c("mallopt")
    if mallopt is not None:
        for name, value in ((_MMAP_THRESHOLD, 256 * 1024), (_TRIM_THRESHOLD, 1024 * 1024), (_ARENA_MAX, 2)):
            mallopt(name, value)


def give_back() -> None:
    """Collect garbage and let the C library return free pages (glibc; others do so by themselves).

    Some libraries free tens of megabytes once they are loaded, which glibc keeps. Takes about 0.1 s: not for
    the event loop.
    """
    gc.collect()
    trim = _of_c("malloc_trim")
    if trim is not None:
        trim(0)


def resident_bytes() -> int | None:
    """How much of the process is in memory now; None where the system does not tell (Linux does)."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _of_c(name: str) -> Callable[..., int] | None:
    """A function of the C library that only glibc has."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        return None
    return found
