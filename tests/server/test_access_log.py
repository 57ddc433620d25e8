"""hypercorn's records, as koe's events."""

import asyncio
from typing import Any

import structlog
from hypercorn.config import Config
from koe.http.access_log import HypercornLog
from structlog.testing import capture_logs

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/v1/audio\nforged",
    "raw_path": b"/v1/audio%0Aforged",
    "query_string": b"key=secret",
    "headers": [(b"authorization", b"Bearer secret")],
    "http_version": "2",
    "client": ("127.0.0.1", 1234),
    "koe.request_id": "req_1",
}


def logged(scope: dict[str, Any], response: Any) -> dict[str, Any]:
    async def session() -> None:
        await HypercornLog(Config()).access(scope, response, 0.25)  # type: ignore[arg-type]

    with capture_logs() as events:
        asyncio.run(session())
    [event] = events
    return dict(event)


def test_a_request_is_one_event_without_secrets_or_forged_lines() -> None:
    structlog.reset_defaults()
    assert logged(SCOPE, {"status": 200, "headers": []}) == {
        "event": "request_served",
        "log_level": "info",
        "method": "POST",
        "path": "/v1/audio%0Aforged",
        "status": 200,
        "seconds": 0.25,
        "http": "2",
        "client": "127.0.0.1:1234",
        "request_id": "req_1",
    }


def test_an_answer_that_was_not_sent_to_its_end_says_so() -> None:
    event = logged(SCOPE, None)
    assert (event["event"], event["status"]) == ("request_cut_short", None)


def test_probes_are_logged_at_debug_level() -> None:
    scope = {**SCOPE, "raw_path": b"/health/ready"}
    assert logged(scope, {"status": 200, "headers": []})["log_level"] == "debug"
