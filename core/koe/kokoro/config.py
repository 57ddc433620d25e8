"""What `[plugins.kokoro]` can say."""

from attrs import field, frozen
from attrs.validators import ge, gt, le


@frozen
class ParityLimits:
    """`[plugins.kokoro.parity]`: how far an optimized model's sound may be from the original's.

    Each limit holds for every utterance that `koe model optimize` compares.

    Attributes:
        log_spectral_db: the most that the mel spectra may differ: root mean square over bands, mean over
            time.
        pitch_agreement: the least share of voiced frames with the same pitch, within 50 cents.
        level_db: the most that the loudness may differ.
        frames: by how many frames of 25 ms the durations may differ, added up over an utterance.
    """

    log_spectral_db: float = field(default=1.0, validator=gt(0))
    pitch_agreement: float = field(default=0.95, validator=[ge(0), le(1)])
    level_db: float = field(default=0.5, validator=gt(0))
    frames: int = field(default=0, validator=ge(0))


@frozen
class KokoroConfig:
    """Which model, which voices, and who speaks when nobody is asked for.

    Attributes:
        dir: folder with the model files; empty: the one `KOE_MODEL_DIR` names, else the cache folder.
        variant: which model to look for, one of `koe model list`; `auto` takes the one that `koe model bench`
            found fastest here, else what `koe model optimize` made, else `fp32`.
        model: an explicit model file; wins over `dir` and `variant`.
        voices: an explicit voices file (npz) or folder of `*.bin`; wins over `dir`.
        default_voice: the voice of requests that name none; empty: `af_heart` where the voices have it,
            else their first.
        extra_voices: folder of further voice files (`*.bin`, `*.npy`, `*.npz`); what is dropped into it can
            be spoken within seconds, without a restart.
        parity: what `koe model optimize` accepts.
    """

    dir: str = ""
    variant: str = "auto"
    model: str = ""
    voices: str = ""
    default_voice: str = ""
    extra_voices: str = ""
    parity: ParityLimits = ParityLimits()
