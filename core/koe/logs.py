"""Log set-up: koe's own events and the standard library's records, one per line on standard error."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from koe.discretion import without_texts
from koe.settings import LogSettings

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""What a terminal may obey. Line feeds are the renderer's matter."""


def configure_logging(settings: LogSettings) -> None:
    """Send structlog events and `logging` records (hypercorn, asyncio, libraries) through one renderer.

    Without `settings.texts`, nothing that may quote a request's text is written (see `koe.discretion`).
    Keys bound with `structlog.contextvars` (`request_id`) appear on the events of both. Libraries are never
    asked for more than their info level: at debug, hpack writes every header, API keys included. Call once
    per process, before anything is logged; a second call replaces the first.
    """
    level = _LEVELS[settings.level]
    shared = [*_shared_processors(), *([] if settings.texts else [without_texts])]
    renderers = _renderers(settings)
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.INFO))
    logging.captureWarnings(capture=True)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderers(settings: LogSettings) -> list[Processor]:
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        _lines_below,
        structlog.processors.format_exc_info,
        _printable,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _lines_below(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Show a reason of several lines as such, below the event, where the console renderer would quote it.

    The reasons of requests stay quoted: in the words of strangers, what looks like an event may be none.
    """
    if "\n" in str(event.get("reason", "")) and not event.keys() & {"exception", "request_id"}:
        event["exception"] = event.pop("reason")
    return event


def _printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write out what would steer a terminal: paths, names and words of errors come from strangers."""
    return {
        key: _CONTROL.sub(_escaped, value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
