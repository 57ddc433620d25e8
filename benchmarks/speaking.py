"""A whole koe in this process, in its default configuration but for the model."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define
from koe.config import load as load_config
from koe.plugins import load
from koe.synthesizer import Synthesizer
from koe.types import SpeechRequest


@define(eq=False)
class Speaking:
    """Texts in, from any thread; audio is made as for a listener."""

    synthesizer: Synthesizer
    loop: asyncio.AbstractEventLoop

    def speak(self, text: str) -> int:
        """Speak it and wait for the end; the samples that were made."""
        return asyncio.run_coroutine_threadsafe(self._speak(text), self.loop).result()

    async def _speak(self, text: str) -> int:
        async with self.synthesizer.speak(SpeechRequest(text, format="pcm")) as speech:
            return sum([len(chunk.samples) async for chunk in speech.chunks()])


@contextmanager
def speaking(model: Path, voices: str, *sets: str) -> Iterator[Speaking]:
    """It, started and warm. `sets` are settings as after `--set`."""
    own = {"engine.default": "kokoro", "plugins.kokoro.model": str(model), "plugins.kokoro.voices": voices}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        assignments = [*(f"{key}={json.dumps(value)}" for key, value in own.items()), *sets]
        configuration = load_config(assignments=assignments)
        synthesizer = Synthesizer(load(configuration), configuration.settings)
        asyncio.run_coroutine_threadsafe(synthesizer.start(), loop).result()
        try:
            yield Speaking(synthesizer, loop)
        finally:
            asyncio.run_coroutine_threadsafe(synthesizer.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
