"""The response headers: their names, what they say, and what may stand in them."""

import uuid
from collections.abc import Iterable, Mapping
from urllib.parse import quote

REQUEST_ID = "x-request-id"
ENGINE = "koe-engine"
VOICE = "koe-voice"
TIMESTAMPS = "koe-timestamps"
IGNORED = "koe-ignored"
FACT_PREFIX = "koe-"
"""Of the headers with what audio processors say of their work (see `AudioStream.facts`)."""
CACHE = "koe-cache"
SERVER_TIMING = "server-timing"
CONTENT_DISPOSITION = "content-disposition"
ACCEL_BUFFERING = "x-accel-buffering"
RETRY_AFTER = "retry-after"
RETRY_AFTER_MS = "retry-after-ms"
ALLOW = "allow"

COMMON: Mapping[str, str] = {
    REQUEST_ID: "The request's id, for logs and questions: the client's own where it sent a valid one.",
}
SPEECH: Mapping[str, str] = {
    ENGINE: "The engine that spoke.",
    VOICE: "The voice or mix that spoke, after aliases were resolved; percent-encoded UTF-8.",
    IGNORED: "The fields of the body that had no effect, separated by commas; percent-encoded UTF-8. "
    "Absent when there were none.",
    TIMESTAMPS: "On captions: `word` where the engine timed its words, `estimate` where they were guessed.",
    CACHE: "`hit` where no inference was run for this answer, `miss` where all of it was inferred, else "
    "`partial`; of streams, for the segments in the first audio. Absent where nothing is cached.",
    SERVER_TIMING: "Milliseconds spent in each stage before the answer began; absent where the whole answer "
    "was kept from an equal request.",
    CONTENT_DISPOSITION: "A file name with the format's extension; absent on events.",
    ACCEL_BUFFERING: "`no` on streams: tells nginx to pass the audio on at once.",
}
RETRY: Mapping[str, str] = {
    RETRY_AFTER: "Whole seconds after which another try makes sense, at least 1.",
    RETRY_AFTER_MS: "The same in whole milliseconds, at least 1.",
}
METHODS: Mapping[str, str] = {ALLOW: "The methods that the path answers."}

MAX_NAMES = 20
MAX_NAME_CHARACTERS = 64
_SAFE = "!#$&'()*+-./:;<=>?@[]^_`{|}~"


def new_request_id() -> str:
    """An id for a request that brings none."""
    return f"req_{uuid.uuid4().hex}"


def header_value(text: str) -> str:
    """`text` as visible ASCII without spaces and commas; everything else is percent-encoded UTF-8."""
    return quote(text, safe=_SAFE)


def header_list(names: Iterable[str]) -> str:
    """Names for one header. Past `MAX_NAMES` a last item `+n` counts the rest; `~` ends a name cut short."""
    return ", ".join(name_list(header_value(name) for name in names))


def name_list(names: Iterable[str]) -> list[str]:
    """Names, cut to what may be shown of them (see `header_list`)."""
    shown = [_shortened(name) for name in names]
    rest = len(shown) - MAX_NAMES
    return [*shown[:MAX_NAMES], *([f"+{rest}"] if rest > 0 else [])]


def server_timing(stage_seconds: Mapping[str, float]) -> str:
    """Seconds by stage as the value of `server-timing`, which counts in milliseconds."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in stage_seconds.items())


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "~"
