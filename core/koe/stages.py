"""The strategies that plugins register: one ABC per stage.

All but `CacheBackend` are synchronous and run in bounded worker threads; one object serves many requests at
once and must therefore be safe to call from several threads, except what `open` returns: streams and encoders
belong to one response and are never called concurrently.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from attrs import field, frozen

from koe.cache_report import CacheStats
from koe.cancellation import Cancellation
from koe.errors import UnknownVoiceError
from koe.types import (
    AudioChunk,
    EngineInfo,
    PhonemeSegment,
    PhonemeWord,
    RefusedVoice,
    Segment,
    Span,
    SpeechRequest,
    StreamInfo,
    Utterance,
    UtterancePart,
    Voice,
    VoiceMix,
)


class Component(ABC):
    """The named thing that a plugin registers. Config and errors call it by `name`."""

    name: str
    conformance: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What `koe plugins check` sets in its conformance class, such as `{"frame_samples": 1152}`."""


def _no_voices(name: str) -> tuple[VoiceMix, str]:
    raise UnknownVoiceError(f"No voice {name!r} is known here", param="voice")


def _any_language(_language: str) -> bool:
    return True


@frozen
class MarkupContext:
    """What a markup parser starts from, resolved from request and config.

    `find_voice` gives the voices behind a name, alias or mix in the markup, and their language; it raises
    `UnknownVoiceError`. `voices` gives all that the engine has, `speaks` says whether a BCP 47 language can
    be spoken here.
    """

    voice: VoiceMix
    language: str
    find_voice: Callable[[str], tuple[VoiceMix, str]] = field(default=_no_voices, eq=False, repr=False)
    voices: Callable[[], Sequence[Voice]] = field(default=tuple, eq=False, repr=False)
    speaks: Callable[[str], bool] = field(default=_any_language, eq=False, repr=False)


class MarkupParser(Component):
    """Reads the request's text into segments, pauses and marks."""

    gives_phonemes: ClassVar[bool] = False
    """Whether every segment is `Segment.wholly_given`; engines that accept text cannot speak it."""

    @abstractmethod
    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        """Parse the whole text. Raises `InvalidRequestError` with the place of the mistake."""


class Normalizer(Component):
    """Text to speakable text: expansion, lexicon, sentence splitting. Chained in config order."""

    languages: ClassVar[frozenset[str] | None] = None
    """Primary language subtags it is for (`{"en"}`); None for every language."""

    @abstractmethod
    def normalize(self, segment: Segment) -> Iterable[UtterancePart]:
        """Yield the segments that replace this one, in order, lazily where that helps.

        Rewrites go through `Segment.replace` and `Segment.slice`, so that source spans survive; text under
        `Segment.given` is left alone. Clips, pauses and marks may stand between the segments, or in their
        place; they go past the normalizers behind this one.
        """

    def use_pipeline(self, normalizers: Sequence["Normalizer"]) -> None:
        """Take note of what `pipeline.normalize` names, in its order.

        Called once, before the first text, of every normalizer that is registered, for those that offer more
        than their own stage.
        """


class Phonemizer(Component):
    """Text to IPA."""

    @abstractmethod
    def supports(self, language: str) -> bool:
        """Whether it speaks the BCP 47 tag `language`.

        Asked on the event loop. The server asks once in a thread while it starts, so that what has to be
        loaded for an answer is there by then.
        """

    @abstractmethod
    def phonemize(self, segment: Segment) -> Sequence[PhonemeWord]:
        """The segment's words, in order, with phonemes, punctuation in `tail` and source spans."""

    def use_fallbacks(self, fallbacks: Sequence["Phonemizer"]) -> None:
        """Take note of the phonemizers behind this one in `pipeline.phonemize`, in their order.

        Called once, before the first text, for phonemizers that leave words or languages to others.
        """

    def parts_of_speech(self, segment: Segment) -> Sequence[tuple[Span, str]] | None:  # noqa: ARG002 - the default knows none
        """A tag of the Penn Treebank for each word of the segment's text, in order.

        None where it cannot tell them for the segment's language, whatever the text. Lexicons ask.
        """
        return None

    def tied(self) -> "Phonemizer":
        """The same, with U+0361 between the letters that are one sound (`t͡ʃ`), where it can tell."""
        return self


