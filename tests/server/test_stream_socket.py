"""Text goes in as it is written, audio comes out: the streaming WebSocket on a real server."""

import asyncio
import gc
import logging
import socket
import struct
import threading
import time

import h2.events
import httpx
import numpy as np
import psutil
import pytest
from attrs import evolve
from koe.hooks import Plugin, hookimpl
from koe.http.stream_messages import MAX_MESSAGE_CHARACTERS
from koe.http.stream_session import MAX_MISTAKES, MAX_UTTERANCES
from koe.stages import MarkupParser
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import SAMPLE_RATE, FakeEngine, FakePlugin
from koe.types import Mark, Segment, Utterance
from koe_espeak import EspeakPlugin
from koe_espeak.config import EspeakConfig
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.server.audio import FRAME_SAMPLES, decoded
from tests.server.harness import PATIENCE_S, RawHttp2, wait_until
from tests.server.live import live
from tests.server.stream_client import PATH, client_frame, narrow, session, tokens

SENTENCES = (
    "The lighthouse keeper climbed the stairs every single evening.",
    "He carried a lamp, two books and a thermos of tea.",
    "Nobody had ever asked him why he did so.",
    "Was it habit, duty or plain stubbornness that kept him going?",
    "The gulls did not care, and neither did the sea!",
)
TEXT = " ".join(SENTENCES * 4)
"""200 words."""


def settings(*, http=None, limits=None, server=None):
    return evolve(
        FAKE_SETTINGS,
        http=evolve(FAKE_SETTINGS.http, **(http or {})),
        limits=evolve(FAKE_SETTINGS.limits, **(limits or {})),
        server=evolve(FAKE_SETTINGS.server, **(server or {})),
    )


class Hold:
    """Holds every inference whose text begins with `start` until it is let go or cancelled."""

    def __init__(self, start=""):
        self.start = start
        self.holding = threading.Event()
        self.let_go = threading.Event()
        self.was_cancelled = threading.Event()

    def __call__(self, segment, cancellation):
        if segment.text.startswith(self.start):
            self.holding.set()
            with cancellation.on_cancel(self._cancelled):
                assert self.let_go.wait(PATIENCE_S), "nobody let go or cancelled"

    def _cancelled(self):
        self.was_cancelled.set()
        self.let_go.set()


def stats(server):
    return server.service.backend.stats()


def spoken(engine):
    return [segment.text for segment in engine.spoken]


