"""One entry of a lexicon, and the short way to write it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen

MAX_WORD = 100
MAX_IPA = 200
MAX_SAY = 200

_PARTS: Mapping[str, frozenset[str]] = {
    "noun": frozenset("NN NNS NNP NNPS".split()),
    "verb": frozenset("VB VBD VBG VBN VBP VBZ MD".split()),
    "adjective": frozenset("JJ JJR JJS".split()),
    "adverb": frozenset("RB RBR RBS".split()),
}
_OTHERS = frozenset("CC CD DT EX FW IN LS PDT POS PRP PRP$ RP SYM TO UH WDT WP WP$ WRB".split())
_TAGS = _OTHERS.union(*_PARTS.values())
"""The word tags of the Penn Treebank."""
PARTS_OF_SPEECH = frozenset(_PARTS) | _TAGS
_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7})?", re.ASCII)
_SLASHED = re.compile(r"/[^/]+/")

Words: TypeAlias = Mapping[str, str]
"""The short form: a word, and its respelling, or its IPA between slashes."""


def _text(most: int) -> Any:
    def check(_entry: object, _field: "Attribute[str]", value: str) -> None:
        if len(value) > most:
            raise ValueError(f"must have at most {most} characters, has {len(value)}")
        if value and not value.replace("\n", " ").isprintable():
            raise ValueError("must have no control characters")
        if value and not any(character.isalnum() for character in value):
            raise ValueError("must have a letter or a digit")

    return check


def _language(_entry: object, _field: "Attribute[str]", value: str) -> None:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a BCP 47 tag such as en or en-GB, or empty for all languages")


def _part_of_speech(_entry: object, _field: "Attribute[Any]", value: str | Sequence[str]) -> None:
    unknown = [one for one in _each(value) if one not in PARTS_OF_SPEECH]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r:.40} is none: noun, verb, adjective, adverb, or a Penn Treebank tag such as VBD"
        )


@frozen
class LexiconEntry:
    """How a word, or several in a row, are spoken.

    Attributes:
        word: as it stands in texts; one or more words.
        ipa: its sounds, for engines that read phonemes.
        say: the same in other letters, for engines that read text, and for others where `ipa` is empty.
        language: BCP 47 tag of the texts it is for, with or without a region; empty for all.
        case: `ignore`: `Nginx` is `nginx`; `exact`: only as it is written.
        part_of_speech: only as one of these: noun, verb, adjective, adverb, or tags of the Penn Treebank.
    """

    word: str = field(validator=_text(MAX_WORD))
    ipa: str = field(default="", validator=_text(MAX_IPA))
    say: str = field(default="", validator=_text(MAX_SAY))
    language: str = field(default="", validator=_language)
    case: Literal["ignore", "exact"] = "ignore"
    part_of_speech: str | tuple[str, ...] = field(default=(), validator=_part_of_speech)

    def __attrs_post_init__(self) -> None:
        if not self.word:
            raise ValueError("word: must not be empty")
        if not self.ipa and not self.say:
            raise ValueError("needs ipa or say, or both: nothing tells how the word is spoken")
        if self.part_of_speech and len(self.word.split()) > 1:
            raise ValueError("part_of_speech: is that of one word; leave it out for several words")

    @property
    def tags(self) -> frozenset[str]:
        """The tags of the Penn Treebank that it is for; none for every one."""
        parts = (_PARTS.get(one, frozenset({one})) for one in _each(self.part_of_speech))
        return frozenset[str]().union(*parts)

    @property
    def sounds(self) -> str:
        """`ipa` without the slashes or brackets that people write around it."""
        return self.ipa.strip().strip("/[]").strip()

    def is_for(self, language: str) -> bool:
        """Whether it is for texts in `language`: its own one, in any region unless it names one."""
        own, asked = self.language.lower(), language.lower()
        return not own or asked == own or asked.startswith(f"{own}-")


def entry_of(word: str, value: str) -> LexiconEntry:
    """The entry of the short form. Raises `ValueError`."""
    value = value.strip()
    if _SLASHED.fullmatch(value):
        return LexiconEntry(word, ipa=value[1:-1])
    return LexiconEntry(word, say=value)


def _each(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value
