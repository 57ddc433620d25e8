"""A loaded Kokoro model: tokens, style and speed in, samples and frames out."""

from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from koe.cancellation import Cancellation
from koe.errors import CancelledByCallerError, KoeError, ModelFileError
from koe.kokoro.session import OpenedSession, open_session, run_errors
from koe.kokoro.signature import Signature
from koe.kokoro.timing import FRAME_SAMPLES
from koe.kokoro.vocabulary import PAD
from koe.stages import EngineRuntime
from koe.types import Samples

_LONG_RUN = 120
"""Tokens from which a run's working memory is given back afterwards, which costs a run some 5 %."""


@frozen
class Spoken:
    """What one run gave: samples, and the frames of every token where the export tells."""

    samples: Samples
    frames: NDArray[np.int64] | None


@frozen
class Model:
    """One open session and how to call it. Safe to use from several threads at once."""

    path: Path
    opened: OpenedSession
    signature: Signature

    @classmethod
    def open(cls, path: Path, runtime: EngineRuntime) -> "Model":
        """Load the model.

        Raises:
            ModelFileError: it is no ONNX model, or none with Kokoro's inputs and outputs.
            ExecutionProviderError: no execution provider on the wish list could be used.
        """
        opened = open_session(path, runtime)
        session = opened.session
        return cls(path, opened, Signature.of(session.get_inputs(), session.get_outputs(), path))

    @property
    def metadata(self) -> dict[str, str]:
        return dict(self.opened.session.get_modelmeta().custom_metadata_map)

    def probe(self, style: Samples) -> None:
        """Speak one symbol, so that a model that cannot is found before the first request.

        Raises:
            ModelFileError: the run fails, or gives something that is no speech.
        """
        try:
            self.run([1], style, 1.0, Cancellation())
        except KoeError as error:
            raise ModelFileError(f"{self.path} cannot speak a test symbol: {error}") from error

    def run(self, tokens: list[int], style: Samples, speed: float, cancellation: Cancellation) -> Spoken:
        """Speak `tokens` (without pads) in `style`, shape `(1, 256)`; the samples are 24 kHz.

        Raises:
            CancelledByCallerError: the work was cancelled, before or during the run.
            KoeError: the run failed, or gave NaN, infinity or durations that do not fit its audio.
        """
        outputs = self._run(self._feeds(tokens, style, speed), len(tokens), cancellation)
        samples = np.array(outputs[0], np.float32).reshape(-1)
        if not np.isfinite(samples).all():
            raise KoeError(f"{self.path.name} gave NaN or infinite samples for {len(tokens)} symbols")
        if self.signature.duration is None:
            return Spoken(samples, None)
        return Spoken(samples, self._frames(np.asarray(outputs[1]), len(tokens), len(samples)))

    def _feeds(self, tokens: list[int], style: Samples, speed: float) -> dict[str, NDArray[Any]]:
        signature = self.signature
        return {
            signature.tokens: np.array([[PAD, *tokens, PAD]], np.int64),
            "style": style.astype(signature.style_type),
            "speed": np.full(signature.speed_shape, speed, signature.speed_type),
        }

    def _run(self, feeds: dict[str, NDArray[Any]], length: int, cancellation: Cancellation) -> list[Any]:
        from onnxruntime import RunOptions

        options = RunOptions()
        if length >= _LONG_RUN and self.opened.provider == "CPUExecutionProvider":
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

        def terminate() -> None:
            options.terminate = True

        try:
            with cancellation.on_cancel(terminate):
                outputs: list[Any] = self.opened.session.run(self.signature.outputs, feeds, options)
        except run_errors() as error:
            if cancellation.cancelled:
                raise CancelledByCallerError("The inference was cancelled") from error
            raise KoeError(f"ONNX Runtime failed on {length} symbols: {error}") from error
        cancellation.check()
        return outputs

    def _frames(self, durations: NDArray[Any], tokens: int, samples: int) -> NDArray[np.int64]:
        frames: NDArray[np.int64] = np.rint(durations.reshape(-1)).astype(np.int64)
        if len(frames) != tokens + 2 or int(frames.sum()) * FRAME_SAMPLES != samples:
            raise KoeError(
                f"{self.path.name} gave durations that do not fit its audio: expected {tokens + 2} of them "
                f"with {samples / FRAME_SAMPLES:g} frames in all, found {len(frames)} with {frames.sum()}"
            )
        return frames
