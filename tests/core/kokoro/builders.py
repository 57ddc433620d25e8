"""Segments and engines as the pipeline makes them, in one line."""

from pathlib import Path
from typing import Any

from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.stages import EngineRuntime
from koe.testing.tiny_model import TinyKokoro
from koe.types import PhonemeSegment, PhonemeWord, Prosody, Span, VoiceMix


def segment(*words: tuple[str, str], voice: VoiceMix | str = "af_heart", rate: float = 1.0) -> PhonemeSegment:
    """A segment of (phonemes, tail) pairs whose source spans count words."""
    mix = VoiceMix.of(voice) if isinstance(voice, str) else voice
    made = tuple(
        PhonemeWord(f"word{index}", phonemes, tail, Span(index, index + 1))
        for index, (phonemes, tail) in enumerate(words)
    )
    return PhonemeSegment("", made, mix, "en-US", Prosody(rate))


def opened(tiny: TinyKokoro, voices: Path | None = None, **config: Any) -> KokoroEngine:
    """An open engine on one thread."""
    chosen = KokoroConfig(model=str(tiny.model), voices=str(voices or tiny.voices), **config)
    engine = KokoroEngine(chosen)
    engine.open(EngineRuntime(threads=1))
    return engine
