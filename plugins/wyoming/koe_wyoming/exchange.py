"""One request and its answer: `audio-start`, `audio-chunk`s, `audio-stop`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

import numpy as np
from attrs import define, field, frozen
from koe.api import AudioChunk, NothingToSpeakError, Server, SpeechRequest, StageError
from numpy.typing import NDArray
from wyoming import audio
from wyoming.event import Event
from wyoming.tts import SynthesizeStopped

from koe_wyoming.texts import StreamedText

BYTES_PER_SAMPLE = 2
_FULL_SCALE = 32_768

Send: TypeAlias = Callable[[Event], Awaitable[None]]


@frozen
class Exchange:
    """What a client asked for; `texts` is where the text comes from while it is still being written."""

    request: SpeechRequest
    texts: StreamedText | None = None

    async def answer(self, server: Server, send: Send, samples_per_chunk: int) -> None:
        """Speak. Returns when everything was sent.

        A streamed request takes a place on the server when its first sentence is there, not before.

        Raises:
            KoeError: it cannot be spoken, or not to its end; then no `audio-stop` was sent.
        """
        if self.texts is not None and not await self.texts.begun():
            raise NothingToSpeakError("The stream ended without text; send at least one word", param="text")
        async with server.speak(self.request, self.texts) as speech:
            sound = _Sound(send, speech.sample_rate, samples_per_chunk)
            async with aclosing(speech.chunks()) as chunks:
                await sound.play(chunks)
            if self.texts is not None:
                await send(SynthesizeStopped().event())


@define(eq=False)
class _Sound:
    """The audio events of one answer. Nothing is sent before the first audio exists."""

    _send: Send
    _sample_rate: int
    _samples_per_chunk: int
    _sent_samples: int = field(default=0, init=False)

    async def play(self, chunks: AsyncIterator[AudioChunk]) -> None:
        started = False
        async for chunk in chunks:
            if not started:
                await self._send(self._start().event())
                started = True
            await self._play(to_pcm(chunk))
        await self._send(audio.AudioStop(timestamp=self._now_ms()).event())

    async def _play(self, pcm: bytes) -> None:
        step = self._samples_per_chunk * BYTES_PER_SAMPLE
        for begin in range(0, len(pcm), step):
            part = pcm[begin : begin + step]
            await self._send(self._chunk(part).event())
            self._sent_samples += len(part) // BYTES_PER_SAMPLE

    def _start(self) -> audio.AudioStart:
        return audio.AudioStart(self._sample_rate, BYTES_PER_SAMPLE, channels=1, timestamp=0)

    def _chunk(self, pcm: bytes) -> audio.AudioChunk:
        return audio.AudioChunk(self._sample_rate, BYTES_PER_SAMPLE, 1, pcm, timestamp=self._now_ms())

    def _now_ms(self) -> int:
        return 1000 * self._sent_samples // self._sample_rate


def to_pcm(chunk: AudioChunk) -> bytes:
    """16-bit little-endian samples, rounded and clipped as the format `pcm` does it.

    Raises:
        StageError: a sample is not finite.
    """
    if not np.isfinite(chunk.samples).all():
        raise StageError(
            "encode", "wyoming", "wyoming", ValueError("the audio holds samples that are not finite")
        )
    scaled = np.rint(chunk.samples * np.float32(_FULL_SCALE))
    samples: NDArray[np.int16] = np.asarray(np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1), "<i2")
    return samples.tobytes()
