"""Home Assistant's `wyoming` integration against a live server, with the library that it uses."""

import asyncio
import re

import httpx
import numpy as np
import pytest
from koe.hooks import Plugin, hookimpl
from koe.stages import MarkupParser
from koe.testing.fakes import FakeEngine
from koe.types import Segment, Utterance
from structlog.testing import capture_logs
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeStart, SynthesizeVoice

from tests.plugins.wyoming.helpers import Gate, home_assistant, limited, wyoming_server
from tests.server.harness import wait_until

TEXT = "First comes this. Then comes that, at length. Last of all comes the end."


@pytest.fixture(scope="module")
def server():
    with wyoming_server() as server:
        yield server


def over_http(server, text):
    """The samples that the HTTP API answers."""
    body = {"input": text, "response_format": "pcm"}
    return httpx.post(server.server.url + "/v1/audio/speech", json=body).raise_for_status().content


async def test_it_is_told_the_voices_and_that_text_may_be_streamed(server):
    async with home_assistant(server.port) as client:
        info = await client.describe()
    (program,) = info.tts
    assert (program.name, program.installed, program.supports_synthesize_streaming) == ("koe", True, True)
    assert program.version == "0.1.0"
    assert program.attribution.name == "koe"
    assert [(voice.name, voice.languages, voice.installed) for voice in program.voices] == [
        ("ann", ["en-US"], True),
        ("bob", ["en-GB"], True),
        ("eva", ["de-DE"], True),
    ]
    assert {voice.attribution.name for voice in program.voices} == {"fake"}
    assert [voice.description for voice in program.voices][:1] == ["ann (en-US, female)"]
    assert info == Info(tts=[program])


async def test_it_hears_the_samples_that_http_answers_as_pcm(server):
    async with home_assistant(server.port) as client:
        heard = await client.say(TEXT)
    assert heard.types == ["audio-start", "audio-chunk", "audio-stop"]
    assert (heard.start.rate, heard.start.width, heard.start.channels) == (24_000, 2, 1)
    assert heard.pcm == over_http(server, TEXT)
    assert max(chunk.samples for chunk in heard.chunks) == 1024
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in heard.chunks} == {(24_000, 2, 1)}


async def test_timestamps_count_the_milliseconds_of_audio(server):
    async with home_assistant(server.port) as client:
        heard = await client.say("hello there")
    before = np.cumsum([0] + [chunk.samples for chunk in heard.chunks])
    expected = [int(1000 * samples / 24_000) for samples in before]
    stamps = [chunk.timestamp for chunk in heard.chunks] + [heard.events[-1].data["timestamp"]]
    assert expected == stamps


async def test_a_streamed_text_is_spoken_once_although_it_is_repeated_whole(server):
    """The integration sends `synthesize` with the whole text before `synthesize-stop`."""
    words = TEXT.split(" ")
    texts = [word + " " for word in words[:-1]] + words[-1:]
    async with home_assistant(server.port) as client:
        heard = await client.stream(texts)
    assert heard.types == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]
    whole = over_http(server, TEXT)
    assert abs(len(heard.pcm) - len(whole)) <= 0.02 * len(whole)


async def test_the_first_sentence_is_heard_while_the_second_is_still_being_written(server):
    async with home_assistant(server.port) as client:
        await client.begin()
        await client.write("Here is the first. And")
        assert (await client.read()).type == "audio-start"
        assert (await client.read()).type == "audio-chunk"
        await client.write(" this is the second.")
        await client.end()
        heard = await client.hear(until="synthesize-stopped")
    assert heard.types == ["audio-chunk", "audio-stop", "synthesize-stopped"]


