"""koe's events and the standard library's records come out alike."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from koe.logs import configure_logging
from koe.settings import LogSettings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_both_kinds_are_json_lines_on_stderr_with_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"))
    structlog.contextvars.bind_contextvars(request_id="req_1")
    structlog.get_logger().info("segment_made", seconds=1.5)
    logging.getLogger("library").warning("careful with %s", "that")
    own, foreign = lines(capsys)
    assert (own["event"], own["level"], own["seconds"], own["request_id"]) == (
        "segment_made",
        "info",
        1.5,
        "req_1",
    )
    assert (foreign["event"], foreign["level"], foreign["logger"]) == (
        "careful with that",
        "warning",
        "library",
    )
    assert foreign["request_id"] == "req_1"


def test_an_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json"))
    structlog.get_logger().error("failed", exc_info=ZeroDivisionError())
    [event] = lines(capsys)
    assert "ZeroDivisionError" in event["exception"]


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="json", level="warning"))
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().warning("loud")
    assert [event["event"] for event in lines(capsys)] == ["loud"]


def test_debug_does_not_make_libraries_talk(capsys: pytest.CaptureFixture[str]) -> None:
    """hpack writes every header at debug level, API keys included."""
    configure_logging(LogSettings(format="json", level="debug"))
    structlog.get_logger().debug("own")
    logging.getLogger("hpack.hpack").debug("authorization: Bearer secret")
    assert [event["event"] for event in lines(capsys)] == ["own"]


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="console"))
    structlog.get_logger().error("server_failed", reason="2 errors:\n  - one")
    said = capsys.readouterr().err
    assert "server_failed" in said
    assert "2 errors:\n  - one\n" in said
    assert "\x1b" not in said


def test_strangers_can_neither_steer_the_terminal_nor_write_lines_of_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogSettings(format="console", texts=True))
    structlog.contextvars.bind_contextvars(request_id="req_1")
    structlog.get_logger().info(
        "request_refused", path="/\x1b[2J\x9b1m", reason="No such path: /\n[info] forged"
    )
    structlog.get_logger().error("request_failed", exc_info=ValueError("\x1b]0;title\x07"))
    logging.getLogger("library").warning("heard \x1b[31m")
    said = capsys.readouterr().err
    assert not set(said) & {"\x1b", "\x9b", "\x07"}
    assert r"path=/\x1b[2J\x9b1m" in said
    assert "ValueError" in said
    assert "\n[info] forged" not in said