class ExecutionProvider(Component):
    """What ONNX Runtime runs on."""

    onnxruntime_name: ClassVar[str]
    """ONNX Runtime's own name, such as `CPUExecutionProvider`."""

    @abstractmethod
    def options(self) -> Mapping[str, str]:
        """The provider options handed to ONNX Runtime."""

    def missing(self) -> str | None:
        """Why it cannot be used here, and the way out; None when it can."""
        return None

    def prepare(self) -> None:
        """Load what ONNX Runtime expects to find in the process. Called before a session is made with it."""


@frozen
class EngineRuntime:
    """What the core hands an engine when it is opened.

    Attributes:
        providers: the execution providers wished for, in order.
        threads: that one inference may use, and that those at the same time share; 0 for all cores.
        concurrency: how many `infer` calls may run at the same time.
    """

    providers: tuple[ExecutionProvider, ...] = ()
    threads: int = 0
    concurrency: int = 1


class Engine(Component):
    """Speaks segments. Opened once at start-up, in a worker thread, closed at shutdown.

    One that holds a model overrides `unload` and `load` as well.
    """

    accepts: ClassVar[Literal["phonemes", "text"]] = "phonemes"
    """What `infer` reads: an engine that accepts text skips the phonemize stage."""
    max_phonemes: ClassVar[int | None] = None
    """The most phoneme symbols one inference takes; the core splits before it. None: no limit."""
    rate_range: tuple[float, float] = (1.0, 1.0)
    """The `Prosody.rate` it can speak itself; the core time-stretches what lies outside."""
    mixes: ClassVar[bool] = False
    """Whether a `VoiceMix` of several voices can be spoken."""

    times_words: bool = False
    """Whether the chunks of `infer` say when each word is spoken. Right after `open`."""

    def missing(self) -> str | None:
        """Why it cannot speak here, and the way out; None when it can. Cheap, called before `open`."""
        return None

    @abstractmethod
    def open(self, runtime: EngineRuntime) -> None:
        """Load what `infer` needs. Raises `ModelFileError` or `ExecutionProviderError`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything. No `infer` runs any more. Closing twice does no harm."""

    def unload(self) -> None:
        """Let go of what `infer` alone needs and is large: the engine was idle for `engine.unload_after_s`.

        Everything else, `info`, `voices` and `fingerprint` among it, answers as before. No `infer` runs, and
        none comes before `load`. Runs in a thread; twice does no harm.
        """

    def load(self) -> None:
        """Bring back what `unload` let go of. Runs in a thread; twice does no harm.

        Raises what `open` does; the engine is still unloaded then, and is asked again later.
        """

    @abstractmethod
    def info(self) -> EngineInfo:
        """What is really in use. Called after `open`."""

    @abstractmethod
    def voices(self) -> Sequence[Voice]:
        """The voices, the default first. Called after `open`."""

    def refused_voices(self) -> Sequence[RefusedVoice]:
        """Voice files that were found but are not served, for the listings."""
        return ()

    def find_voice(self, name: str) -> Voice | None:
        """The voice called `name`. Engines that can speak more voices than they list override this."""
        return next((voice for voice in self.voices() if voice.name == name), None)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Other names for its voices, among them OpenAI's 13; config adds to them and overrides them."""
        return {}

    @property
    def vocabulary(self) -> frozenset[str] | None:
        """The phoneme symbols it knows; the core reports and leaves out others. None: all."""
        return None

    def speaks(self, language: str) -> bool:  # noqa: ARG002 - the default answers for every language
        """Whether an engine that accepts text can read BCP 47 `language`."""
        return True

    @abstractmethod
    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        """Speak one segment at `segment.prosody.rate`, which lies within `rate_range`.

        Runs in an inference thread, up to `EngineRuntime.concurrency` at the same time. Word timings
        count from the chunk's first sample. A cancelled run raises `CancelledByCallerError` as soon as it
        can.
        """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Changes whenever the same segment would sound different: model digest, precision, settings.

        Asked for every segment that is looked up in the cache, in a worker thread: keep it at hand once it is
        known.
        """


class AudioStream(ABC):
    """One response's way through a processor. Never called from two threads at once."""

    @abstractmethod
    def process(self, chunk: AudioChunk) -> AudioChunk:
        """The audio that is ready, possibly empty while some is held back. Keeps the sample rate."""

    @abstractmethod
    def flush(self) -> AudioChunk | None:
        """What was held back, after the last chunk."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What the caller is to know of this response, such as `{"watermark": "yes"}`.

        They become response headers `koe-<name>`, which go out before the second chunk is made: from the
        first audio on they must not change.
        """
        return {}

    @property
    def tags(self) -> Mapping[str, str]:
        """What the encoded file is to say of itself (see `StreamInfo.tags`); asked right after `open`."""
        return {}

    @property
    def repeatable(self) -> bool:
        """Whether an equal request of anybody's may be answered with the very same bytes.

        It may where neither audio nor tags depend on `StreamInfo.request_id` or `StreamInfo.caller`, and
        where nothing went wrong. Asked after `flush`.
        """
        return False