class TestAudio:
    def test_the_first_audio_comes_before_the_tenth_word_after_the_first_sentence(self):
        words = tokens(TEXT)
        assert len(words) == 200
        end = next(place for place, word in enumerate(words) if word.endswith("."))
        with live(FakePlugin()) as server, session(server.url) as client:
            for word in words[: end + 10]:  # nine words behind the sentence's last
                client.send("input.text", text=word)
            first = client.audio()
            assert np.any(np.frombuffer(first, np.int16))

    def test_the_first_audio_needs_no_more_than_a_clause_and_a_word(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.say("Long before the first ship came, nobody")
            assert client.event()["type"] == "audio.start"
            assert isinstance(client.frame(), bytes)

    @pytest.mark.parametrize("language", ["fake", "espeak"])
    def test_it_is_as_long_as_that_of_the_whole_text(self, language):
        if language == "fake":
            server_of = live(FakePlugin())
        else:
            chosen = evolve(
                FAKE_SETTINGS,
                engine=evolve(FAKE_SETTINGS.engine, auto_order=("espeak",)),
                pipeline=evolve(FAKE_SETTINGS.pipeline, phonemize=("espeak",)),
            )
            server_of = live(EspeakPlugin(EspeakConfig()), settings=chosen)
        with server_of as server:
            body = {"input": TEXT, "response_format": "pcm", "sample_rate": 24_000}
            whole = httpx.post(f"{server.url}/v1/audio/speech", json=body, timeout=60).content
            with session(server.url) as client:
                client.say(TEXT)
                client.send("input.done")
                utterance = client.utterance()
        assert utterance.types == ["audio.start", "audio.done"]
        assert len(utterance.audio) == pytest.approx(len(whole), rel=0.02)
        assert utterance.last["audio_s"] == pytest.approx(len(utterance.audio) / 2 / SAMPLE_RATE, rel=0.001)

    def test_nothing_of_the_text_is_lost(self):
        engine = FakeEngine()
        with live(FakePlugin(engine)) as server, session(server.url) as client:
            client.say(TEXT)
            client.send("input.flush")
            client.utterance()
        assert " ".join(spoken(engine)).split() == TEXT.translate(str.maketrans("", "", ".,!?")).split()

    @pytest.mark.parametrize(
        ("format_name", "begin"), [("wav", b"RIFF"), ("flac", b"fLaC"), ("opus", b"OggS")]
    )
    def test_each_utterance_is_one_file_of_its_own(self, format_name, begin):
        with live(FakePlugin()) as server, session(server.url, response_format=format_name) as client:
            for text in ("First one. Second one. And a third", "Another"):
                client.say(text)
                client.send("input.flush")
                utterance = client.utterance()
                assert utterance.audio.startswith(begin)
                made = len(decoded(utterance.audio, format_name)) / SAMPLE_RATE
                assert made == pytest.approx(
                    utterance.last["audio_s"], abs=FRAME_SAMPLES[format_name] / SAMPLE_RATE
                )

    def test_audio_start_says_what_comes(self):
        with live(FakePlugin()) as server:
            with session(
                server.url, voice={"id": "onyx"}, model="tts-1", sample_rate=16_000, tempo=3
            ) as client:
                client.say("Hello")
                client.send("input.flush")
                start = client.event()
                identifier = client.response_headers["x-request-id"]
                audio = client.utterance()
        assert start == {
            "type": "audio.start",
            "utterance_id": f"{identifier}.1",
            "format": "pcm",
            "media_type": "audio/pcm",
            "sample_rate": 16_000,
            "engine": "fake",
            "voice": "bob",
            "ignored": ["tempo"],
            "facts": {},
        }
        assert len(audio.audio) == 5 * 16_000 // 10


class TestUtterances:
    def test_flush_ends_one_and_the_next_text_begins_another(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            ids = []
            for text in ("One", "Two", "Three"):
                client.say(text)
                client.send("input.flush")
                ids.append(client.utterance().last["utterance_id"])
            assert [one.rpartition(".")[2] for one in ids] == ["1", "2", "3"]

    def test_they_are_spoken_in_order_even_when_they_come_at_once(self):
        engine = FakeEngine()
        with live(FakePlugin(engine)) as server, session(server.url) as client:
            for text in ("One", "Two", "Three"):
                client.say(text)
                client.send("input.flush")
            client.send("input.done")
            for number in "123":
                assert client.utterance().last["utterance_id"].endswith(f".{number}")
            assert client.event() == {"type": "session.done"}
            assert client.closed() == (1000, "done")
        assert spoken(engine) == ["One", "Two", "Three"]

    def test_done_speaks_what_is_there_and_ends_the_session(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.say("Half a sen")
            client.send("input.done")
            assert client.utterance().types == ["audio.start", "audio.done"]
            assert client.event() == {"type": "session.done"}
            assert client.closed() == (1000, "done")

    def test_a_session_without_text_ends_as_well(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.send("input.flush")
            client.send("input.text", text=" \n")
            client.send("input.cancel")
            client.send("input.done")
            assert client.event() == {"type": "session.done"}

    def test_text_after_done_is_refused(self):
        hold = Hold()
        with live(FakePlugin(FakeEngine(before=hold))) as server, session(server.url) as client:
            client.say("One")
            client.send("input.done")
            client.say("Two")
            error = client.event()
            hold.let_go.set()
            assert "after the session's end" in error["error"]["message"]
            assert client.utterance().types == ["audio.start", "audio.done"]

    def test_one_that_gets_no_more_text_ends_as_if_flushed_and_frees_its_place(self):
        with live(FakePlugin(), settings=settings(http={"stream_idle_timeout_s": 0.5})) as server:
            with session(server.url) as client:
                client.say("A whole sentence. And half a")
                assert client.audio()
                assert stats(server).running == 1
                assert client.utterance().last["cancelled"] is False
                wait_until(lambda: stats(server).running == 0, "the place is free")
                client.say("More")
                client.send("input.flush")
                assert client.utterance().types == ["audio.start", "audio.done"]

    def test_a_silent_session_is_closed(self):
        with live(FakePlugin(), settings=settings(http={"stream_session_timeout_s": 0.2})) as server:
            with session(server.url) as client:
                assert client.event() == {"type": "session.done"}
                assert client.closed() == (1000, "nothing was said for a long time")

    def test_a_session_that_is_being_spoken_to_is_not_silent(self):
        hold = Hold()
        with live(
            FakePlugin(FakeEngine(before=hold)), settings=settings(http={"stream_session_timeout_s": 0.2})
        ) as server:
            with session(server.url) as client:
                client.say("Hello")
                client.send("input.flush")
                assert hold.holding.wait(PATIENCE_S)
                with pytest.raises(TimeoutError):
                    client.socket.recv(timeout=0.7)
                hold.let_go.set()
                assert client.utterance().types == ["audio.start", "audio.done"]

    def test_no_place_is_held_before_there_is_something_to_speak(self):
        with live(FakePlugin(), settings=settings(limits={"max_concurrent": 1})) as server:
            with session(server.url) as idle, session(server.url) as halfway, session(server.url) as client:
                idle.send("input.flush")
                halfway.say("Half a sen")
                client.say("Hello")
                client.send("input.flush")
                assert client.utterance().types == ["audio.start", "audio.done"]
                assert stats(server).running == 0

    def test_markup_is_spoken_from_its_flush_on_since_it_cannot_be_cut(self):
        with live(FakePlugin(), ShoutPlugin()) as server, session(server.url, markup="shout") as client:
            client.say("One here. Two here. Three")
            client.send("session.config")  # is read after the text
            client.send("input.nonsense")
            assert client.event()["type"] == "error"  # and nothing was spoken up to now
            client.send("input.flush")
            assert client.utterance().types == ["audio.start", "audio.marks", "audio.done"]


class Shout(MarkupParser):
    """Upper case, with a mark behind."""

    name = "shout"

    def parse(self, request, context):
        return Utterance((Segment(request.text.upper(), context.voice, context.language), Mark("end")))


class ShoutPlugin(Plugin):
    @hookimpl
    def register_markup_parsers(self):
        return [Shout()]


class TestWords:
    def test_they_come_before_the_audio_that_holds_them_with_offsets_of_the_utterance(self):
        text = "Hello there. It costs 3.50 euros. Bye"
        with live(FakePlugin()) as server, session(server.url, timestamps="word") as client:
            client.say("  " + text)
            client.send("input.flush")
            words, audio_s = [], 0.0
            while not isinstance(came := client.frame(), dict) or came["type"] != "audio.done":
                if isinstance(came, bytes):
                    audio_s += len(came) / 2 / SAMPLE_RATE
                elif came["type"] == "audio.words":
                    assert all(word["start"] >= audio_s - 1e-6 for word in came["words"])
                    assert came["estimated"] is False
                    words += came["words"]
        assert [word["text"] for word in words] == ["Hello", "there", "It", "costs", "3.50", "euros", "Bye"]
        assert all(text[word["start_char"] : word["end_char"]] == word["text"] for word in words)
        assert words[-1]["end"] == pytest.approx(audio_s)

    def test_they_are_not_sent_unasked(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.say("Hello there")
            client.send("input.flush")
            assert client.utterance().types == ["audio.start", "audio.done"]

    def test_asking_an_engine_that_does_not_time_them_is_refused_at_once(self):
        with live(FakePlugin(FakeEngine(times_words=False))) as server:
            with session(server.url, timestamps="word") as client:
                assert client.event()["error"]["param"] == "timestamps"
                client.send("session.config", timestamps="estimate")
                client.say("Hello there")
                client.send("input.flush")
                events = client.utterance().events
                assert [event["estimated"] for event in events if event["type"] == "audio.words"] == [True]


class TestCancel:
    def test_it_ends_inference_within_one_segment_and_the_session_goes_on(self):
        hold = Hold("Second")
        engine = FakeEngine(before=hold)
        with live(FakePlugin(engine)) as server, session(server.url) as client:
            client.say("First one. Second one. Third one. Fourth one. Fifth")
            assert hold.holding.wait(PATIENCE_S)
            assert client.event()["type"] == "audio.start"
            client.send("input.cancel")
            assert hold.was_cancelled.wait(PATIENCE_S)
            cut = client.utterance()
            assert cut.types == ["audio.done"]
            assert cut.last["cancelled"] is True
            assert spoken(engine) == ["First one", "Second one"]
            assert (stats(server).running, stats(server).cancelled) == (0, 1)
            client.say("Anew")
            client.send("input.flush")
            again = client.utterance()
            assert again.last["cancelled"] is False
            assert len(again.audio) == 4 * SAMPLE_RATE // 10
            assert spoken(engine)[2:] == ["Anew"]

    def test_it_throws_away_all_that_waits(self):
        hold = Hold("First")
        engine = FakeEngine(before=hold)
        with live(FakePlugin(engine)) as server, session(server.url) as client:
            for text in ("First", "Second", "Thi"):
                client.say(text)
                if text != "Thi":
                    client.send("input.flush")
            assert hold.holding.wait(PATIENCE_S)
            client.send("input.cancel")
            client.say("Fourth")
            client.send("input.done")
            ends = [client.utterance().last for _ in range(4)]
            assert [end["cancelled"] for end in ends] == [True, True, True, False]
            assert [end["utterance_id"][-2:] for end in ends] == [".1", ".2", ".3", ".4"]
        assert spoken(engine) == ["First", "Fourth"]

    def test_one_without_any_audio_is_confirmed_too(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.say("Half a sen")
            client.send("input.cancel")
            done = client.event()
            assert (done["type"], done["cancelled"], done["audio_s"]) == ("audio.done", True, 0.0)

    def test_it_is_heard_while_the_client_takes_no_audio(self):
        engine = FakeEngine()
        with live(FakePlugin(engine)) as server, narrow(server.url) as client:
            client.send("input.text", text=TEXT * 40)
            made = _standstill(engine)
            assert stats(server).running == 1
            client.send("input.cancel")
            wait_until(lambda: stats(server).cancelled == 1, "the utterance was cancelled")
            assert len(engine.spoken) <= made + 1


class TestErrors:
    def test_a_failing_engine_ends_the_utterance_with_an_error_and_the_session_goes_on(self):
        def fail(segment, _cancellation):
            if "bad" in segment.text:
                raise RuntimeError("secret of the engine")

        with live(FakePlugin(FakeEngine(before=fail))) as server, session(server.url) as client:
            client.say("A good one. A bad one. Something else. And more")
            broken = client.utterance()
            assert broken.types == ["audio.start", "error"]
            assert broken.last["utterance_id"].endswith(".1")
            assert broken.last["error"]["code"] == "stage_failed"
            assert "secret" not in broken.last["error"]["message"]
            client.say(" of the same utterance. ")
            client.send("input.flush")
            client.say("Fine")
            client.send("input.done")
            fine = client.utterance()
            assert fine.types == ["audio.start", "audio.done"]
            assert fine.last["utterance_id"].endswith(".2")
            assert client.event() == {"type": "session.done"}

    def test_an_utterance_without_a_place_ends_with_overloaded(self):
        hold = Hold()
        limits = {"max_concurrent": 1, "max_queued": 0}
        with live(FakePlugin(FakeEngine(before=hold)), settings=settings(limits=limits)) as server:
            with session(server.url) as first, session(server.url) as second:
                first.say("First. And")
                assert hold.holding.wait(PATIENCE_S)
                second.say("Second. And")
                error = second.event()
                assert (error["error"]["code"], error["utterance_id"][-2:]) == ("overloaded", ".1")
                hold.let_go.set()
                first.send("input.done")
                assert first.utterance().types == ["audio.start", "audio.done"]

    def test_a_text_that_gives_no_audio_is_an_error(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.say("...")
            client.send("input.flush")
            assert client.utterance().last["error"]["code"] == "nothing_to_speak"

    @pytest.mark.parametrize(
        ("message", "param", "said"),
        [
            ('{"type": "input.txt", "text": "x"}', "type", "did you mean 'input.text'?"),
            ('{"text": "x"}', "type", "session.config, input.text"),
            ('{"type": "input.text"}', "text", "text"),
            ('{"type": "input.text", "text": 3}', "text", "3"),
            ('{"type": "session.config", "speed": 9}', "speed", "0.25 to 4"),
            ('{"type": "session.config", "sample_rate": 1}', "sample_rate", "8000"),
            ('{"type": "session.config", "voice": "nobody"}', "voice", "nobody"),
            ('{"type": "session.config", "model": "nothing"}', "model", "nothing"),
            ('{"type": "session.config", "response_format": "midi"}', "response_format", "midi"),
            ('{"type": "session.config", "markup": "runes"}', "markup", "runes"),
            ('{"type": "session.config", "language": "tlh"}', "language", "tlh"),
            ('{"type": "session.config", "voice_aliases": {"a": 1}}', "voice_aliases.a", "1"),
            ("{", None, "not valid JSON"),
            ("[]", None, "JSON object"),
            ('"\\ud800"', None, "JSON object"),
            ('{"type": "input.text", "text": "\\ud800"}', "text", "surrogate"),
        ],
    )
    def test_a_wrong_message_is_answered_and_the_session_goes_on(self, message, param, said):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.socket.send(message)
            event = client.event()
            assert (event["type"], event["utterance_id"]) == ("error", None)
            assert event["error"]["param"] == param
            assert said in event["error"]["message"]
            client.send("session.config", voice=None)
            client.say("Fine")
            client.send("input.flush")
            assert client.utterance().types == ["audio.start", "audio.done"]

    def test_nothing_is_spoken_with_a_configuration_that_was_refused(self):
        engine = FakeEngine()
        with live(FakePlugin(engine)) as server, session(server.url, voice="nobody") as client:
            client.send("input.text", text="Hello")
            assert client.event()["error"]["code"] == "voice_not_found"
            assert "session.config was refused" in client.event()["error"]["message"]
            client.send("session.config", speed=2.0)
            client.say("Hello")
            client.send("input.flush")
            assert client.event()["voice"] == "ann"
            assert len(client.utterance().audio) == 5 * SAMPLE_RATE // 20
        assert len(engine.spoken) == 1

    def test_more_text_than_the_limit_is_refused_and_what_was_taken_is_spoken(self):
        hold = Hold()
        engine = FakeEngine(before=hold)
        with live(FakePlugin(engine), settings=settings(limits={"max_characters": 20})) as server:
            with session(server.url) as client:
                client.send("input.text", text="Ten chars.")
                client.send("input.text", text=" Eleven char")
                error = client.event()["error"]
                assert (error["code"], error["param"]) == ("text_too_long", "text")
                client.send("input.text", text=" Nine char")
                client.send("input.flush")
                hold.let_go.set()
                assert client.utterance().types == ["audio.start", "audio.done"]
                client.send("input.text", text="Room for new text")
                client.send("input.flush")
                assert client.utterance().types == ["audio.start", "audio.done"]
        assert spoken(engine) == ["Ten chars", "Nine char", "Room for new text"]

    def test_more_utterances_than_may_wait_are_refused(self):
        hold = Hold()
        with live(FakePlugin(FakeEngine(before=hold))) as server, session(server.url) as client:
            for _ in range(MAX_UTTERANCES + 1):
                client.send("input.text", text="a")
                client.send("input.flush")
            assert "wait already" in client.event()["error"]["message"]
            hold.let_go.set()
            client.send("input.done")
            for _ in range(MAX_UTTERANCES):
                assert client.utterance().types == ["audio.start", "audio.done"]
            assert client.event() == {"type": "session.done"}

    @pytest.mark.parametrize(("message", "code"), [("{", 1007), ('{"type": "x"}', 1008)])
    def test_a_flood_of_wrong_messages_ends_the_session(self, message, code):
        with live(FakePlugin()) as server, session(server.url) as client:
            for _ in range(MAX_MISTAKES):
                client.socket.send(message)
            for _ in range(MAX_MISTAKES + 1):
                assert client.event()["type"] == "error"
            assert client.closed()[0] == code

    def test_a_good_message_between_wrong_ones_is_no_flood(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            for _ in range(2):
                for _ in range(MAX_MISTAKES - 1):
                    client.socket.send("{")
                    client.event()
                client.send("input.flush")
            client.send("input.done")
            assert client.event() == {"type": "session.done"}

    def test_binary_frames_end_the_session(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            client.socket.send(b"audio?")
            assert "Binary" in client.event()["error"]["message"]
            assert client.closed()[0] == 1003

    @pytest.mark.parametrize("fragment", [MAX_MESSAGE_CHARACTERS, 10_000])
    def test_a_message_that_is_too_large_ends_the_session_and_stops_the_work(self, fragment):
        hold = Hold()
        with live(FakePlugin(FakeEngine(before=hold))) as server, session(server.url) as client:
            client.say("One. Two")
            assert hold.holding.wait(PATIENCE_S)
            text = "x" * (MAX_MESSAGE_CHARACTERS + 1)
            client.socket.send(text[start : start + fragment] for start in range(0, len(text), fragment))
            assert str(MAX_MESSAGE_CHARACTERS) in client.event()["error"]["message"]
            assert client.closed()[0] == 1009
            assert hold.was_cancelled.is_set()
            wait_until(lambda: stats(server).running == 0, "the place is free")

    def test_a_message_of_the_largest_size_is_read(self):
        with live(FakePlugin(), settings=settings(limits={"max_characters": 10_000_000})) as server:
            with session(server.url) as client:
                envelope = len('{"type": "input.text", "text": ""}')
                client.send("input.text", text=" " * (MAX_MESSAGE_CHARACTERS - envelope))
                client.send("input.done")
                assert client.event() == {"type": "session.done"}


class TestConfig:
    def test_it_changes_what_it_names_from_the_next_utterance_on(self):
        with live(FakePlugin()) as server, session(server.url, voice="bob", speed=2.0) as client:
            client.send("input.text", text="One")
            client.send("session.config", voice="eva", language="de")
            client.send("input.text", text=" here")
            client.send("input.flush")
            assert client.event()["voice"] == "bob"
            assert len(client.utterance().audio) == 8 * SAMPLE_RATE // 20
            client.send("input.text", text="Two")
            client.send("input.flush")
            assert client.event()["voice"] == "eva"
            assert len(client.utterance().audio) == 3 * SAMPLE_RATE // 20
            client.send("session.config", voice=None, speed=None)
            client.send("input.text", text="Six")
            client.send("input.flush")
            assert client.event()["voice"] == "ann"
            assert len(client.utterance().audio) == 3 * SAMPLE_RATE // 10

    def test_aliases_hold_for_the_session(self):
        with live(FakePlugin()) as server:
            with session(server.url, voice="narrator", voice_aliases={"narrator": "bob"}) as client:
                client.say("Hello")
                client.send("input.flush")
                assert client.event()["voice"] == "bob"


class TestHandshake:
    def test_without_an_upgrade_the_path_says_what_it_is(self):
        with live(FakePlugin()) as server:
            answer = httpx.get(server.url + PATH)
            assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
            assert answer.json()["error"]["code"] == "upgrade_required"

    def test_more_sessions_than_allowed_are_refused_until_one_ends(self):
        with live(FakePlugin(), settings=settings(limits={"max_sessions": 1})) as server:
            with session(server.url):
                with pytest.raises(InvalidStatus) as refused:
                    connect(server.url.replace("http", "ws") + PATH)
                response = refused.value.response
                assert response.status_code == 503
                assert response.headers["retry-after"] == "1"
                assert response.headers["x-request-id"]
                assert b'"code":"overloaded"' in response.body
            wait_until(lambda: _opens(server), "there is room again")

    def test_nothing_is_compressed(self):
        with live(FakePlugin()) as server, session(server.url) as client:
            assert client.socket.request is not None
            assert "sec-websocket-extensions" in client.socket.request.headers
            assert "sec-websocket-extensions" not in client.response_headers


class TestDrain:
    def test_idle_sessions_end_at_once(self):
        with live(FakePlugin(), settings=settings(server={"drain_timeout_s": 20.0})) as server:
            with session(server.url) as client:
                client.send("input.flush")
                stop = _draining(server)
                assert client.event() == {"type": "session.done"}
                assert client.closed() == (1001, "the server is shutting down")
            assert stop() < 10

    def test_a_running_utterance_is_finished_and_its_half_sentence_spoken(self):
        hold = Hold("First")
        engine = FakeEngine(before=hold)
        with live(FakePlugin(engine)) as server, session(server.url) as client:
            client.say("First one. Second half")
            assert hold.holding.wait(PATIENCE_S)
            stop = _draining(server)
            client.send("input.text", text=" too late")
            assert client.event()["error"]["code"] == "shutting_down"
            hold.let_go.set()
            assert client.utterance().types == ["audio.start", "audio.done"]
            assert client.event() == {"type": "session.done"}
            assert client.closed()[0] == 1001
            assert stop() < 10
        assert spoken(engine) == ["First one", "Second half"]

    def test_utterances_that_wait_are_refused(self):
        hold = Hold("First")
        with live(FakePlugin(FakeEngine(before=hold))) as server, session(server.url) as client:
            for text in ("First", "Second"):
                client.say(text)
                client.send("input.flush")
            assert hold.holding.wait(PATIENCE_S)
            stop = _draining(server)
            with pytest.raises(InvalidStatus, match="503"):
                connect(server.url.replace("http", "ws") + PATH)
            hold.let_go.set()
            assert client.utterance().types == ["audio.start", "audio.done"]
            assert client.utterance().last["error"]["code"] == "shutting_down"
            assert client.event() == {"type": "session.done"}
            stop()


class TestClientsThatLeave:
    def test_closing_stops_the_work(self):
        hold = Hold("Second")
        engine = FakeEngine(before=hold)
        with live(FakePlugin(engine)) as server:
            with session(server.url) as client:
                client.say("First one. Second one. Third one. Fourth")
                assert hold.holding.wait(PATIENCE_S)
            assert hold.was_cancelled.wait(PATIENCE_S)
            wait_until(lambda: stats(server).cancelled == 1, "the utterance was cancelled")
            assert stats(server).running == 0
        assert spoken(engine) == ["First one", "Second one"]

    def test_one_that_does_not_read_stops_the_work_and_is_dropped_in_the_end(self):
        engine = FakeEngine()
        with live(FakePlugin(engine), settings=settings(http={"stream_stall_timeout_s": 1.5})) as server:
            with narrow(server.url) as client:
                client.send("input.text", text=TEXT * 40)
                made = _standstill(engine)
                assert made < 400, f"{made} of 800 segments were made for a client that reads nothing"
                wait_until(lambda: stats(server).cancelled == 1, "the utterance was cancelled")
                assert stats(server).running == 0
                wait_until(lambda: _sessions(server) == [], "the session has ended")
                with pytest.raises(ConnectionResetError):
                    while client.socket.recv(65536):
                        pass

    def test_one_that_reads_slowly_is_not_dropped(self):
        with live(FakePlugin(), settings=settings(http={"stream_stall_timeout_s": 0.8})) as server:
            with narrow(server.url) as client:
                client.send("input.text", text=TEXT * 2)
                client.send("input.done")
                received = b""
                began = time.monotonic()
                while piece := client.socket.recv(262_144):
                    received += piece
                    time.sleep(0.004)
                assert time.monotonic() - began > 0.8
                assert b'"type":"session.done"' in received

    def test_fifty_sessions_dropped_mid_word_leave_nothing_behind(self, monkeypatch):
        monkeypatch.setattr(logging.getLogger("websockets.client"), "disabled", True)  # records keep objects
        engine = FakeEngine()
        with live(FakePlugin(engine)) as server:
            _drop_sessions(server, 10)  # what is made once is there now
            threads, objects, memory = _left(server, engine)
            _drop_sessions(server, 50)
            threads_then, objects_then, memory_then = _left(server, engine)
        assert threads_then == threads
        assert objects_then - objects < 100, "objects were left behind"
        assert memory_then - memory < 8_000_000, "memory was left behind"
        assert stats(server).cancelled == 60


class TestHttp2:
    def test_it_speaks_there_as_well(self):
        with live(FakePlugin()) as server, RawHttp2(server, 1 << 20) as client:
            stream_id = _extended_connect(client)
            client.connection.send_data(stream_id, client_frame("input.text", text="Hello"))
            client.connection.send_data(stream_id, client_frame("input.done"))
            client.flush()
            client.wait_for(h2.events.StreamEnded, stream_id)
            came = b"".join(one.data for one in client.seen if isinstance(one, h2.events.DataReceived))
            assert len(came) > 5 * SAMPLE_RATE // 10
            assert b'{"type":"session.done"}' in came

    def test_a_client_that_grants_no_window_is_dropped(self):
        engine = FakeEngine()
        stalling = settings(http={"stream_stall_timeout_s": 0.5})
        with live(FakePlugin(engine), settings=stalling) as server, RawHttp2(server) as client:
            stream_id = _extended_connect(client)
            client.connection.send_data(stream_id, client_frame("input.text", text=TEXT))
            client.flush()
            client.wait_for(h2.events.StreamReset, stream_id)
            wait_until(lambda: stats(server).cancelled == 1, "the utterance was cancelled")
            assert len(engine.spoken) < 10


def _extended_connect(client):
    """A WebSocket on a stream of its own (RFC 8441)."""
    stream_id = client.connection.get_next_available_stream_id()
    place = {":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": PATH}
    headers = {**place, ":authority": client.authority, "sec-websocket-version": "13"}
    client.connection.send_headers(stream_id, list(headers.items()))
    client.flush()
    client.wait_for(h2.events.ResponseReceived, stream_id)
    return stream_id


def _standstill(engine):
    """The number of segments made once that number no longer grows."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        if len(engine.spoken) != count:
            count, since = len(engine.spoken), time.monotonic()
        time.sleep(0.01)
    assert count > 0
    return count


def _sessions(server):
    """The tasks of sessions in the server's loop."""
    return [task for task in asyncio.all_tasks(server.loop) if "stream_session" in repr(task)]


def _opens(server):
    try:
        with session(server.url):
            return True
    except (InvalidStatus, ConnectionClosed):
        return False


def _draining(server):
    """Begin the drain; gives a function that waits for its end and says how many seconds it took."""
    began = time.monotonic()
    server.stop()
    wait_until(lambda: server.service.backend.admission.draining, "the drain has begun")

    def ended():
        wait_until(lambda: not server.thread.is_alive(), "the server has stopped")
        return time.monotonic() - began

    return ended


def _drop_sessions(server, count):
    for number in range(count):
        with session(server.url) as client:
            client.say("A whole sentence for a start. And half a wo")
            client.audio()
            assert stats(server).running == 1
            if number % 2:  # vanish without a goodbye
                linger = struct.pack("ii", 1, 0)
                client.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.socket.socket.shutdown(socket.SHUT_RD)
                client.socket.socket.close()
        wait_until(lambda: stats(server).running == 0, "the place is free")
    wait_until(lambda: not _sessions(server), "no session's task is left")


def _left(server, engine):
    """Names of threads outside the pools, and the numbers of objects and bytes that are there."""
    wait_until(lambda: len(asyncio.all_tasks(server.loop)) == 2, "only the server's own tasks are left")
    engine.spoken.clear()
    gc.collect()
    threads = sorted(one.name for one in threading.enumerate() if not one.name.startswith("koe-"))
    pooled = threading.active_count() - len(threads)
    assert pooled <= 2 + 1 + 2, "the pools have as many threads as they may"
    return threads, len(gc.get_objects()), psutil.Process().memory_info().rss
