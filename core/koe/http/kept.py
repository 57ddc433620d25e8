"""Answers that equal requests have had: looked up before anything is made, kept once they are complete."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from operator import attrgetter

import msgspec
from attrs import fields, frozen
from starlette.types import Send

from koe.cache.answers import AnswerCache, KeptAnswer
from koe.hooks import Speech
from koe.http.answers import AnswerForm
from koe.http.headers import CACHE, SERVER_TIMING
from koe.http.responses import AudioResponse
from koe.types import SpeechRequest

_WHO = frozenset({"request_id", "caller", "client", "cache"})
"""The fields of a request that say nothing of its answer."""
_asked = attrgetter(*(field.name for field in fields(SpeechRequest) if field.name not in _WHO))
_NOT_KEPT = frozenset({SERVER_TIMING, CACHE, "content-length"})


@frozen
class Keeping:
    """Where the answer to one request is kept, if it may be."""

    answers: AnswerCache
    key: str
    generation: int

    @classmethod
    async def of(cls, answers: AnswerCache, request: SpeechRequest, form: AnswerForm) -> "Keeping":
        """For an answer that is begun now."""
        await answers.check()
        return cls(answers, answer_key(request, form), answers.generation)

    def record(self, response: AudioResponse, speech: Speech) -> None:
        """Keep what `response` sends, once all of it was sent and if anybody may be sent the same."""
        response.rest = self._recorded(response, response.rest, speech)

    async def _recorded(
        self, response: AudioResponse, rest: AsyncGenerator[bytes, None], speech: Speech
    ) -> AsyncGenerator[bytes, None]:
        most = self.answers.settings.answer_bytes
        pieces, size = [response.first], len(response.first)
        async with aclosing(rest):
            async for piece in rest:
                size += len(piece)
                if size <= most:
                    pieces.append(piece)
                else:
                    pieces.clear()
                yield piece
        if size <= most and speech.repeatable:
            self.answers.keep(self.key, _kept(response, b"".join(pieces), speech), self.generation)


def answer_key(request: SpeechRequest, form: AnswerForm) -> str:
    """Hex SHA-256 over all that the answer depends on: not on the request's id, nor on who asks."""
    framing = form.framing.media_type if form.framing is not None else None
    captions = form.captions.name if form.captions is not None else None
    parts = (_asked(request), form.mode, framing, captions, form.ignored)
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


async def send_kept(kept: KeptAnswer, send: Send) -> None:
    """Send a kept answer in one piece."""
    await send({"type": "http.response.start", "status": 200, "headers": list(kept.headers)})
    await send({"type": "http.response.body", "body": kept.body, "more_body": False})


def _kept(response: AudioResponse, body: bytes, speech: Speech) -> KeptAnswer:
    headers = {name.lower(): value for name, value in response.headers.items() if name not in _NOT_KEPT}
    headers |= {"content-length": str(len(body)), CACHE: "hit"}
    encoded = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())
    return KeptAnswer(encoded, body, speech.engine, speech.voice, speech.audio_s)
