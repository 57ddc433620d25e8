"""`stream_format: "ndjson"`: the same events as JSON objects, one a line."""

from koe.http.events import AudioEvent, DoneEvent, ErrorEvent, Framing, MarksEvent, WordsEvent

NDJSON = Framing(
    media_type="application/x-ndjson",
    names={
        AudioEvent: "audio",
        WordsEvent: "words",
        MarksEvent: "marks",
        DoneEvent: "done",
        ErrorEvent: "error",
    },
    head=b"",
    tail=b"\n",
)
