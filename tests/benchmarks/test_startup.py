"""The phases of a start add up."""

from benchmarks.servers import EMBEDDED
from benchmarks.startup import PHASES, phases


def test_a_start_is_told_phase_by_phase():
    found = phases(EMBEDDED)
    assert list(found) == list(PHASES)
    assert found["imports"] > 0 < found["plugins"]
    assert all(seconds >= 0 for seconds in found.values())
