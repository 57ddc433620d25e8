"""Tells the plugins what happened. One that fails is logged and does no harm."""

from collections.abc import Mapping

import structlog

from koe.hooks import RequestFinished, SegmentSynthesized
from koe.registry import Observer

log = structlog.get_logger(__name__)


def notify(
    observers: Mapping[str, tuple[Observer, ...]], event: SegmentSynthesized | RequestFinished
) -> None:
    """Call the observation hook that belongs to `event`, plugin by plugin."""
    hook = "segment_synthesized" if isinstance(event, SegmentSynthesized) else "request_finished"
    for observer in observers.get(hook, ()):
        try:
            observer.notify(event=event)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            log.exception("observer_failed", plugin=observer.plugin, hook=hook, error=told)
