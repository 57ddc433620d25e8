"""Memory that the process has freed, back to the operating system."""

import ctypes
import gc


def give_back() -> None:
    """Collect garbage and let the C library return free pages (glibc; others do so by themselves).

    Some libraries free tens of megabytes once they are loaded, which glibc keeps. Takes about 0.1 s: not for
    the event loop.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    trim(0)
