"""What makes two segments sound alike."""

import hashlib

import msgspec

from koe.stages import Engine
from koe.types import PhonemeSegment

REVISION = 1
"""Of what koe itself makes of an engine's audio: silence cut off, pitch, rate, volume. Raise it when that
changes, so that no audio of before is found."""


def segment_key(
    segment: PhonemeSegment, engine: Engine, fingerprint: str, *, trim: bool, storage: str
) -> str:
    """Hex SHA-256 over all that the audio of a canonical segment depends on."""
    prosody = segment.prosody
    parts = (
        REVISION,
        storage,
        engine.name,
        fingerprint,
        engine.rate_range,
        engine.times_words,
        segment.text,
        tuple((word.phonemes, word.tail) for word in segment.words),
        segment.voice.terms,
        segment.language,
        (prosody.rate, prosody.volume_db, prosody.pitch_semitones),
        trim,
    )
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()
