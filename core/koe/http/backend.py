"""What the HTTP application asks of the engine room."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from koe.cache.answers import AnswerCache, KeptAnswer
from koe.hooks import Server
from koe.inspection import Inspection
from koe.registry import PluginState
from koe.settings import Settings
from koe.stages import AudioFormat
from koe.types import ModelState, RefusedVoice, SpeechRequest
from koe.voices import ListedVoice


@frozen
class Readiness:
    """Whether new work is welcome; where it is not, `reasons` say why.

    `model_state` says of each open engine whether its model is in memory: whether the first request waits.
    """

    ready: bool
    reasons: tuple[str, ...] = ()
    model_state: Mapping[str, ModelState] = field(factory=dict)


@frozen
class Stats:
    """Speech requests: where they are now, and how they ended since the start.

    Attributes:
        running: being worked on now.
        queued: waiting to be admitted.
        stalled: of those running, how many wait for their clients to go on taking their answers.
        completed: ended with everything made and handed over.
        failed: ended by an error after they were admitted.
        cancelled: ended because the caller left.
        refused: never admitted.
        load: how much of the inference threads the streams that are being played need.
    """

    running: int = 0
    queued: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    load: float = 0.0
    stalled: int = 0


class Backend(Server):
    """A `Server` that also describes itself. Methods that do not wait answer at once, on the event loop."""

    settings: Settings
    sessions: int = 0
    """Streaming WebSockets that are open now."""

    @abstractmethod
    def models(self) -> Mapping[str, str]:
        """The names that clients may send as `model`, each with the open engine behind it."""

    @abstractmethod
    def aliases(self, engine: str = "") -> Mapping[str, str]:
        """Other names for voices or mixes of one open engine (the default one for an empty name)."""

    @abstractmethod
    def times_words(self, engine: str = "") -> bool:
        """Whether one open engine (the default one for an empty name) says when each word is spoken."""

    def listed_voices(self, engine: str = "") -> Sequence[ListedVoice]:
        """What may be sent as `voice` to one open engine: its voices, then aliases, then saved mixes."""
        voices = [ListedVoice(one.name, one.language, one.gender, one.grade) for one in self.voices(engine)]
        names = {voice.name for voice in voices}
        aliases = (pair for pair in self.aliases(engine).items() if pair[0] not in names)
        return [*voices, *(ListedVoice(name, alias_of=target) for name, target in aliases)]

    def refused_voices(self, engine: str = "") -> Sequence[RefusedVoice]:  # noqa: ARG002 - the default has none
        """Voice files of one open engine that are not served."""
        return ()

    @abstractmethod
    def formats(self) -> Mapping[str, AudioFormat]:
        """The response formats by name, in the order in which they are to be listed."""

    @abstractmethod
    def markup_parsers(self) -> Sequence[str]:
        """What a request may name as `markup`."""

    @abstractmethod
    async def inspect(self, request: SpeechRequest) -> Inspection:
        """What the text stages make of `request`; nothing is spoken. Raises `InvalidRequestError`."""

    @abstractmethod
    def plugins(self) -> Sequence[PluginState]:
        """How each enabled plugin fared, in config order."""

    @abstractmethod
    def check(self, request: SpeechRequest) -> None:
        """Raise what `speak` would refuse `request` with before any work; its text may still be to come."""

    @property
    def answers(self) -> AnswerCache | None:
        """Answers to former requests; None where none are kept, or where no request is welcome now."""
        return None

    def answered(self, request: SpeechRequest, kept: KeptAnswer) -> None:
        """Tell those who watch that `request` was answered with a kept answer."""

    @abstractmethod
    async def drain_begun(self) -> None:
        """Wait until the server begins to drain. Sessions that would stay end themselves then."""

    @abstractmethod
    def readiness(self) -> Readiness:
        """Whether new work is welcome now."""

    @abstractmethod
    def stats(self) -> Stats:
        """Counts of the speech requests."""
