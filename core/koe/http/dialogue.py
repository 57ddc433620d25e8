"""`POST /v1/audio/dialogue`: several voices in turn, one answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from attrs import evolve, frozen
from msgspec import Meta
from starlette.types import Receive, Scope, Send

from koe.errors import InvalidRequestError
from koe.http.backend import Backend
from koe.http.bodies import read_json
from koe.http.endpoints import Endpoint
from koe.http.speech import Answering, answer_form, parse_body, request_of, speech_endpoint
from koe.http.speech_body import (
    AnswerOptions,
    LanguageTag,
    Speed,
    VoiceName,
    VoiceReference,
    checked,
    voice_name,
)
from koe.requests import MAX_TURNS, TURN_PAUSE_RANGE_S
from koe.types import SpeechRequest, Turn

PATH = "/v1/audio/dialogue"

SpokenText: TypeAlias = Annotated[str, Meta(pattern=r"\S")]


@frozen(kw_only=True, field_transformer=checked)
class TurnBody:
    """What one speaker says. `text` may also be called `input`; one of them is required."""

    text: Annotated[
        SpokenText | None, Meta(description="What this turn says.", examples=["Who is there?"])
    ] = None
    input: Annotated[SpokenText | None, Meta(description="The same as `text`.")] = None
    voice: Annotated[
        VoiceName | VoiceReference | None,
        Meta(description="As in a speech request; left out: the dialogue's `voice`.", examples=["nova"]),
    ] = None
    language: Annotated[
        LanguageTag | None, Meta(description="BCP 47 tag; left out: the dialogue's, else the voice's own.")
    ] = None
    speed: Annotated[
        Speed, Meta(description="Times the dialogue's `speed`; the product, too, is from 0.25 to 4.")
    ] = 1.0


@frozen(kw_only=True, field_transformer=checked)
class DialogueBody(AnswerOptions):
    """Who says what. A field that is `null` counts as left out."""

    turns: Annotated[
        Sequence[TurnBody],
        Meta(description="In the order in which they are spoken.", min_length=1, max_length=MAX_TURNS),
    ]
    pause_s: Annotated[
        float,
        Meta(ge=TURN_PAUSE_RANGE_S[0], le=TURN_PAUSE_RANGE_S[1], description="Seconds between turns."),
    ] = 0.4
    language: Annotated[
        LanguageTag | None, Meta(description="BCP 47 tag of turns without their own.", examples=["en-GB"])
    ] = None
    markup: Annotated[str, Meta(description="How the turns are written.", examples=["text"])] = "text"


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    turns = [{"voice": "alloy", "text": "Who is there?"}, {"voice": "onyx", "text": "It is me."}]
    return (
        speech_endpoint(
            path=PATH,
            handler=DialogueApp(backend),
            summary="Speak a dialogue",
            description="Speaks the turns one after the other, each in its voice, with a pause between them. "
            "Everything else is as for `/v1/audio/speech`; all turns together may be as long as one text "
            f"there, and there may be up to {MAX_TURNS}. The markup of every turn is read before the first "
            "one is spoken, so that mistakes in it are refused with a proper status. Word timestamps name "
            "their turn; offsets count the characters of all turns' texts joined by line feeds.",
            body=DialogueBody,
            example={"turns": turns},
        ),
    )


@frozen
class DialogueApp:
    """The ASGI application behind the route."""

    backend: Backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = await read_json(scope, receive, self.backend.settings.limits)
        body, ignored = parse_body(_without_nulls(fields), DialogueBody)
        request = self._request(body, scope)
        try:
            await Answering(self.backend, request, answer_form(body, ignored))(scope, receive, send)
        except InvalidRequestError as error:
            error.param = "turns" if error.param == "input" else error.param
            raise

    def _request(self, body: DialogueBody, scope: Scope) -> SpeechRequest:
        turns = tuple(_turn(number, turn) for number, turn in enumerate(body.turns))
        text = "\n".join(turn.text for turn in turns)
        return evolve(
            request_of(self.backend, body, text, scope),
            language=body.language,
            markup=body.markup,
            turns=turns,
            turn_pause_s=body.pause_s,
        )


def _turn(number: int, turn: TurnBody) -> Turn:
    if (turn.text is None) == (turn.input is None):
        wrong = "neither text nor input" if turn.text is None else "both text and input"
        raise InvalidRequestError(
            f"turns[{number}] has {wrong}; send what it says as text", param=f"turns[{number}].text"
        )
    text = turn.text if turn.text is not None else turn.input or ""
    return Turn(text, voice_name(turn.voice), turn.language, turn.speed)


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, where those of turns that are `null` count as left out, too."""
    turns = fields.get("turns")
    if not isinstance(turns, list):
        return dict(fields)
    return {**fields, "turns": [_present(turn) if isinstance(turn, dict) else turn for turn in turns]}


def _present(turn: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in turn.items() if value is not None}
