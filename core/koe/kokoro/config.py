"""What `[plugins.kokoro]` can say."""

from attrs import frozen


@frozen
class KokoroConfig:
    """Which model, which voices, and who speaks when nobody is asked for.

    Attributes:
        dir: folder with the model files; empty: the one `KOE_MODEL_DIR` names, else the cache folder.
        variant: which published model to look for, one of `koe model list`.
        model: an explicit model file; wins over `dir` and `variant`.
        voices: an explicit voices file (npz) or folder of `*.bin`; wins over `dir`.
        default_voice: the voice of requests that name none; empty: `af_heart` where the voices have it,
            else their first.
        extra_voices: folder of further voice files (`*.bin`, `*.npy`, `*.npz`); what is dropped into it can
            be spoken within seconds, without a restart.
    """

    dir: str = ""
    variant: str = "fp32"
    model: str = ""
    voices: str = ""
    default_voice: str = ""
    extra_voices: str = ""
