"""A dialogue is spoken turn by turn; mistakes in any turn are found before the first is spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.alignment import Span
from koe.errors import InvalidRequestError, NothingToSpeakError, UnknownVoiceError
from koe.requests import MAX_TURNS
from koe.testing.build import running
from koe.testing.fakes import FakeEngine, FakePlugin
from koe.turns import TurnPlaces, TurnSpan
from koe.types import SpeechRequest, Turn


def dialogue(*turns, **fields):
    text = "\n".join(turn.text for turn in turns)
    return SpeechRequest(text, format="raw", turns=tuple(turns), **fields)


async def say(request, engine):
    async with running(FakePlugin(engine)) as synthesizer, synthesizer.speak(request) as speech:
        return [word for piece in [one async for one in speech.pieces()] for word in piece.words]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=8), st.data())
def test_a_span_of_the_joined_text_is_found_in_its_turn(texts, data):
    places = TurnPlaces.of([Turn(text) for text in texts])
    turn = data.draw(st.integers(0, len(texts) - 1))
    start = data.draw(st.integers(0, len(texts[turn])))
    end = data.draw(st.integers(start, len(texts[turn])))
    offset = sum(len(text) + 1 for text in texts[:turn])
    assert places.find(Span(start + offset, end + offset)) == TurnSpan(turn, Span(start, end))


def test_a_span_over_several_turns_is_cut_at_the_end_of_its_first():
    assert TurnPlaces.of([Turn("ab"), Turn("cd")]).find(Span(1, 5)) == TurnSpan(0, Span(1, 2))


async def test_each_turn_has_its_voice_language_and_speed():
    engine = FakeEngine()
    turns = (Turn("Ab.", "ann"), Turn("Cd.", "onyx", speed=2.0), Turn("Ef.", language="de"))
    await say(dialogue(*turns, voice="eva", speed=0.5), engine)
    assert [(one.text, str(one.voice), one.language, one.prosody.rate) for one in engine.spoken] == [
        ("Ab", "ann", "en-US", 0.5),
        ("Cd", "bob", "en-GB", 1.0),
        ("Ef", "eva", "de", 0.5),
    ]


async def test_words_point_into_the_joined_text_and_pauses_stand_between_turns():
    request = dialogue(Turn("Ab."), Turn("Cd."), turn_pause_s=0.7)
    words = await say(request, FakeEngine())
    assert [request.text[word.source.start : word.source.end] for word in words] == ["Ab", "Cd"]
    assert words[1].start_s == pytest.approx(0.15 + 0.7)


async def test_a_voice_tag_does_not_override_the_language_of_its_turn():
    engine = FakeEngine()
    await say(dialogue(Turn("[voice:bob]Ab.", language="de"), markup="tags"), engine)
    assert [(str(one.voice), one.language) for one in engine.spoken] == [("bob", "de")]


@pytest.mark.parametrize(
    ("turn", "param", "error"),
    [
        (Turn("Hi [pause:x]"), "turns[2].text", InvalidRequestError),
        (Turn("Hi [voice:zoe]"), "turns[2].text", UnknownVoiceError),
        (Turn("Hi", "zoe"), "turns[2].voice", UnknownVoiceError),
        (Turn("Hi", language="xx"), "turns[2].language", InvalidRequestError),
        (Turn("Hi", speed=5.0), "turns[2].speed", InvalidRequestError),
        (Turn(" \n"), "turns[2].text", NothingToSpeakError),
    ],
)
async def test_a_mistake_in_a_later_turn_names_it_and_nothing_is_spoken(turn, param, error):
    engine = FakeEngine()
    with pytest.raises(error, match=r"turns\[2\]") as caught:
        await say(dialogue(Turn("Ab."), Turn("Cd."), turn, markup="tags"), engine)
    assert caught.value.param == param
    assert engine.spoken == []


async def test_the_number_of_turns_is_limited():
    with pytest.raises(InvalidRequestError, match="1001 turns; the limit is 1000"):
        await say(dialogue(*[Turn("a")] * (MAX_TURNS + 1)), FakeEngine())
