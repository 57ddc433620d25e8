"""Reads the event streams of a server."""

import base64
import json
from typing import Any

import httpx

from tests.server.harness import PATIENCE_S

SPEECH = "/v1/audio/speech"


def sse_events(body: bytes) -> list[dict[str, Any]]:
    """The events of a whole answer, which must hold nothing but them and comments."""
    blocks = body.decode("ascii").split("\n\n")
    assert blocks.pop() == "", "the last event is cut off"
    events = []
    for block in blocks:
        if not block.startswith(":"):
            head, data = block[:6], block[6:]
            assert head == "data: "
            events.append(json.loads(data))
    return events


def ndjson_events(body: bytes) -> list[dict[str, Any]]:
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.decode("ascii").splitlines()]


def audio_of(events: list[dict[str, Any]]) -> bytes:
    """The audio in them, decoded event by event."""
    return b"".join(base64.b64decode(event["audio"], validate=True) for event in events if "audio" in event)


def words_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for event in events if event["type"].endswith("words") for word in event["words"]]


def speak(url: str, text: str, **fields: Any) -> list[dict[str, Any]]:
    """The events of a spoken text."""
    body = {"input": text, "stream_format": "sse", **fields}
    response = httpx.post(url + SPEECH, json=body, timeout=PATIENCE_S)
    assert response.status_code == 200, response.text
    return sse_events(response.content)
