import subprocess
import sys

import psutil
import pytest
from koe.memory import give_back, keep_little


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
    keep_little()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory as Linux tells it")
def test_a_server_keeps_little_of_what_an_answer_needed_once():
    """In a process of its own, since it is a setting of the process."""
    script = """
import psutil
from koe.memory import keep_little
keep_little()
rss = psutil.Process().memory_info
for size in (30_000_000, 25_000_000):
    block = bytearray(size)
    del block
before = rss().rss
blocks = [bytearray(900_000) for _ in range(40)]
del blocks
print(rss().rss - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3_000_000
