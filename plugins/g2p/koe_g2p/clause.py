"""What the rule tagger sees around a word."""

from collections.abc import Sequence

from attrs import define, field

from koe_g2p import closed_class as known

_NOT_NOUN_ENDINGS = ("ly", "ed")
_PLURALS = frozenset("people men women children police cattle parents".split())
END = ""
_REACH = 40
"""How many words away matter at most: sentences may be without end."""


@define
class Clause:
    """The words of a text in lower case, the marks before them, and the tags found so far.

    `marks[i]` is the punctuation between the words i-1 and i: "" for none, "," for a pause inside a
    sentence, "." for an end; beyond the text it is ".".
    """

    written: Sequence[str]
    marks: Sequence[str]
    lower: list[str] = field(init=False)
    tags: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.lower = [word.lower().replace("’", "'").replace("‘", "'") for word in self.written]

    def starts(self, index: int) -> bool:
        """Whether a sentence starts here."""
        return index == 0 or self.marks[index] == "."

    def before(self, index: int, distance: int = 1) -> str:
        """The word so far before this one, with no punctuation in between."""
        for place in range(index, index - distance, -1):
            if place <= 0 or self.marks[place]:
                return END
        return self.lower[index - distance]

    def after(self, index: int, distance: int = 1) -> str:
        """The word so far behind this one, with no punctuation in between."""
        for place in range(index + 1, index + distance + 1):
            if place >= len(self.lower) or self.marks[place]:
                return END
        return self.lower[index + distance]

    def tag_before(self, index: int, distance: int = 1) -> str:
        return self.tags[index - distance] if self.before(index, distance) else END

    def governor(self, index: int) -> int | None:
        """The nearest word before this one but adverbs and "we all"; None where a clause starts."""
        place = index
        while self.before(place) and index - place < _REACH:
            place -= 1
            among = self.lower[place] in {"all", "both"} and self.tag_before(place) == "PRP"
            if self.tags[place] != "RB" and not among:
                return place
        return None

    def sentence(self, index: int) -> tuple[int, int]:
        """Where the sentence of this word starts and ends; no farther away than `_REACH`."""
        start = index
        while not self.starts(start) and index - start < _REACH:
            start -= 1
        end = index + 1
        while end < len(self.lower) and self.marks[end] != "." and end - index < _REACH:
            end += 1
        return start, end

    def has_verb(self, index: int) -> bool:
        """Whether the clause has a verb before this word."""
        place = index
        while self.before(place) and index - place < _REACH:
            place -= 1
            if self.tags[place] in {"VB", "VBD", "VBP", "VBZ", "MD"}:
                return True
            if self.tags[place] in {"CC", "WP", "WDT", "WRB"} or self.lower[place] in {
                "that",
                "if",
                "because",
            }:
                return False
        return False

    def is_noun(self, index: int) -> bool:
        """Whether the word behind this one looks like a noun that this one could describe."""
        word = self.after(index)
        if not word or not word[0].isalpha() or word in known.FUNCTION_WORDS or "'" in word:
            return False
        if word in known.BE | known.HAVE | known.DO | known.PAST_VERBS | known.SEEM:
            return False
        return not word.endswith(_NOT_NOUN_ENDINGS) or word in {"family", "reply", "bed", "speed", "seed"}

    def opens_object(self, index: int) -> bool:
        """Whether what follows could be the object of a verb: "the …", "your …", "it"."""
        word = self.after(index)
        tag = known.FUNCTION_WORDS.get(word, "")
        return tag in {"DT", "PRP$", "CD"} or word in known.OBJECTS or word[:1].isdigit()

    def is_plural(self, index: int) -> bool:
        """Whether this noun looks like a plural, or is the last of several."""
        word = self.lower[index]
        if self.tag_before(index) == "CC" and self.tag_before(index, 2).startswith("NN"):
            return True
        return word in _PLURALS or (self.tags[index] in {"NNS", "NNPS"} and not word.endswith("ss"))
