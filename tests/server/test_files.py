"""The limit of open files."""

import resource

import pytest
from koe.http import files
from structlog.testing import capture_logs


@pytest.mark.parametrize(
    ("limits", "count", "now", "warned"),
    [
        ((1024, 4096), 100, None, False),
        ((1024, 4096), 1000, 1000 + files.OTHERS, False),
        ((1024, 1100), 1000, 1100, True),
        ((1024, resource.RLIM_INFINITY), 5000, 5000 + files.OTHERS, False),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 5000, None, False),
    ],
)
def test_it_is_raised_as_far_as_needed_and_allowed(monkeypatch, limits, count, now, warned):
    changed = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: changed.append(pair))
    with capture_logs() as logs:
        files.allow_connections(count)
    assert changed == ([] if now is None else [(now, limits[1])])
    assert [log["event"] for log in logs] == (["few_files_allowed"] if warned else [])
