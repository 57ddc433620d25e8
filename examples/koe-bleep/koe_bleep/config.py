"""`[plugins.bleep]`."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen
from attrs.validators import ge, in_, le

ANY = "any"
"""Stands for every language."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _check_words(_instance: object, _attribute: Any, value: Mapping[str, tuple[str, ...]]) -> None:
    for language, words in value.items():
        if not _LANGUAGE.fullmatch(language):
            raise ValueError(f"expected languages such as 'en' and 'de-AT', or {ANY!r}, not {language!r:.40}")
        for word in words:
            if not any(character.isalnum() for character in word):
                raise ValueError(f"expected words in the list of {language!r}, not {word!r:.40}")


@frozen
class BleepConfig:
    """Which words are not to be heard, and what is heard instead.

    Attributes:
        words: lists of words and phrases by language: `en` is every English, `en-GB` one, `any` all
            languages. `*` at the end of a word stands for any ending.
        case: `ignore`; `exact`: as the list has it; `smart`: words that the list has in lower case are meant
            in any case, others as the list has them.
        frequency_hz: of the bleep.
        peak: of the bleep, full scale is 1.
        seconds_per_letter: how long the bleep is for each letter or digit of the word.
        shortest_s: the shortest bleep.
        longest_s: the longest bleep.
        pause_s: silence behind a bleep that ends a sentence.
    """

    words: Mapping[str, tuple[str, ...]] = field(factory=dict, validator=_check_words)
    case: Literal["ignore", "exact", "smart"] = field(
        default="ignore", validator=in_(("ignore", "exact", "smart"))
    )
    frequency_hz: float = field(default=1000.0, validator=[ge(100), le(4000)])
    peak: float = field(default=0.25, validator=[ge(0), le(1)])
    seconds_per_letter: float = field(default=0.07, validator=[ge(0), le(1)])
    shortest_s: float = field(default=0.25, validator=[ge(0.05), le(5)])
    longest_s: float = field(default=1.5, validator=[ge(0.05), le(5)])
    pause_s: float = field(default=0.3, validator=[ge(0), le(5)])

    def __attrs_post_init__(self) -> None:
        if self.shortest_s > self.longest_s:
            raise ValueError(
                f"shortest_s ({self.shortest_s:g}) must not be longer than longest_s ({self.longest_s:g})"
            )
