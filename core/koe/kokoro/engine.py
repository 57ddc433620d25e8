"""The engine `kokoro`: Kokoro-82M on ONNX Runtime."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import structlog
from attrs import evolve, field, frozen

from koe.cancellation import Cancellation
from koe.errors import EngineUnavailableError, ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.files import ModelFiles, locate
from koe.kokoro.fingerprint import fingerprint, precision
from koe.kokoro.model import Model
from koe.kokoro.signature import Signature
from koe.kokoro.timing import SAMPLE_RATE, word_timings
from koe.kokoro.vocabulary import load_vocabulary, tokens
from koe.kokoro.voice_facts import OPENAI_NAMES, PREFERRED_DEFAULT, describe, openai_aliases
from koe.kokoro.voice_folder import DroppedVoices, VoiceFolder, missing_folder
from koe.kokoro.voices import ROWS, VoiceTables, load_voices
from koe.stages import Engine, EngineRuntime
from koe.types import AudioChunk, EngineInfo, PhonemeSegment, RefusedVoice, Samples, Voice, VoiceMix

_SPEEDS = (0.5, 2.0)
_NO_SPEEDS = (1.0, 1.0)
_MOST_RETIRED = 32
log = structlog.get_logger(__name__)


@frozen
class _ModelFacts:
    """What is known of a model that was opened: how it is called, what it runs on, which file it was."""

    signature: Signature
    provider: str
    threads: int
    file: tuple[int, int]

    @classmethod
    def of(cls, model: Model) -> "_ModelFacts":
        status = model.path.stat()
        file = status.st_size, status.st_mtime_ns
        return cls(model.signature, model.opened.provider, model.opened.threads, file)


@frozen
class _Loaded:
    """`own` are the voices of the model's voices file, `tables` those and the dropped ones.

    `default` is the voice that is listed first. All but `model`, which is None while it is unloaded, stays in
    memory.
    """

    files: ModelFiles
    facts: _ModelFacts
    model: Model | None
    vocabulary: Mapping[str, int]
    own: VoiceTables
    tables: VoiceTables
    voices: tuple[Voice, ...]
    default: str
    folder: VoiceFolder | None = None
    dropped: DroppedVoices = field(factory=DroppedVoices)


class KokoroEngine(Engine):
    """Speaks IPA with Kokoro's voices and their weighted mixes, at 24 kHz.

    `rate_range` is 0.5 to 2.0; for exports whose speed input is an integer it is 1.0 alone, so that the
    core stretches what they would round.

    Equal segments have equal lengths and word times, but not equal samples: the released models mix noise
    into voiced sound, anew in every run.
    """

    name = "kokoro"
    max_phonemes: ClassVar[int | None] = ROWS
    mixes: ClassVar[bool] = True
    rate_range = _SPEEDS

    def __init__(self, config: KokoroConfig) -> None:
        self._config = config
        self._loaded: _Loaded | None = None
        self._runtime = EngineRuntime()
        self._fingerprint: tuple[VoiceTables, _ModelFacts, str] | None = None
        self._lock = threading.Lock()
        self._fingerprint_lock = threading.Lock()

    def missing(self) -> str | None:
        try:
            locate(self._config)
        except ModelFileError as error:
            return str(error)
        return None

    def open(self, runtime: EngineRuntime) -> None:
        files = locate(self._config)
        own = load_voices(files.voices)
        folder = self._folder(own)
        dropped = folder.scan(settled_only=False) if folder else DroppedVoices()
        tables = VoiceTables({**own.tables, **dropped.tables})
        voices = self._order(tables, files)
        self._runtime = runtime
        model, vocabulary = self._opened(files, tables, voices[0].name)
        facts = _ModelFacts.of(model)
        with self._lock:
            self._loaded = _Loaded(
                files, facts, model, vocabulary, own, tables, voices, voices[0].name, folder, dropped
            )
        self._use(facts)

    def close(self) -> None:
        with self._lock:
            self._loaded = None

    def unload(self) -> None:
        """Let go of the session, its weights and its threads. The voices stay."""
        with self._lock:
            self._loaded = evolve(self._require(), model=None)

    def load(self) -> None:
        """Open the same file again. One that was replaced meanwhile is used as it is now."""
        before = self._require()
        if before.model is not None:
            return
        model, vocabulary = self._opened(before.files, before.tables, before.default)
        facts = _ModelFacts.of(model)
        if facts.file != before.facts.file:
            log.warning("model_file_changed", model=str(model.path))
        with self._lock:
            self._loaded = evolve(self._require(), facts=facts, model=model, vocabulary=vocabulary)
        self._use(facts)

    def _opened(self, files: ModelFiles, tables: VoiceTables, voice: str) -> tuple[Model, Mapping[str, int]]:
        """The model, which has been heard to speak, and its symbols."""
        model = Model.open(files.model, self._runtime)
        vocabulary = load_vocabulary(model.metadata, files.model, files.vocabulary)
        model.probe(tables.style(VoiceMix.of(voice), 1))
        return model, vocabulary

    def _use(self, facts: _ModelFacts) -> None:
        self.rate_range = _SPEEDS if facts.signature.continuous_speed else _NO_SPEEDS
        self.times_words = facts.signature.duration is not None

    def rescan_voices(self) -> None:
        """Take in what has changed in the folder of further voices. Blocks while it reads files."""
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded.folder is None:
                return
            dropped = loaded.folder.scan()
            changes = _changes(loaded.dropped.tables, dropped.tables)
            if changes:
                self._loaded = _with_voices(loaded, dropped)
                log.info("voices_changed", **changes)
            elif dropped.refused != loaded.dropped.refused:
                self._loaded = evolve(loaded, dropped=dropped)

    def info(self) -> EngineInfo:
        loaded = self._require()
        facts, signature = loaded.facts, loaded.facts.signature
        return EngineInfo(
            self.name,
            SAMPLE_RATE,
            model=loaded.files.model.name,
            precision=precision(loaded.files.model),
            execution_provider=facts.provider,
            detail={
                "threads": facts.threads,
                "word_timings": signature.duration is not None,
                "speed_type": str(signature.speed_type),
                "voices": len(loaded.voices),
            },
        )

    def voices(self) -> Sequence[Voice]:
        return self._require().voices

    def refused_voices(self) -> Sequence[RefusedVoice]:
        return self._require().dropped.refused

    @property
    def aliases(self) -> Mapping[str, str]:
        return openai_aliases(self._require().tables.tables)

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self._require().vocabulary)

    def infer(self, segment: PhonemeSegment, cancellation: Cancellation) -> AudioChunk:
        """Speak one segment; its words have times where the export reports durations.

        Raises:
            CancelledByCallerError: the work was cancelled; a run that has begun is aborted.
            KoeError: symbols outside the vocabulary, more than 510 of them, an unknown voice, or a model
                whose output is no speech.
        """
        loaded = self._require()
        if loaded.model is None:
            raise EngineUnavailableError("The model of the Kokoro engine is not loaded")
        ids = tokens(segment.phonemes, loaded.vocabulary, ROWS)
        style = loaded.tables.style(segment.voice, len(ids))
        spoken = loaded.model.run(ids, style, segment.prosody.rate, cancellation)
        words = () if spoken.frames is None else word_timings(segment.words, spoken.frames)
        return AudioChunk(spoken.samples, SAMPLE_RATE, words)

    @property
    def fingerprint(self) -> str:
        loaded = self._require()
        with self._fingerprint_lock:
            known = self._fingerprint
            if known is None or known[0] is not loaded.tables or known[1] != loaded.facts:
                settings = f"{precision(loaded.files.model)} {loaded.facts.signature.speed_type}"
                value = fingerprint(loaded.files.model, loaded.vocabulary, loaded.tables, settings)
                self._fingerprint = known = (loaded.tables, loaded.facts, value)
            return known[2]

    def _folder(self, own: VoiceTables) -> VoiceFolder | None:
        if not self._config.extra_voices:
            return None
        path = Path(self._config.extra_voices).expanduser()
        problem = missing_folder(path)
        if problem:
            raise ModelFileError(
                f"{path}, given as `extra_voices` of the Kokoro engine: expected a folder, found {problem}",
                param="extra_voices",
            )
        taken = dict.fromkeys(OPENAI_NAMES, "a name of OpenAI's, which stands for a voice")
        return VoiceFolder(path, {**taken, **dict.fromkeys(own.tables, "one of the model's own voices")})

    def _order(self, tables: VoiceTables, files: ModelFiles) -> tuple[Voice, ...]:
        """The voices with the default first."""
        names = list(tables.tables)
        default = self._config.default_voice or (
            PREFERRED_DEFAULT if PREFERRED_DEFAULT in names else names[0]
        )
        if default not in names:
            raise ModelFileError(
                f"{files.voices} has no voice {default!r}, the default_voice of the Kokoro engine; "
                f"it has {', '.join(names)}",
                param="default_voice",
            )
        return _described(names, default)

    def _require(self) -> _Loaded:
        if self._loaded is None:
            raise EngineUnavailableError("The Kokoro engine is not open")
        return self._loaded


def _with_voices(loaded: _Loaded, dropped: DroppedVoices) -> _Loaded:
    """The engine with other dropped voices. Those that are gone stay for requests that began before."""
    tables = {**loaded.own.tables, **dropped.tables}
    former = {**loaded.tables.retired, **loaded.tables.tables}
    gone = [name for name in former if name not in tables][-_MOST_RETIRED:]
    return evolve(
        loaded,
        tables=VoiceTables(tables, {name: former[name] for name in gone}),
        voices=_described(tables, loaded.default),
        dropped=dropped,
    )


def _described(names: Iterable[str], default: str) -> tuple[Voice, ...]:
    """The voices with the default first."""
    return tuple(describe(name) for name in sorted(names, key=lambda name: name != default))


def _changes(before: Mapping[str, Samples], after: Mapping[str, Samples]) -> dict[str, list[str]]:
    """The names that are added, removed and replaced; empty where nothing has changed."""
    changes = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "replaced": [name for name, table in after.items() if name in before and table is not before[name]],
    }
    return {kind: names for kind, names in changes.items() if names}
