"""`response_format` `srt`, `vtt` and `json`."""

import json
import re
import time

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from attrs import evolve
from koe.http.app import build_app
from koe.http.captions import CAPTIONS, CaptionsView, Transcript
from koe.http.cues import LINE_CHARACTERS, LINES, MAX_CUE_S, cues
from koe.http.words import DialogueWord, OriginalMark, OriginalWord
from koe.settings import PausesSettings, StreamingSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.types import MarkTiming, Span, SpeechPiece, WordTiming
from starlette.testclient import TestClient

from tests.server.events import SPEECH, speak, words_of
from tests.server.fake_server import FakeBackend
from tests.server.live import live

MAX_CUE_MS = MAX_CUE_S * 1000


def words(text: str, *, each_s: float = 0.3, gaps: dict[str, float] | None = None) -> list[OriginalWord]:
    """The words of a text, one after the other; `gaps` says what silence follows a word."""
    found, now = [], 0.0
    for match in re.finditer(r"[^\W_]+(?:['.][^\W_]+)*", text):
        found.append(OriginalWord(match[0], round(now, 6), round(now + each_s, 6), *match.span()))
        now += each_s + (gaps or {}).get(match[0], 0.0)
    return found


def shown(text: str, **options) -> list[str]:
    return ["\n".join(cue.lines) for cue in cues(text, words(text, **options))]


def transcript(text: str, **changes) -> Transcript:
    made = Transcript(text, tuple(words(text)), (), 3.0, "fake", "ann", estimated=False)
    return evolve(made, **changes)


class TestLines:
    def test_a_short_text_is_one_line_with_its_punctuation(self):
        assert shown('He said: "Well, hello (there)!" …') == ['He said: "Well, hello (there)!" …']

    def test_two_lines_are_of_similar_length(self):
        assert shown("The quick brown fox jumps over the lazy dog near the river") == [
            "The quick brown fox jumps over\nthe lazy dog near the river"
        ]

    def test_white_space_and_control_characters_become_one_space(self):
        assert shown("One\n\n  two\t\x00three\u2028four") == ["One two three four"]

    def test_what_is_not_spoken_is_shown_where_it_stands(self):
        assert shown("— one – two & three—four 🎉 five") == ["— one – two & three—four 🎉 five"]

    def test_a_word_longer_than_a_line_is_cut_and_shares_its_time_out(self):
        text = "x" * (LINE_CHARACTERS * 5)
        made = cues(text, words(text, each_s=5.0))
        assert "".join("".join(cue.lines) for cue in made) == text
        assert all(len(line) <= LINE_CHARACTERS for cue in made for line in cue.lines)
        assert [made[0].start_ms, made[-1].end_ms] == [0, 5000]
        assert len({cue.start_ms for cue in made}) == len(made) > 1

    @pytest.mark.parametrize(
        ("markup", "text", "expected"),
        [
            (
                "ssml",
                '<speak>“One” &amp; <break time="1s"/> two, <voice name="x">three</voice>.</speak>',
                "“One” & two, three.",
            ),
            ("ssml", "<s>One</s><s>two &quot;three&quot;</s>", 'One two "three"'),
            ("tags", "[pause:1s] One [two](/tu/), (three) [voice:x]!", "One two, (three) !"),
        ],
    )
    def test_of_markup_everything_but_tags_is_shown(self, markup, text, expected):
        spoken = [
            OriginalWord(name, index / 3, (index + 1) / 3, at := text.index(name), at + len(name))
            for index, name in enumerate(["One", "two", "three"])
        ]
        assert [cue.text for cue in cues(text, spoken, markup)] == [expected]

    def test_without_words_there_are_no_cues(self):
        assert cues("?!", []) == ()


class TestBreaks:
    def test_a_cue_ends_with_a_sentence_that_pauses(self):
        assert shown("First one. Second one.", gaps={"one": 0.3}) == ["First one.", "Second one."]

    def test_an_abbreviation_does_not_end_a_cue(self):
        assert shown("We met Dr. Smith.") == ["We met Dr. Smith."]

    def test_a_long_pause_ends_a_cue(self):
        assert shown("one two three", gaps={"two": 0.6}) == ["one two", "three"]

    def test_a_cue_never_shows_two_turns(self):
        spoken = [
            DialogueWord("Yes", 0.0, 0.3, 0, 3, 0, 0, 3),
            DialogueWord("No", 0.3, 0.6, 4, 6, 1, 0, 2),
        ]
        assert [cue.text for cue in cues("Yes\nNo", spoken)] == ["Yes", "No"]

    def test_a_long_sentence_is_cut_behind_a_clause_near_its_middle(self):
        text = (
            "When the sun had gone behind the hills, the whole valley was quiet and even the dogs, "
            "which bark at everything, slept"
        )
        assert shown(text)[0].replace("\n", " ").endswith("the hills,")

    def test_a_slow_text_is_cut_to_cues_of_seven_seconds(self):
        made = cues("a b c d e f g h", words("a b c d e f g h", each_s=2.0))
        assert len(made) > 2
        assert all(cue.end_ms - cue.start_ms <= MAX_CUE_MS for cue in made)

    def test_a_word_that_lasts_longer_is_shown_for_seven_seconds(self):
        (cue,) = cues("Ooooh", words("Ooooh", each_s=9.0))
        assert (cue.start_ms, cue.end_ms) == (0, MAX_CUE_MS)


