"""What a voice's name tells, and what its makers published about it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from koe.types import Voice

PREFERRED_DEFAULT = "af_heart"

_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "a": "en-US",
        "b": "en-GB",
        "e": "es",
        "f": "fr-FR",
        "h": "hi",
        "i": "it",
        "j": "ja",
        "p": "pt-BR",
        "z": "zh-CN",
    }
)
_GENDERS: Mapping[str, Literal["female", "male"]] = MappingProxyType({"f": "female", "m": "male"})

# The "overall grade" of VOICES.md in hexgrad/Kokoro-82M; Spanish and Portuguese voices have none there.
_GRADES: Mapping[str, str] = MappingProxyType(
    {
        name: grade
        for grade, names in {
            "A": "af_heart",
            "A-": "af_bella",
            "B-": "af_nicole bf_emma ff_siwis",
            "C+": "af_aoede af_kore af_sarah am_fenrir am_michael am_puck jf_alpha",
            "C": "af_alloy af_nova bf_isabella bm_fable bm_george hf_alpha hf_beta hm_omega hm_psi"
            " if_sara im_nicola jf_gongitsune jf_tebukuro",
            "C-": "af_sky jf_nezumi jm_kumo",
            "D+": "bm_lewis",
            "D": "af_jessica af_river am_echo am_eric am_liam am_onyx bf_alice bf_lily bm_daniel"
            " zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang",
            "D-": "am_santa",
            "F+": "am_adam",
        }.items()
        for name in names.split()
    }
)

# OpenAI's voices: the namesake where there is one, else one of like character; no two the same.
_OPENAI: Mapping[str, str] = MappingProxyType(
    {
        "alloy": "af_alloy",
        "ash": "am_michael",
        "ballad": "bm_george",
        "coral": "af_bella",
        "echo": "am_echo",
        "fable": "bm_fable",
        "onyx": "am_onyx",
        "nova": "af_nova",
        "sage": "af_sarah",
        "shimmer": "af_sky",
        "verse": "am_puck",
        "marin": "af_kore",
        "cedar": "am_fenrir",
    }
)
OPENAI_NAMES = frozenset(_OPENAI)


def describe(name: str) -> Voice:
    """The voice called `name`: language and gender by its two-letter prefix, American English without one."""
    prefix, separator, _ = name.partition("_")
    letters = prefix if separator and len(prefix) == len("af") else "a?"
    language = _LANGUAGES.get(letters[0], "en-US")
    return Voice(name, language, _GENDERS.get(letters[1]), _GRADES.get(name))


def openai_aliases(names: Iterable[str]) -> dict[str, str]:
    """OpenAI's names for those of the voices that are among `names`."""
    present = frozenset(names)
    return {alias: name for alias, name in _OPENAI.items() if name in present}
