"""How one English word is said: misaki's rules over its lexicon.

Kokoro was trained on what these rules make, so they are followed even where one would like another sound:
stress, weak forms and endings are the spelling that the model has learnt.
"""

from collections.abc import Iterator

from koe_g2p.context import Context, Sound
from koe_g2p.endings import Endings
from koe_g2p.lexicon import Accent, Entry, Lexicon
from koe_g2p.stems import ENDINGS, stems
from koe_g2p.stress import PRIMARY, SECONDARY, Emphasis
from koe_g2p.weak_forms import Occurrence, weak_form

SYMBOLS = {"%": "percent", "&": "and", "+": "plus", "@": "at"}
_PARENTS = {"VB": "VERB", "NN": "NOUN", "RB": "ADV", "JJ": "ADJ"}
_LONGEST_INITIALS = 7  # longer names in capital letters are words
_LONGEST_INITIAL = 2  # "Ph.D" is spelt, "example.com" is not
_ANYWHERE = Context(Sound.CONSONANT)


class Pronouncer:
    """Words to phonemes in one accent. Safe to share among threads."""

    def __init__(self, lexicon: Lexicon, accent: Accent) -> None:
        self._lexicon = lexicon
        self._endings = Endings(accent)

    def say(self, word: str, tag: str = "", context: Context = _ANYWHERE) -> str | None:
        """The phonemes of a word of letters and apostrophes, or of one symbol; None where it is unknown."""
        here = Occurrence(word, tag, _emphasis_of(word), context)
        special = self._special(here)
        if special is not None:
            return special
        word = self._folded(here)
        here = Occurrence(word, tag, here.emphasis, context)
        for written in _spellings(word):
            if self._knows(written):
                return self._look_up(written, here)
        return next(self._inflected(word, here), None)

    def spell(self, word: str) -> str | None:
        """The names of the letters, the last one stressed; None where one has no name."""
        entries = [self._lexicon.gold(letter.upper()) for letter in word if letter.isalpha()]
        names = [entry.default for entry in entries if entry is not None and entry.default]
        if not names or len(names) < len(entries):
            return None
        joined = "".join(names)
        lowered = (Emphasis.LOWERED if PRIMARY in joined else Emphasis.MARKED).apply(joined)
        return PRIMARY.join(lowered.rsplit(SECONDARY, 1))

    def plural(self, word: str) -> str | None:
        """The phonemes of a word of the lexicon with an s at its end."""
        return self._endings.s(self.say(word))

    def ended(self, phonemes: str, ending: str) -> str | None:
        """The phonemes with `s`, `ed` or `ing` behind them."""
        add = {"s": self._endings.s, "ed": self._endings.ed, "ing": self._endings.ing}[ending]
        return add(phonemes)

    def _knows(self, word: str) -> bool:
        """Whether the lexicon has the word, or it is one that is spelt."""
        if self._has(word):
            return True
        if not (word.isascii() and word.isalpha()):
            return False
        return len(word) == 1 or word[1:].isupper()

    def _has(self, word: str) -> bool:
        return self._lexicon.gold(word) is not None or self._lexicon.silver(word) is not None

    def _look_up(self, word: str, here: Occurrence) -> str | None:
        """What the lexicon has for the word as it is used here; words in capitals that it lacks are spelt."""
        entry, is_name = self._lexicon.gold(word), False
        if entry is None and word == word.upper():
            word, is_name = word.lower(), here.tag == "NNP"
            entry = self._lexicon.gold(word)
        if entry is None and not is_name:
            entry = self._lexicon.silver(word)
        phonemes = None if entry is None else _reading(entry, here)
        if phonemes is None or (is_name and PRIMARY not in phonemes):
            return self.spell(word) or phonemes
        return here.emphasis.apply(phonemes)

    def _folded(self, here: Occurrence) -> str:
        """The word in lower case where its capitals only emphasise it."""
        word, lower = here.word, here.word.lower()
        letters = len(word) > 1 and word != lower and word.replace("'", "").isalpha()
        if not letters or (here.tag == "NNP" and len(word) <= _LONGEST_INITIALS) or self._has(word):
            return word
        if word != word.upper() and word[1:] != word[1:].lower():
            return word
        known = self._has(lower) or next(self._inflected(lower, here), None) is not None
        return lower if known else word

    def _inflected(self, word: str, here: Occurrence) -> Iterator[str]:
        """The word as a known stem with an ending, in each way that gives phonemes."""
        for ending in ENDINGS:
            stem = next(filter(self._knows, stems(word, ending)), None)
            if stem is None:
                continue
            marked = ending == "ing" and here.emphasis is Emphasis.AS_IS
            emphasis = Emphasis.MARKED if marked else here.emphasis
            phonemes = self._look_up(stem, Occurrence(stem, here.tag, emphasis, here.context))
            said = self.ended(phonemes, ending) if phonemes else None
            if said is not None:
                yield said

    def _special(self, here: Occurrence) -> str | None:
        plain = Occurrence(here.word, "", Emphasis.AS_IS, here.context)
        if here.word in SYMBOLS:
            return self._look_up(SYMBOLS[here.word], plain)
        if _is_initials(here.word):
            return self.spell(here.word)
        match here.word.lower().removesuffix("."):
            case "vs" if here.tag == "IN":
                return self._look_up("versus", plain)
            case "am" | "an" if here.is_noun and here.word != "an":
                return self.spell(here.word)
            case "used":
                accustomed = here.tag in {"VBD", "JJ"} and here.context.to
                return self._look_up("used", Occurrence("used", "VBD" if accustomed else "", *_PLAIN))
        return weak_form(here)


_PLAIN = (Emphasis.AS_IS, _ANYWHERE)


def _emphasis_of(word: str) -> Emphasis:
    if word == word.lower():
        return Emphasis.AS_IS
    return Emphasis.RAISED if word == word.upper() else Emphasis.MARKED


def _reading(entry: Entry, here: Occurrence) -> str | None:
    readings = entry.by_tag
    if here.context.sound is Sound.PAUSE and "None" in readings:
        return readings["None"]
    for tag in (here.tag, _PARENTS.get(here.tag[:2], here.tag)):
        if tag in readings:
            return readings[tag]
    return entry.default


def _is_initials(word: str) -> bool:
    """Whether it is of the kind of "U.S" and "e.g."."""
    if "." not in word.strip(".") or not word.replace(".", "").isalpha():
        return False
    return max(map(len, word.split("."))) <= _LONGEST_INITIAL


def _spellings(word: str) -> Iterator[str]:
    """The word, and what it is without the apostrophe of a plural or a quotation."""
    yield word
    if word.endswith("s'"):
        yield word[:-2] + "'s"
    if word.endswith("'"):
        yield word[:-1]
