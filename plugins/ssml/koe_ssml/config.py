"""`[plugins.ssml]`."""

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le


@frozen
class SsmlConfig:
    """How SSML is read.

    Attributes:
        mode: `lenient` speaks the text of what it cannot do and names that in `koe-ignored`; `strict` refuses
            the document.
        max_characters: the longest document, beside `limits.max_characters`.
        max_depth: how deep elements may nest.
        max_break_s: the longest single `break` or `mstts:silence`; longer ones are shortened to it.
        paragraph_pause_s: the silence between `p` elements.
        break_s: seconds of silence for each `strength` of `break`.
        styles: a voice or mix for each style of `mstts:express-as`, `google:style` and `amazon:domain`.
        media_roots: folders whose files `audio` may play; none: `audio` is off. Nothing is ever fetched
            from a network.
        max_media_s: the most audio that all `audio` elements of one document may bring.
        lexicon_roots: folders whose PLS files `lexicon` may load; none: `lexicon` is off.
        characters_per_second: the speech rate that desired durations are reckoned with.
        pitch_hz: the fundamental frequency that voices are reckoned with where a pitch is given in Hz.
    """

    mode: Literal["lenient", "strict"] = field(default="lenient", validator=in_(("lenient", "strict")))
    max_characters: int = field(default=1_000_000, validator=[ge(1), le(10_000_000)])
    max_depth: int = field(default=64, validator=[ge(4), le(1_000)])
    max_break_s: float = field(default=10.0, validator=[gt(0), le(60)])
    paragraph_pause_s: float = field(default=0.6, validator=[ge(0), le(10)])
    break_s: Mapping[str, float] = field(
        factory=lambda: {
            "none": 0.0,
            "x-weak": 0.1,
            "weak": 0.25,
            "medium": 0.5,
            "strong": 0.75,
            "x-strong": 1.0,
        }
    )
    styles: Mapping[str, str] = field(factory=dict)
    media_roots: tuple[str, ...] = ()
    max_media_s: float = field(default=60.0, validator=[gt(0), le(3600)])
    lexicon_roots: tuple[str, ...] = ()
    characters_per_second: float = field(default=15.0, validator=[ge(1), le(100)])
    pitch_hz: Mapping[str, float] = field(factory=lambda: {"female": 200.0, "male": 120.0, "neutral": 160.0})