class TestLaws:
    TEXTS = (
        "Good morning. The quick brown fox (it was brown) jumps over the lazy dog, and runs away! " * 20,
        "no punctuation at all goes on and on " * 60,
        "supercalifragilisticexpialidociousness-" * 30,
        "中文没有空格" * 40,
        "a , b ; c — d " * 50,
    )

    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("each_s", [0.0, 0.0001, 0.2, 3.0])
    def test_every_cue_keeps_the_limits_and_no_character_gets_lost(self, text, each_s):
        made = cues(text, words(text, each_s=each_s))
        previous = 0
        for cue in made:
            assert 1 <= len(cue.lines) <= LINES
            assert all(0 < len(line) <= LINE_CHARACTERS for line in cue.lines)
            assert previous <= cue.start_ms < cue.end_ms <= cue.start_ms + MAX_CUE_MS
            previous = cue.end_ms
        assert "".join("".join(cue.lines) for cue in made).replace(" ", "") == re.sub(r"\s", "", text)

    @pytest.mark.parametrize(
        "text",
        ["word " * 40_000, *("a" + part * 50_000 + "b" for part in ('"', "<", "[", "](/", "(/", "<a"))],
    )
    @pytest.mark.parametrize("markup", ["text", "ssml"])
    def test_long_and_hostile_texts_take_no_longer_than_their_length_explains(self, text, markup):
        began = time.perf_counter()
        cues(text, words(text), markup)
        assert time.perf_counter() - began < 5


class TestFiles:
    def test_srt(self):
        made = transcript("First one. Then two.", words=tuple(words("First one. Then two.", gaps={"one": 1})))
        assert CAPTIONS["srt"].render(made).decode() == (
            "1\n00:00:00,000 --> 00:00:00,600\nFirst one.\n\n2\n00:00:01,600 --> 00:00:02,200\nThen two.\n"
        )

    def test_vtt(self):
        assert CAPTIONS["vtt"].render(transcript("First one.")).decode() == (
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.600\nFirst one.\n"
        )

    def test_hours_are_counted(self):
        late = (OriginalWord("Late", 3723.004, 3724.0, 0, 4),)
        assert b"01:02:03,004 --> 01:02:04,000" in CAPTIONS["srt"].render(transcript("Late", words=late))

    def test_a_text_cannot_look_like_a_time_or_a_tag(self):
        text = "1 --> 2 <b>AT&T</b>\n\n00:00:01.000 --> 00:00:09.000 x"
        vtt = CAPTIONS["vtt"].render(transcript(text)).decode()
        assert vtt.count("-->") == len(re.findall(r"^[\d:.]{12} --> [\d:.]{12}$", vtt, re.MULTILINE))
        assert "1 --&gt; 2 &lt;b&gt;AT&amp;T&lt;/b&gt;" in vtt.replace("\n", " ")
        srt = CAPTIONS["srt"].render(transcript(text)).decode()
        assert srt.count("-->") == len(re.findall(r"^[\d:,]{12} --> [\d:,]{12}$", srt, re.MULTILINE))

    def test_estimates_say_so(self):
        assert b"NOTE The times are estimated.\n\n" in CAPTIONS["vtt"].render(
            transcript("Hi", estimated=True)
        )
        assert json.loads(CAPTIONS["json"].render(transcript("Hi", estimated=True)))["estimated"] is True

    def test_json_has_words_segments_and_marks(self):
        marks = (OriginalMark("here", 0.3, 6, 6),)
        assert json.loads(CAPTIONS["json"].render(transcript("First one.", marks=marks))) == {
            "text": "First one.",
            "duration": 3.0,
            "engine": "fake",
            "voice": "ann",
            "estimated": False,
            "words": [
                {"text": "First", "start": 0.0, "end": 0.3, "start_char": 0, "end_char": 5},
                {"text": "one", "start": 0.3, "end": 0.6, "start_char": 6, "end_char": 9},
            ],
            "segments": [{"text": "First one.", "start": 0.0, "end": 0.6, "start_char": 0, "end_char": 9}],
            "marks": [{"name": "here", "time": 0.3, "start_char": 6, "end_char": 6}],
        }


