"""`POST /v1/audio/speech/phonemes`: phonemes in, speech out, without normalizers and phonemizers."""

from typing import Annotated

from attrs import evolve, frozen
from msgspec import Meta
from starlette.types import Receive, Scope, Send

from koe.errors import InvalidRequestError
from koe.http.backend import Backend
from koe.http.bodies import read_json
from koe.http.endpoints import Endpoint
from koe.http.speech import Answering, answer_form, parse_body, request_of, speech_endpoint
from koe.http.speech_body import AnswerOptions, checked
from koe.phoneme_markup import Phonemes

PATH = "/v1/audio/speech/phonemes"


@frozen(kw_only=True, field_transformer=checked)
class PhonemesBody(AnswerOptions):
    """What to say, in phonemes. A field that is `null` counts as left out."""

    phonemes: Annotated[
        str,
        Meta(
            description="IPA in the engine's alphabet, words parted by spaces, with punctuation.",
            examples=["həlˈoʊ ðˈɛɹ."],
            pattern=r"\S",
        ),
    ]

    @property
    def unheard(self) -> tuple[str, ...]:
        """As everywhere, and `lexicon`: nothing is looked up."""
        return (*super().unheard, *(["lexicon"] if self.lexicon else []))


def endpoints(backend: Backend) -> tuple[Endpoint, ...]:
    return (
        speech_endpoint(
            path=PATH,
            handler=PhonemesApp(backend),
            summary="Speak phonemes",
            description="As `/v1/audio/speech`, but nothing is looked up or rewritten: what is sent is what "
            "the engine speaks. Symbols that it does not have are refused, and so are phonemes for engines "
            "that read text. Word timestamps are those of `phonemes`.",
            body=PhonemesBody,
            example={"phonemes": "həlˈoʊ ðˈɛɹ."},
        ),
    )


@frozen
class PhonemesApp:
    """The ASGI application behind the route."""

    backend: Backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = await read_json(scope, receive, self.backend.settings.limits)
        body, ignored = parse_body(fields, PhonemesBody)
        request = evolve(request_of(self.backend, body, body.phonemes, scope), markup=Phonemes.name)
        try:
            await Answering(self.backend, request, answer_form(body, ignored))(scope, receive, send)
        except InvalidRequestError as error:
            error.param = "phonemes" if error.param == "input" else error.param
            raise