class AudioProcessor(Component):
    """Samples to samples: trim, loudness, watermark."""

    marks: ClassVar[bool] = False
    """Whether it marks the audio: caches that others can read then hold unmarked audio only if
    `cache.unmarked` says so."""
    last: ClassVar[bool] = False
    """Nothing may follow it in `pipeline.postprocess`."""
    left_out: ClassVar[str] = ""
    """What comes of leaving it out of `pipeline.postprocess` while its plugin is enabled, for the error.

    Empty where that is nobody's mistake.
    """

    @abstractmethod
    def open(self, info: StreamInfo) -> AudioStream:
        """State for one response. `InvalidRequestError` refuses what the request asks for."""


class Encoder(ABC):
    """Turns one response's chunks into bytes. Never called from two threads at once."""

    @abstractmethod
    def feed(self, chunk: AudioChunk) -> bytes:
        """The bytes that are ready, possibly none."""

    @abstractmethod
    def flush(self) -> bytes:
        """The rest, with everything that closes the container. Called once, after the last chunk."""

    def close(self) -> None:  # noqa: B027 - most encoders hold nothing that needs it
        """Let go of everything, also when the response was abandoned before `flush`. Twice does no harm."""


class AudioFormat(Component):
    """A response format: container and codec."""

    media_type: ClassVar[str]
    extension: ClassVar[str]
    """Of files, without the dot."""
    lossless: ClassVar[bool] = False
    sample_rates: ClassVar[tuple[int, ...] | None] = None
    """Allowed `output_sample_rate` values in Hz; None for any from 8000 to 48000."""
    bitrates: ClassVar[tuple[int, int] | None] = None
    """Lowest and highest `bitrate` in bit/s; None where the format has none to choose."""

    @abstractmethod
    def open(self, info: StreamInfo) -> Encoder:
        """An encoder for one response.

        Raises:
            UnsupportedFormatError: `output_sample_rate` or `bitrate` is outside what the format offers.
        """


class CacheBackend(Component):
    """Keeps the audio of segments, as bytes by key. Everything runs on one event loop, several calls at once.

    A call that raises or takes longer than `cache.timeout_s` counts as a failure; the request goes on without
    it. Values carry their own checksum: a backend need not notice that one is damaged.
    """

    shared: ClassVar[bool] = False
    """Whether the values leave this process: to a disk, to a server."""

    async def open(self) -> None:
        """Make ready. Called once, before anything else. Raises `ConfigError` for what cannot work here.

        What is only out of reach now, such as a server that is down, is no reason to raise.
        """

    async def close(self) -> None:
        """Let go of everything."""

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """The value under `key`, 64 hex digits; None where there is none."""

    @abstractmethod
    async def put(self, key: str, value: bytes) -> None:
        """Keep the value, within whatever bounds the backend has."""

    @abstractmethod
    async def clear(self) -> None:
        """Forget all values."""

    @abstractmethod
    async def stats(self) -> CacheStats:
        """What it holds."""

    async def claim(self, key: str, seconds: float) -> bool:  # noqa: ARG002 - the default knows of nobody else
        """Whether the caller is to make the value under `key`: False where another process is making it.

        The claim ends with `release`, and after `seconds` in any case.
        """
        return True

    async def release(self, key: str) -> None:
        """Give the caller's own claim back, where it still has it."""