TEXT = "First one. Second one, longer than the first."


@pytest.fixture(scope="module")
def server():
    settings = evolve(
        FAKE_SETTINGS,
        pauses=PausesSettings(after={".": 0.3, ",": 0.1}),
        streaming=StreamingSettings(cut="always", first_phonemes=5),
    )
    with live(FakePlugin(), settings=settings) as running:
        yield running.url


def captions(url: str, name: str, **fields) -> httpx.Response:
    return httpx.post(url + SPEECH, json={"input": TEXT, "response_format": name, **fields})


class TestOverHttp:
    @pytest.mark.parametrize("name", ["srt", "vtt", "json"])
    def test_the_answer_is_whole_and_says_what_it_is(self, server, name):
        answer = captions(server, name, sample_rate=8000)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == CAPTIONS[name].media_type
        assert answer.headers["content-length"] == str(len(answer.content))
        assert answer.headers["content-disposition"] == f'inline; filename="speech.{name}"'
        assert answer.headers["koe-timestamps"] == "word"
        assert answer.headers["koe-engine"] == "fake"
        assert answer.headers["koe-ignored"] == "sample_rate"

    @pytest.mark.parametrize("stream", [True, False])
    def test_they_have_the_times_of_the_audio_that_the_same_request_gives(self, server, stream):
        found = captions(server, "json", stream=stream).json()
        body = {"input": TEXT, "response_format": "pcm", "stream": stream}
        seconds = len(httpx.post(server + SPEECH, json=body).content) / 48_000
        assert found["duration"] == pytest.approx(seconds, abs=1e-6)
        if stream:
            assert found["words"] == words_of(speak(server, TEXT, timestamps="word"))
        assert [word["text"] for word in found["words"]] == re.findall(r"\w+", TEXT)

    def test_answers_cut_for_an_early_sound_have_other_times_than_whole_ones(self, server):
        streamed, whole = (captions(server, "json", stream=stream).json() for stream in (True, False))
        assert streamed["duration"] != whole["duration"]

    def test_json_is_as_the_document_says(self, server):
        document = TestClient(build_app(FakeBackend())).get("/openapi.json").json()
        schema = {
            "$ref": f"#/components/schemas/{CaptionsView.__name__}",
            "components": document["components"],
        }
        jsonschema.validate(captions(server, "json").json(), schema, jsonschema.Draft202012Validator)

    def test_an_engine_that_times_no_words_refuses_unless_an_estimate_will_do(self):
        engine = FakeEngine()
        engine.times_words = False
        with live(FakePlugin(engine)) as untimed:
            refused = captions(untimed.url, "srt")
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "timestamps")
            estimated = captions(untimed.url, "json", timestamps="estimate")
        assert estimated.headers["koe-timestamps"] == "estimate"
        assert estimated.json()["estimated"] is True
        assert [word["text"] for word in estimated.json()["words"]] == re.findall(r"\w+", TEXT)

    def test_a_failure_midway_is_an_error_and_never_a_shorter_file(self):
        backend = FakeBackend(pieces=[b"first", RuntimeError("no")])
        client = TestClient(build_app(backend), raise_server_exceptions=False)
        answer = client.post(SPEECH, json={"input": "Hi", "response_format": "vtt"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
        assert (backend.last.closed, backend.left) == (True, 1)

    def test_marks_and_words_of_all_pieces_are_in_it_whatever_their_audio(self):
        pieces = [
            SpeechPiece(b"", marks=(MarkTiming("start", 0.0, Span(0, 0)),)),
            SpeechPiece(b"x", (WordTiming("Hi", 0.1, 0.2, Span(0, 2)),)),
            SpeechPiece(b"", marks=(MarkTiming("end", 0.2, Span(2, 2)),)),
        ]
        client = TestClient(build_app(FakeBackend(pieces=pieces)))
        found = client.post(SPEECH, json={"input": "Hi", "response_format": "json"}).json()
        assert [mark["name"] for mark in found["marks"]] == ["start", "end"]
        assert found["words"] == [{"text": "Hi", "start": 0.1, "end": 0.2, "start_char": 0, "end_char": 2}]
