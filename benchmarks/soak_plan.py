"""What the soak asks for: a list of requests, the same for the same seed."""

import json
import random
from collections.abc import Mapping
from typing import Any, Literal

from attrs import evolve, frozen
from koe.bench.texts import WORDS, Texts

Kind = Literal["audio", "sse", "ndjson", "captions", "dialogue", "socket"]
KINDS: Mapping[Kind, int] = {"audio": 50, "sse": 12, "ndjson": 6, "captions": 6, "dialogue": 6, "socket": 20}
"""How many of a hundred requests."""
FORMATS = ("mp3", "opus", "vorbis", "aac", "flac", "wav", "pcm")
CAPTIONS = ("srt", "vtt", "json")
MODELS = ("espeak", "kokoro")
VOICES = ("alloy", "nova", "onyx", "shimmer")
POOL = 150
"""Different requests among those that are asked for again and again; at most a quarter of all."""
LONGEST = 8
NEW, PAST = 0.25, 0.25
"""Which parts ask for something new, and past the caches."""
LEAVES_S = 0.05
"""After how long a client leaves, on the average."""


@frozen
class Ask:
    """One request.

    Attributes:
        body: of the HTTP request; of a WebSocket, its `session.config`, and `input`.
        leaves_after_s: when the client leaves unless the answer is complete; None where it stays.
    """

    kind: Kind
    body: Mapping[str, Any]
    leaves_after_s: float | None = None

    @property
    def identity(self) -> str:
        """Equal for requests that must be answered alike."""
        return json.dumps([self.kind, {**self.body, "cache": None}], sort_keys=True)

    @property
    def format(self) -> str:
        return str(self.body["response_format"])

    @property
    def described(self) -> str:
        shown = json.dumps(self.body)
        return f"{self.kind} {shown if len(shown) < 600 else shown[:600] + '…'}"

    def bypassing(self) -> "Ask":
        """The same past the caches, by a client that stays."""
        return Ask(self.kind, {**self.body, "cache": "bypass"})


def plan(chance: random.Random, count: int, disconnects: float, longest: int = LONGEST) -> list[Ask]:
    """`count` requests of all kinds. The longest texts have `longest` times two sentences."""
    texts = Sized(chance, Texts(chance.randrange(1_000_000)), longest)
    pool = [_ask(chance, texts) for _ in range(min(POOL, max(1, count // 4)))]
    asks = []
    for _ in range(count):
        ask = _ask(chance, texts) if chance.random() < NEW else chance.choice(pool)
        if chance.random() < PAST:
            ask = evolve(ask, body={**ask.body, "cache": chance.choice(("bypass", "refresh"))})
        if chance.random() < disconnects:
            ask = evolve(ask, leaves_after_s=chance.expovariate(1 / LEAVES_S))
        asks.append(ask)
    return asks


@frozen
class Sized:
    """A word, some words, a few sentences, or many of them."""

    chance: random.Random
    texts: Texts
    longest: int

    def text(self) -> str:
        length = self.chance.random()
        if length < 0.15:
            return self.chance.choice(WORDS).capitalize() + "."
        if length < 0.65:
            return " ".join(self.chance.choices(WORDS, k=self.chance.randint(3, 9))).capitalize() + "."
        count = self.longest if length > 0.98 else self.chance.randint(1, min(2, self.longest))
        return " ".join(self.texts.text() for _ in range(count))


def _ask(chance: random.Random, texts: Sized) -> Ask:
    (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
    model = chance.choice(MODELS)
    body: dict[str, Any] = {
        "model": model,
        "voice": chance.choice(VOICES),
        "response_format": chance.choice(CAPTIONS if kind == "captions" else FORMATS),
    }
    if kind == "dialogue":
        turns = [{"voice": chance.choice(VOICES), "text": texts.text()} for _ in range(chance.randint(2, 4))]
        return Ask(kind, {**body, "turns": turns, "stream": chance.random() < 0.6})
    body["input"] = texts.text()
    if kind == "socket":
        # Where a clause ends, live text is cut only if the rest of its sentence has not come yet.
        body["input"] = body["input"].replace(",", "")
    if kind in {"audio", "captions"}:
        body["stream"] = chance.random() < 0.6
    if kind in {"sse", "ndjson"}:
        body |= {"stream_format": kind, "timestamps": "estimate"}
    return Ask(kind, body)
