import sys

import psutil
import pytest
from koe.memory import give_back


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory as Linux tells it")
def test_freed_memory_goes_back():
    rows = [bytearray(1_000) for _ in range(60_000)]
    kept = rows[::1_000]
    before = psutil.Process().memory_info().rss
    del rows
    give_back()
    assert before - psutil.Process().memory_info().rss > 30_000_000
    assert len(kept) == 60


def test_it_does_nothing_where_the_c_library_cannot(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    give_back()
