"""The embedded voice's names: a language, with or without a variant."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from attrs import frozen
from koe.api import Voice

from koe_espeak.languages import DEFAULT, Language, Languages
from koe_espeak.library import EspeakVoice

DEFAULT_VOICE = f"{DEFAULT}+f2"
"""The clearest: an acoustic recogniser follows it through every sentence of
tests/plugins/espeak/test_intelligibility.py, the plain `en-us` through about half of them."""

OPENAI_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "alloy": "en-us+f2",
        "ash": "en-us+announcer",
        "ballad": "en-us+m5",
        "coral": "en-us+f3",
        "echo": "en-us+m2",
        "fable": "en-us+sandro",
        "onyx": "en-us+michel",
        "nova": "en-us+f5",
        "sage": "en-us+f1",
        "shimmer": "en-us+f4",
        "verse": "en-us+Reed",
        "marin": "en-us+anika",
        "cedar": "en-us+edward",
    }
)
"""Among the variants of each gender, those that the recogniser follows best."""
_LISTED = ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8")
_FEMALE = 2


@frozen
class NamedVoice:
    """A voice that can be spoken: its language and `+variant`, or nothing for the language's own."""

    language: Language
    variant: str = ""
    gender: Literal["female", "male"] = "male"

    def identifier(self, languages: Languages, tag: str) -> str | None:
        """espeak-ng's identifier for speaking the language `tag` with this voice; None if it has none.

        A tag that merely says less than the voice ("en" to an "en-GB" voice) leaves the voice its own.
        """
        own = self.language.tag.lower()
        if own == tag.lower() or own.startswith(f"{tag.lower()}-"):
            return self.language.identifier + self.variant
        language = languages.find(tag)
        return None if language is None else language.identifier + self.variant

    def described(self) -> Voice:
        name = self.language.name + self.variant
        return Voice(name, self.language.tag, self.gender, description=f"espeak-ng {name}")


@frozen
class Voices:
    """Every voice of one espeak-ng."""

    languages: Languages
    _genders: Mapping[str, int]

    @classmethod
    def of(cls, voices: Iterable[EspeakVoice], variants: Iterable[EspeakVoice]) -> "Voices":
        genders = {variant.identifier.removeprefix("!v/"): variant.gender for variant in variants}
        return cls(Languages.of(voices), genders)

    def find(self, name: str) -> NamedVoice | None:
        """The voice called `en-us`, `de+f2`, …; languages in any case, variants as espeak-ng spells them."""
        base, plus, variant = name.partition("+")
        language = self.languages.by_name.get(base.lower())
        if language is None or (plus and variant not in self._genders):
            return None
        female = self._genders.get(variant) == _FEMALE
        return NamedVoice(language, plus + variant, "female" if female else "male")

    def listed(self) -> Iterator[Voice]:
        """The voices worth listing, the default first: it, all languages, and English variants."""
        bases = sorted(self.languages.by_name, key=lambda name: (name != DEFAULT, name))
        variants = [f"{base}+{variant}" for base in (DEFAULT, "en-gb") for variant in _LISTED]
        for name in dict.fromkeys((DEFAULT_VOICE, *bases, *variants, *OPENAI_ALIASES.values())):
            voice = self.find(name)
            if voice is not None:
                yield voice.described()
