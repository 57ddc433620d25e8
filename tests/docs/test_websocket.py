"""`docs/websocket.md` against the code."""

import json
import re
from pathlib import Path

import attrs
import pytest
from koe import livetext
from koe.http import stream_messages, stream_peer, stream_session
from koe.http.words import OriginalMark, OriginalWord
from koe.settings import Settings
from koe.testing.fakes import FakePlugin

from tests.server.live import live

TEXT = (Path(__file__).parents[2] / "docs" / "websocket.md").read_text(encoding="utf-8")
EVENTS = (
    stream_messages.AudioStart,
    stream_messages.AudioWords,
    stream_messages.AudioMarks,
    stream_messages.AudioDone,
    stream_messages.SessionDone,
    stream_messages.ErrorEvent,
)


def rows(title):
    """The cells of the table under one heading, without its head."""
    section = TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_message_of_the_client_is_listed_and_no_other():
    assert [row[0].strip("`") for row in rows("From the client")] == [
        "session.config",
        "input.text",
        "input.flush",
        "input.cancel",
        "input.done",
    ]
    assert {row[0].strip("`") for row in rows("From the client")} == set(stream_messages.CLIENT_TYPES)


def test_every_field_of_the_configuration_is_listed_with_its_default():
    listed = {row[0].strip("`"): row[2].strip("`") for row in rows("Configuration")}
    fields = {field.name: field.default for field in attrs.fields(stream_messages.SessionConfig)}
    assert listed.keys() == fields.keys()
    for name, default in fields.items():
        if default is not None and name != "voice_aliases":
            assert listed[name] in {str(default), json.dumps(default)} or float(listed[name]) == default


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_is_listed_with_its_fields(event):
    listed = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows("From the server")}
    assert set(listed[event.type]) == {field.name for field in attrs.fields(event)}
    assert listed.keys() == {one.type for one in EVENTS}


@pytest.mark.parametrize("shape", [OriginalWord, OriginalMark])
def test_words_and_marks_have_the_keys_that_are_named(shape):
    keys = ", ".join(f'"{field.name}"' for field in attrs.fields(shape))
    assert f"`{{{keys}}}`" in TEXT


def test_figures_and_defaults_are_those_of_the_code():
    settings = Settings()
    for name in re.findall(r"`http\.(\w+)` \((\d+) s\)", TEXT):
        assert getattr(settings.http, name[0]) == float(name[1])
    for name in re.findall(r"`limits\.(\w+)`", TEXT):
        assert hasattr(settings.limits, name)
    assert f"clause of {livetext.FIRST_CLAUSE} characters" in TEXT
    assert f"ends after {livetext.LATER_CLAUSE} characters" in TEXT
    assert f"within {livetext.LONGEST} characters" in TEXT
    assert f"up to {stream_session.MAX_UTTERANCES} of a session" in TEXT
    limits = {row[0]: (row[1], row[2]) for row in rows("Limits")}
    assert limits["characters of a message"][0] == f"{stream_messages.MAX_MESSAGE_CHARACTERS:,}"
    assert limits["messages in a row that cannot be acted on"][0] == str(stream_session.MAX_MISTAKES)
    assert str(stream_peer.MESSAGE_TOO_BIG) in limits["characters of a message"][1]
    assert str(stream_peer.UNSUPPORTED_DATA) in limits["binary frames"][1]


def test_the_example_speaks(tmp_path, monkeypatch, capsys):
    code = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
    monkeypatch.chdir(tmp_path)
    with live(FakePlugin()) as server:
        exec(code.replace("ws://127.0.0.1:8354", server.url.replace("http", "ws")), {})
    said = capsys.readouterr().out.splitlines()
    events = [json.loads(line) for line in said if line.startswith('{"type"')]
    assert [event["type"] for event in events] == ["audio.start", "audio.done", "session.done"]
    assert (tmp_path / "hello.pcm").stat().st_size == round(events[1]["audio_s"] * 24_000) * 2
