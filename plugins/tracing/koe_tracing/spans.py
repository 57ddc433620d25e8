"""What events become: spans that lie where the time went."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TypeAlias

from attrs import define, field, frozen
from koe.api import RequestFinished, SegmentSynthesized
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

MOST_SEGMENTS = 128
"""Spans of segments in one request; later ones are counted by the request's span alone."""
MOST_REQUESTS = 1_024
"""Requests whose segments are remembered until they end."""

Attributes: TypeAlias = Mapping[str, str | int | float | bool]

_NS = 1_000_000_000


@frozen
class _Segment:
    """When a segment was inferred, and what is known of it. Never its text."""

    began_ns: int
    ended_ns: int
    attributes: Attributes


@define(eq=False)
class SpeechSpans:
    """Makes spans out of koe's events. Belongs to the event loop."""

    _tracer: Tracer
    _segments: "OrderedDict[str, list[_Segment]]" = field(factory=OrderedDict, init=False)

    def segment(self, event: SegmentSynthesized) -> None:
        """Remember a segment until its request ends."""
        ended_ns = time.time_ns()
        kept = self._segments.setdefault(event.request_id, [])
        if len(kept) < MOST_SEGMENTS:
            attributes: dict[str, str | int | float | bool] = {
                "koe.segment": event.index,
                "koe.cached": event.cached,
                "koe.audio_s": event.audio_s,
                "koe.wait_s": event.wait_s,
            }
            kept.append(_Segment(ended_ns - round(event.infer_s * _NS), ended_ns, attributes))
        while len(self._segments) > MOST_REQUESTS:
            self._segments.popitem(last=False)

    def request(self, event: RequestFinished) -> None:
        """Make the request's span, within the one that is current, and those of its stages and segments."""
        segments = self._segments.pop(event.request_id, [])
        ended_ns = time.time_ns()
        began_ns = ended_ns - round(event.total_s * _NS)
        speech = self._tracer.start_span("speech", start_time=began_ns, attributes=_attributes(event))
        if event.outcome in {"failed", "refused"}:
            speech.set_status(StatusCode.ERROR, event.outcome)
        for stage, (first_s, last_s) in event.timeline.items():
            attributes = {"koe.work_s": event.stages.get(stage, last_s - first_s)}
            times = began_ns + round(first_s * _NS), began_ns + round(last_s * _NS)
            self._child(speech, stage, times, attributes)
        for one in segments:
            self._child(speech, "segment", (one.began_ns, one.ended_ns), one.attributes)
        speech.end(ended_ns)

    def _child(self, parent: Span, name: str, times: tuple[int, int], attributes: Attributes) -> None:
        child = self._tracer.start_span(
            name,
            set_span_in_context(parent),
            kind=SpanKind.INTERNAL,
            start_time=times[0],
            attributes=attributes,
        )
        child.end(times[1])


def _attributes(event: RequestFinished) -> Attributes:
    known: dict[str, str | int | float | bool] = {
        "koe.request_id": event.request_id,
        "koe.outcome": event.outcome,
        "koe.engine": event.engine,
        "koe.voice": event.voice,
        "koe.format": event.format,
        "koe.characters": event.characters,
        "koe.segments": event.segments,
        "koe.audio_s": event.audio_s,
        "koe.cached": event.cached,
    }
    if event.first_audio_s is not None:
        known["koe.first_audio_s"] = event.first_audio_s
    return known
