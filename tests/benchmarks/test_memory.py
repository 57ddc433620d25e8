"""What a server keeps in memory is taken apart."""

from pathlib import Path

import psutil
import pytest

from benchmarks.memory import memory, peak_mb
from benchmarks.servers import Server

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")


@pytest.fixture
def this():
    return Server(url="", process=psutil.Process(), ready_s=0.0, log=Path())


def test_resident_memory_is_what_no_file_is_behind_and_the_rest(this):
    found = memory(this)
    assert found["rss_mb"] == pytest.approx(found["anonymous_mb"] + found["file_mb"], abs=0.11)
    assert found["rss_mb"] == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.1)


def test_new_memory_is_seen(this):
    before = memory(this)["anonymous_mb"]
    held = bytearray(b"x") * 50_000_000
    assert memory(this)["anonymous_mb"] - before == pytest.approx(len(held) / 1e6, rel=0.1)
    assert peak_mb(this) >= memory(this)["rss_mb"] - 1
