"""English text to phonemes, word by word, from its end to its start: a word depends on what follows it."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from attrs import define, field, frozen
from koe.api import Span

from koe_g2p.compounds import Compound
from koe_g2p.context import Context
from koe_g2p.lexicon import Accent, Lexicon
from koe_g2p.pronouncer import Pronouncer
from koe_g2p.quantities import Quantities
from koe_g2p.senses import senses_of
from koe_g2p.tagger import Tagger
from koe_g2p.words import Word

_AMOUNT = re.compile(r"(?P<before>[$£€])?(?P<amount>-?[0-9.,]*[0-9][0-9.,]*)(?P<behind>[$£€])?")
_APOSTROPHES = str.maketrans("‘’", "''")
_MAGNITUDES = frozenset("hundred thousand million billion trillion".split())


@frozen
class English:
    """Reads texts in one accent. Safe to share among threads.

    `unknown` says words that neither lexicon nor rules know.
    """

    accent: Accent
    pronouncer: Pronouncer
    quantities: Quantities
    tagger: Tagger
    unknown: Callable[[str], str]

    @classmethod
    def of(cls, accent: Accent, tagger: Tagger, unknown: Callable[[Pronouncer, str], str]) -> "English":
        pronouncer = Pronouncer(Lexicon.of(accent), accent)
        return cls(accent, pronouncer, Quantities(pronouncer), tagger, lambda word: unknown(pronouncer, word))

    def phonemes(self, text: str, words: Sequence[Word]) -> list[str]:
        """The phonemes of each of the words of `text`; given ones as they are."""
        return _Reading(self, text, words).all()


@define
class _Reading:
    """One text on its way."""

    english: English
    text: str
    words: Sequence[Word]
    _lower: list[str] = field(init=False)
    _tags: list[str] = field(init=False)
    _currencies: dict[int, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._lower = [word.text.lower().strip("'‘’.") for word in self.words]
        spans = [Span(word.start, word.end) for word in self.words]
        self._tags = self.english.tagger.tags(self.text, spans)
        self._currencies = dict(filter(None, map(self._currency, range(len(self.words)))))

    def all(self) -> list[str]:
        made: list[str] = []
        context = Context()
        for index in range(len(self.words) - 1, -1, -1):
            word, tag = self.words[index], self._tags[index]
            context = Context() if word.ends_paragraph else context.before_tail(word.tail)
            said = self._say(index, context) if word.given is None else word.given
            context = context.before(said, word.text, tag)
            made.append(said if word.given is not None else said.replace("ɾ", "T").replace("ʔ", "t"))
        return made[::-1]

    def _say(self, index: int, context: Context) -> str:
        tag = self._tags[index]
        for sense in senses_of(self.english.accent).get(self._lower[index], ()):
            if sense.fits(self._lower, tag, index):
                return sense.phonemes
        written = plain(self.words[index].text)
        currency = self._currencies.get(index, "")
        amount = _AMOUNT.fullmatch(written)
        if amount and (amount["before"] or amount["behind"]):
            written = amount["amount"]
        for spelling in dict.fromkeys((written, written.rstrip("."), _without_accents(written))):
            said = Compound(spelling, context).phonemes(
                lambda text, following, leads: self._stretch(text, tag, following, currency, leads=leads)
            )
            if said is not None:
                return said
        return self.english.unknown(written)

    def _stretch(self, text: str, tag: str, context: Context, currency: str, *, leads: bool) -> str | None:
        said = self.english.pronouncer.say(text, tag, context)
        if said is None:
            return self.english.quantities.say(text, currency, leads=leads)
        return self.english.quantities.with_currency(said, currency) if currency else said

    def _currency(self, index: int) -> tuple[int, str] | None:
        """The word that a currency sign is said behind: "$5" itself, or "million" in "$5 million"."""
        amount = _AMOUNT.fullmatch(self.words[index].text)
        sign = amount and (amount["before"] or amount["behind"])
        if not sign:
            return None
        last = len(self.words) - 1
        while index < last and self.words[index].tail == " " and self._lower[index + 1] in _MAGNITUDES:
            index += 1
        return index, sign


def plain(text: str) -> str:
    """The word with straight apostrophes and ASCII digits, compatibility characters taken apart."""
    normal = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return "".join(_digit(character) for character in normal)


def _digit(character: str) -> str:
    return str(unicodedata.digit(character, character)) if character.isdigit() else character


def _without_accents(text: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