async def test_one_connection_serves_many_requests_in_order(server):
    async with home_assistant(server.port) as client:
        await client.ask("a")
        await client.ask("bbb")
        first, second = [await client.hear(until="audio-stop") for _ in range(2)]
        third = await client.stream(["cc"])
        fourth = await client.say("d")
    lengths = [len(heard.pcm) // 2400 for heard in (first, second, third, fourth)]
    assert lengths == [1, 3, 2, 1]


async def test_describe_and_ping_are_answered_while_speech_is_being_made():
    gate = Gate("Held")
    with wyoming_server(FakeEngine(before=gate)) as server:
        async with home_assistant(server.port) as client:
            await client.ask("Held.")
            await gate.wait_until_reached()
            await client.write_event(Describe().event())
            assert (await client.read()).type == "info"
            await client.write_event(Ping(text="still there?").event())
            assert Pong.from_event(await client.read()).text == "still there?"
            gate.opened.set()
            assert (await client.hear(until="audio-stop")).types[-1] == "audio-stop"


@pytest.mark.parametrize(
    ("voice", "spoken"),
    [
        (SynthesizeVoice(name="bob"), "bob"),
        (SynthesizeVoice(name="onyx"), "bob"),
        (SynthesizeVoice(name="ann(1)+bob(3)"), "ann(0.25)+bob(0.75)"),
        (SynthesizeVoice(language="en-GB"), "bob"),
        (SynthesizeVoice(language="de"), "eva"),
        (SynthesizeVoice(name="eva", language="en-US"), "eva"),
        (SynthesizeVoice(), "ann"),
        (None, "ann"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_voice_is_chosen_by_name_alias_mix_or_language(voice, spoken, streamed):
    with wyoming_server() as server:
        async with home_assistant(server.port) as client:
            heard = await (client.stream(["Hello."], voice) if streamed else client.say("Hello.", voice))
    assert heard.pcm
    assert [str(segment.voice) for segment in server.engine.spoken[-1:]] == [spoken]


@pytest.mark.parametrize(
    ("voice", "code", "says"),
    [
        (SynthesizeVoice(name="bop"), "voice_not_found", "Did you mean bob"),
        (SynthesizeVoice(language="fr"), "unsupported_language", "de-DE, en-GB, en-US"),
        (SynthesizeVoice(name="ann", speaker="3"), "invalid_value", "no speakers"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_unknown_voice_is_an_error_and_no_silence(server, voice, code, says, streamed):
    async with home_assistant(server.port) as client:
        if streamed:
            await client.begin(voice)
            await client.write("Hello.")
            await client.end("Hello.")
        else:
            await client.ask("Hello.", voice)
        heard = await client.hear_all()
    assert heard.types == ["error"]
    assert heard.error.code == code
    assert says in heard.error.text


@pytest.mark.parametrize("text", ["", "   ", "..."])
@pytest.mark.parametrize("streamed", [False, True])
async def test_nothing_to_speak_is_an_error(server, text, streamed):
    async with home_assistant(server.port) as client:
        if streamed:
            await client.begin()
            await client.write(text)
            await client.end(text)
        else:
            await client.ask(text)
        heard = await client.hear_all()
    assert heard.types == ["error"]
    assert heard.error.code == "nothing_to_speak"


class SsmlPlugin(Plugin):
    """Takes the tags away, and keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.given = []

    @hookimpl
    def register_markup_parsers(self):
        plugin = self

        class Ssml(MarkupParser):
            name = "ssml"

            def parse(self, request, context):
                plugin.given.append(request.text)
                return Utterance(
                    (Segment(re.sub("<.*?>", "", request.text), context.voice, context.language),)
                )

        return [Ssml()]


@pytest.mark.parametrize("streamed", [False, True])
async def test_ssml_is_spoken_and_not_cut_where_it_is_streamed(streamed):
    ssml, plugin = "<speak>One. Two.</speak>", SsmlPlugin()
    with wyoming_server(None, plugin) as server:
        async with home_assistant(server.port) as client:
            if streamed:
                await client.write_event(SynthesizeStart(text_format="ssml").event())
                for letter in ssml:
                    await client.write(letter)
                await client.end(ssml)
            else:
                await client.write_event(Synthesize(text=ssml, text_format="ssml").event())
            heard = await client.hear(until="audio-stop")
    assert heard.types == ["audio-start", "audio-chunk", "audio-stop"]
    assert plugin.given == [ssml]
    assert [segment.text for segment in server.engine.spoken] == ["One", "Two"]


async def test_ssml_without_a_parser_for_it_is_an_error(server):
    async with home_assistant(server.port) as client:
        await client.write_event(Synthesize(text="<speak>Hello.</speak>", text_format="ssml").event())
        heard = await client.hear_all()
    assert heard.types == ["error"]
    assert "Unknown markup 'ssml'" in heard.error.text


async def test_an_unknown_text_format_is_an_error(server):
    async with home_assistant(server.port) as client:
        await client.write_event(Synthesize(text="Hello.", text_format="html").event())
        heard = await client.hear_all()
    assert heard.types == ["error"]
    assert "known are text and ssml" in heard.error.text


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_engine_that_fails_midway_ends_in_an_error_and_never_in_audio_stop(streamed):
    def fail(segment, cancellation):
        if segment.text.startswith("Second"):
            raise RuntimeError("secret detail")

    with wyoming_server(FakeEngine(before=fail)) as server:
        async with home_assistant(server.port) as client:
            if streamed:
                await client.begin()
                await client.write("First one. Second one. Third one.")
                await client.end()
            else:
                await client.ask("First one. Second one. Third one.")
            heard = await client.hear_all()
        assert heard.types == ["audio-start", "audio-chunk", "error"]
        assert heard.error.code == "stage_failed"
        assert "infer stage" in heard.error.text
        assert "secret detail" not in heard.error.text
        assert server.stats.failed == 1
        async with home_assistant(server.port) as client:
            assert (await client.say("Third.")).types[-1] == "audio-stop"


async def test_the_log_says_what_home_assistant_does_not_show_and_no_text():
    def fail(segment, cancellation):
        raise RuntimeError("the cause")

    with capture_logs() as logs, wyoming_server(FakeEngine(before=fail)) as server:
        for event in (
            Synthesize(text="my secret", voice=SynthesizeVoice(name="bop")).event(),
            Synthesize(text="my secret").event(),
            Event("synthesize-chunk", {"text": ["my secret"]}),
        ):
            async with home_assistant(server.port) as client:
                await client.write_event(event)
                heard = await client.hear_all()
                assert heard.types == ["error"]
    refused, failed, bad = [
        entry for entry in logs if entry["event"].startswith(("wyoming_request", "wyoming_bad"))
    ]
    assert (refused["event"], refused["code"]) == ("wyoming_request_refused", "voice_not_found")
    assert "no voice 'bop'" in refused["reason"]
    assert failed["event"] == "wyoming_request_failed"
    assert "the cause" in str(failed["exc_info"])
    assert bad["event"] == "wyoming_bad_event"
    assert "secret" not in str(logs)


async def test_a_full_server_answers_an_error_at_once():
    gate = Gate("Held")
    with wyoming_server(FakeEngine(before=gate), settings=limited(max_concurrent=1, max_queued=0)) as server:
        async with home_assistant(server.port) as first, home_assistant(server.port) as second:
            await first.ask("Held.")
            await gate.wait_until_reached()
            await second.ask("Hello.")
            heard = await second.hear_all()
            assert heard.types == ["error"]
            assert heard.error.code == "overloaded"
            gate.opened.set()
            assert (await first.hear(until="audio-stop")).types[-1] == "audio-stop"


async def test_a_stream_without_text_holds_no_place_on_the_server():
    with wyoming_server(settings=limited(max_concurrent=1, max_queued=0)) as server:
        async with home_assistant(server.port) as slow, home_assistant(server.port) as quick:
            await slow.begin()
            await slow.write("not yet a sentence")
            assert (await quick.say("Hello.")).types[-1] == "audio-stop"
            await slow.end()
            assert (await slow.hear(until="synthesize-stopped")).types[-1] == "synthesize-stopped"


@pytest.mark.parametrize("streamed", [False, True])
async def test_leaving_stops_the_work_within_the_segment(streamed):
    gate = Gate("Second")
    with wyoming_server(FakeEngine(before=gate)) as server:
        async with home_assistant(server.port) as client:
            if streamed:
                await client.begin()
                await client.write("First one. Second one. Third one. Fourth one.")
            else:
                await client.ask("First one. Second one. Third one. Fourth one.")
            await gate.wait_until_reached()
        assert await asyncio.to_thread(gate.cancelled.wait, 30), "nobody cancelled the inference"
        wait_until(lambda: server.stats.cancelled == 1, "the request was cancelled")
        assert server.stats.running == 0
        assert "Third one" not in [segment.text for segment in server.engine.spoken]


async def test_leaving_before_the_text_came_leaves_nothing_behind():
    with wyoming_server() as server:
        for _ in range(20):
            async with home_assistant(server.port) as client:
                await client.begin()
                await client.write("One sentence. And ha")
                assert (await client.read()).type == "audio-start"
        wait_until(lambda: server.stats.running == 0, "every place is free")
        assert server.stats.cancelled == 20


async def test_twenty_at_once_each_hear_their_own_text(server):
    texts = [f"{'abcdefghij'[number % 10]} says {'x' * number}" for number in range(20)]

    async def say(number):
        async with home_assistant(server.port) as client:
            return await (client.say(texts[number]) if number % 2 else client.stream([texts[number]]))

    heard = await asyncio.gather(*map(say, range(20)))
    for text, one in zip(texts, heard, strict=True):
        assert one.pcm == over_http(server, text)
