"""A library that fails, or would take too long, leaves the text as written and says so."""

import pytest
from koe.api import Fence
from koe.notes import collected_notes
from structlog.testing import capture_logs


def _fail(text: str) -> str:
    raise AssertionError(f"cannot read {text}")


def test_what_works_is_handed_on():
    fence = Fence("lib")
    assert fence.run(str.upper, "abc") == "ABC"
    assert fence.left == {}


def test_a_failure_is_counted_logged_and_noted():
    fence = Fence("lib")
    with capture_logs() as logs, collected_notes() as notes:
        assert fence.run(_fail, "a#b") is None
    assert fence.left == {"failed": 1}
    (event,) = logs
    assert (event["event"], event["log_level"]) == ("normalization_left_as_written", "warning")
    assert (event["library"], event["reason"], event["characters"]) == ("lib", "failed", 3)
    assert notes == ["lib left 'a#b' as written: failed (AssertionError: cannot read a#b)"]


def test_what_would_be_slow_is_not_begun():
    fence = Fence("lib", most_runs=10)
    with capture_logs() as logs:
        assert fence.run(_fail, "1/" * 10) is None
    assert fence.left == {"too_costly": 1}
    assert logs[0]["detail"] == "20 runs of digits and symbols"


def test_the_log_hears_less_and_less_of_it():
    fence = Fence("lib")
    with capture_logs() as logs:
        for _ in range(100):
            fence.run(_fail, "x")
    assert [event["times"] for event in logs] == [1, 2, 4, 8, 16, 32, 64]
    assert fence.left == {"failed": 100}


def test_what_is_not_the_text_s_fault_is_raised():
    def out_of_memory(_text: str) -> str:
        raise MemoryError

    with pytest.raises(MemoryError):
        Fence("lib").run(out_of_memory, "x")
