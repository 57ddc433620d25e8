"""`[plugins.clips]`."""

from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, in_, le


@frozen
class ClipsConfig:
    """Where the voices are, and how their clips are joined.

    Attributes:
        folder: holds a folder for each voice, each with a `voice.toml` and WAV files.
        sample_rate: of the engine's audio, in Hz; clips are resampled to it.
        missing: what becomes of a text with a word that has no clip: `error` refuses the request and names
            the word, `silence` leaves `missing_s` of silence in its place.
        missing_s: how long that silence is.
        word_gap_s: silence between two clips.
        clause_gap_s: silence between two clips with a punctuation mark between them.
    """

    folder: str = "voices"
    sample_rate: int = field(default=24_000, validator=[ge(8_000), le(48_000)])
    missing: Literal["error", "silence"] = field(default="error", validator=in_(("error", "silence")))
    missing_s: float = field(default=0.3, validator=[ge(0), le(5)])
    word_gap_s: float = field(default=0.06, validator=[ge(0), le(5)])
    clause_gap_s: float = field(default=0.2, validator=[ge(0), le(5)])
