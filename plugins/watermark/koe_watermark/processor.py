"""The audio processor `watermark`: marks each response, or sees to it that nothing unmarked leaves."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
import structlog
from koe.api import AudioChunk, AudioProcessor, AudioStream, ForbiddenError, Samples, StreamInfo, WordTiming

from koe_watermark.config import WatermarkConfig
from koe_watermark.marking import NOTHING, Marking
from koe_watermark.schemes import Scheme

log = structlog.get_logger(__name__)

FACT = "watermark"


class Watermark(AudioProcessor):
    """Marks with all schemes in order, at the engine's own sample rate.

    Raises:
        ValueError: the policy promises marked audio, and no scheme marks it.
    """

    name = "watermark"
    last: ClassVar[bool] = True
    marks: ClassVar[bool] = True
    left_out: ClassVar[str] = (
        "nothing would be marked (a server that only detects sets plugins.watermark.embed = false)"
    )

    def __init__(self, schemes: Sequence[Scheme], config: WatermarkConfig) -> None:
        self._schemes = schemes
        self._marking = [scheme for scheme in schemes if scheme.marks]
        self._lenient = config.policy == "best_effort"
        self._opt_out = frozenset(config.opt_out)
        if not self._marking and not self._lenient:
            raise ValueError(
                f"plugins.watermark.schemes: {', '.join(config.schemes)} leaves the audio unmarked, and "
                f'policy "required" promises marked audio; add "perth-implicit", or set '
                f'plugins.watermark.policy = "best_effort"'
            )

    def open(self, info: StreamInfo) -> AudioStream:
        """Raises `ForbiddenError` for a caller who may not have unmarked audio."""
        if not info.watermark:
            self._check(info.caller)
            return Unmarked()
        tags = {name: text for scheme in self._schemes for name, text in scheme.tags(info).items()}
        if not self._marking:
            return Unmarked(tags, repeatable=_repeatable(tags, info))
        try:
            marking = Marking([scheme.open(info) for scheme in self._marking])
        except Exception as error:
            if not self._lenient:
                raise
            _log_unmarked(info, error)
            return Unmarked(tags)
        return Marked(marking, info, tags, lenient=self._lenient)

    def _check(self, caller: str) -> None:
        if not caller or caller not in self._opt_out:
            raise ForbiddenError(
                "This server marks its audio as synthetic, and only the API keys named in "
                "plugins.watermark.opt_out may send `watermark: false`; leave the field out, or send true",
                param="watermark",
            )


class Unmarked(AudioStream):
    """A response whose audio stays as it is, and that says so."""

    def __init__(self, tags: Mapping[str, str] | None = None, *, repeatable: bool = False) -> None:
        self._tags = {} if tags is None else tags
        self._repeatable = repeatable

    def process(self, chunk: AudioChunk) -> AudioChunk:
        return chunk

    def flush(self) -> None:
        return None

    @property
    def facts(self) -> Mapping[str, str]:
        return {FACT: "no"}

    @property
    def tags(self) -> Mapping[str, str]:
        return self._tags

    @property
    def repeatable(self) -> bool:
        return self._repeatable


class Marked(AudioStream):
    """A response on its way through `marking`.

    With `lenient`, a failure before any audio has come out lets all of it go unmarked. Every other failure
    is final: the stream then gives no more audio, whatever is called.
    """

    def __init__(
        self, marking: Marking, info: StreamInfo, tags: Mapping[str, str], *, lenient: bool = False
    ) -> None:
        self._marking = marking
        self._info = info
        self._tags = tags
        self._lenient = lenient
        self._unmarked = False
        self._begun = False
        self._failure: Exception | None = None
        self._held: list[Samples] = []
        self._words: tuple[WordTiming, ...] = ()

    def process(self, chunk: AudioChunk) -> AudioChunk:
        """The audio that is ready, with the words of all chunks since the last audio.

        Raises `ValueError` for a chunk of another sample rate than announced, and what the marking raises.
        """
        samples = self._checked(chunk)
        self._words += chunk.words
        return self._out(self._made(samples, lambda: self._marking.push(samples)))

    def flush(self) -> AudioChunk | None:
        rest = self._out(self._made(NOTHING, self._marking.flush))
        self._log_counts()
        return rest if len(rest.samples) else None

    @property
    def facts(self) -> Mapping[str, str]:
        return {FACT: "no" if self._unmarked else "yes"}

    @property
    def tags(self) -> Mapping[str, str]:
        return self._tags

    @property
    def repeatable(self) -> bool:
        return not self._unmarked and _repeatable(self._tags, self._info)

    def _made(self, samples: Samples, mark: Callable[[], Samples]) -> Samples:
        """What `mark` makes of `samples` and those before; where it fails, what the policy says."""
        if self._failure is not None:
            raise self._failure
        if self._unmarked:
            return samples
        if self._lenient and not self._begun:
            self._held.append(samples)
        try:
            marked = mark()
        except Exception as error:
            if self._begun or not self._lenient:
                self._failure = error
                raise
            return self._given_up(error)
        if len(marked):
            self._begun = True
            self._held.clear()
        return marked

    def _given_up(self, error: Exception) -> Samples:
        """All audio so far, as it was given."""
        _log_unmarked(self._info, error)
        self._unmarked = True
        held, self._held = self._held, []
        return np.concatenate(held)

    def _out(self, samples: Samples) -> AudioChunk:
        words = self._words if len(samples) else ()
        if words:
            self._words = ()
        return AudioChunk(samples, self._info.sample_rate, words)

    def _checked(self, chunk: AudioChunk) -> Samples:
        if chunk.sample_rate != self._info.sample_rate:
            raise ValueError(
                f"the watermark was opened for {self._info.sample_rate} Hz and was given a chunk of "
                f"{chunk.sample_rate} Hz"
            )
        return chunk.samples

    def _log_counts(self) -> None:
        request_id = self._info.request_id
        if self._marking.replaced:
            log.warning("samples_not_finite", samples=self._marking.replaced, request_id=request_id)
        if self._marking.clipped:
            log.info("watermark_clipped", samples=self._marking.clipped, request_id=request_id)


def _repeatable(tags: Mapping[str, str], info: StreamInfo) -> bool:
    """Whether the tags say nothing of this very request. The marks of all schemes are the same for all."""
    return not info.request_id or not any(info.request_id in text for text in tags.values())


def _log_unmarked(info: StreamInfo, error: Exception) -> None:
    log.warning("watermark_left_out", error=f"{type(error).__name__}: {error}", request_id=info.request_id)
