"""The built-in tagger: closed classes, endings, and rules about the neighbours."""

from collections.abc import Callable, Sequence

from koe.api import Span

from koe_g2p import closed_class as known
from koe_g2p.clause import Clause
from koe_g2p.tagger import Tagger
from koe_g2p.tenses import read_tag, used_tag, wound_tag

_ADJECTIVE_ENDINGS = ("ous", "ful", "ive", "able", "ible", "less", "ish", "ical", "ual", "ional", "est")
_NOUN_TO = frozenset(
    """according access addicted attention close closer contribution damage due objection objections opposed
    prior related response similar subject thanks next listen listened listening return""".split()
)
_PRONOUN_DETERMINERS = frozenset("this that these those all both each some half".split())
_VERBS = (known.VERBS | known.TWO_FACED | {"dove"}) - {"minute"}
_RARELY_BEFORE_NOUNS = frozenset({"content", "minute"})
_DEGREES = frozenset("so very too quite extremely almost truly rather incredibly".split())
_ENDS = ".!?…"
_PAUSES = ',;:—–()"“”'


class RuleTagger(Tagger):
    """Rules in order; the first one that knows decides."""

    def tags(self, text: str, words: Sequence[Span]) -> list[str]:
        written = [text[word.start : word.end].strip("'‘’") or "'" for word in words]
        ends = [0, *(word.end for word in words)]
        marks = [_mark(text[end : word.start]) for end, word in zip(ends, words, strict=False)]
        clause = Clause(written, marks)
        for index in range(len(written)):
            clause.tags.append(_tag(clause, index))
        return clause.tags


def _mark(between: str) -> str:
    if any(mark in between for mark in _ENDS) or between.count("\n") > 1:
        return "."
    return "," if any(mark in between for mark in _PAUSES) else ""


def _tag(clause: Clause, index: int) -> str:
    word, lower = clause.written[index], clause.lower[index]
    if lower[0].isdigit() or lower[0] in "$£€":
        return "CD"
    if lower in _PARTICULAR:
        return _PARTICULAR[lower](clause, index)
    if lower in known.FUNCTION_WORDS:
        return known.FUNCTION_WORDS[lower]
    if _is_name(clause, index):
        return "NNP"
    if lower in known.BE or lower in known.HAVE or lower in known.DO:
        return _auxiliary(lower)
    return _verb(clause, index) or _adjective(clause, index) or _by_form(clause, index, word)


def _is_name(clause: Clause, index: int) -> bool:
    word = clause.written[index]
    if not word[0].isupper() or clause.starts(index):
        return False
    loud = [other.isupper() for other in clause.written[max(0, index - 1) : index + 2] if len(other) > 1]
    return not (word.isupper() and len(loud) > 1 and all(loud))


def _auxiliary(lower: str) -> str:
    if lower in {"been", "done"}:
        return "VBN"
    if lower.endswith("ing"):
        return "VBG"
    if lower in {"was", "were", "did", "had", "wasn't", "weren't", "didn't", "hadn't"}:
        return "VBD"
    if lower == "be":
        return "VB"
    return "VBZ" if lower.endswith(("s", "s't", "sn't", "'s")) else "VBP"


def _verb(clause: Clause, index: int) -> str | None:
    """The tag of a verb where the neighbours ask for one."""
    if clause.lower[index].endswith(("ing", "ed")):
        return None
    for rule in (_infinitive, _behind_its_subject, _after_pronoun, _imperative, _coordinated, _after_noun):
        tag = rule(clause, index)
        if tag is not None:
            return tag
    return None


def _infinitive(clause: Clause, index: int) -> str | None:
    """Behind "to", "will", "please"."""
    place, plural = clause.governor(index), _is_plural_form(clause.lower[index])
    if clause.before(index) == "please":
        return "VB"
    if place is None:
        return None
    word, tag = clause.lower[place], clause.tags[place]
    if tag == "TO":
        return None if plural or clause.before(place) in _NOUN_TO else "VB"
    return "VB" if tag == "MD" or (word in known.DO and not plural) else None


def _behind_its_subject(clause: Clause, index: int) -> str | None:
    """In questions, "did they", "will the company", and behind "let him"."""
    place = clause.governor(index)
    if place is None or clause.tags[place] not in {"PRP", "NN", "NNS", "NNP"}:
        return None
    asked = clause.governor(place)
    if asked is not None and clause.tags[place] != "PRP" and clause.tags[asked] in {"DT", "PRP$"}:
        asked = clause.governor(asked)
    if asked is None:
        return None
    asking = clause.tags[asked] == "MD" or clause.lower[asked] in known.DO
    first = not clause.before(asked) or clause.tags[asked - 1] in {"WRB", "WP", "CC"}
    made = clause.lower[asked] in known.LET and clause.lower[place] in known.OBJECTS
    return "VB" if made or (asking and first) else None


def _after_pronoun(clause: Clause, index: int) -> str | None:
    """Behind "they", "who", "she"."""
    place, lower = clause.governor(index), clause.lower[index]
    if place is None or lower in known.ADJECTIVES:
        return None
    subject, plural = clause.lower[place], _is_plural_form(lower)
    if subject in known.SUBJECTS and not plural:
        return "VBD" if lower in known.PAST_VERBS or lower == "dove" else "VBP"
    if subject in known.SINGULAR_SUBJECTS - _PRONOUN_DETERMINERS:
        other = "VBP" if subject == "which" else "VBD" if _is_past(lower) else None
        return "VBZ" if plural else other
    points = subject in {"that", "this"} and place == index - 1
    return "VBZ" if points and plural and clause.opens_object(index) else None


def _imperative(clause: Clause, index: int) -> str | None:
    """At the start of a sentence or behind a comma, with an object behind it."""
    first = clause.starts(index) or (clause.marks[index] == "," and not clause.has_verb(index))
    lower = clause.lower[index]
    if not first or not _may_be_verb(lower) or _is_plural_form(lower):
        return None
    return "VB" if clause.opens_object(index) or clause.after(index) in {"up", "down", "away"} else None


def _coordinated(clause: Clause, index: int) -> str | None:
    """Behind "and" with a verb before it: "to cut and separate"."""
    lower = clause.lower[index]
    if clause.tag_before(index) != "CC" or not _may_be_verb(lower):
        return None
    place = index - 2
    while place >= 0 and index - place < 8 and clause.marks[place + 1] != ".":  # noqa: PLR2004
        tag = clause.tags[place]
        if tag in {"VB", "VBP"} and clause.opens_object(index):
            return tag
        if tag in {"VB", "VBP"} and place == index - 2:
            return tag
        if tag == "VBZ" and _is_plural_form(lower) and clause.opens_object(index):
            return tag
        place -= 1
    return None


def _after_noun(clause: Clause, index: int) -> str | None:
    """Behind a noun that could be its subject."""
    place = clause.governor(index)
    lower, following = clause.lower[index], clause.after(index)
    if place is None or clause.tags[place] not in {"NN", "NNS", "NNP", "NNPS"} or not _may_be_verb(lower):
        return None
    if clause.has_verb(index):
        return None
    tag = known.FUNCTION_WORDS.get(following, "")
    object_follows = clause.opens_object(index) or tag in {"TO", "RB", "PRP"} or following.endswith("ly")
    if clause.is_plural(place) and not _is_plural_form(lower):
        blocked = following in known.BE | known.HAVE | known.DO or tag == "MD" or _is_past(following)
        return None if blocked else "VBP"
    if _is_plural_form(lower) and not clause.is_plural(place):
        return "VBZ" if object_follows or tag in {"IN", "WRB"} or not following else None
    if lower == "dove" and (tag in {"IN", "RB"} or not following):
        return "VBD"
    return None


def _adjective(clause: Clause, index: int) -> str | None:
    """The tag of a word that is an adjective as well, where the neighbours ask for that."""
    lower = clause.lower[index]
    if lower in known.ADJECTIVES:
        return "JJ"
    if lower not in known.TWO_FACED:
        return None
    if lower in _RARELY_BEFORE_NOUNS:
        follows = lower == "content" and clause.after(index) in {"to", "with"}
        return "JJ" if follows or _is_predicate(clause, index) else "NN"
    if clause.is_noun(index) or clause.after(index) in {"to", "with"} or _is_predicate(clause, index):
        return "JJ"
    tag = clause.tag_before(index)
    noun = tag in {"DT", "PRP$", "CD", "IN", "JJ", "POS"} or (tag.startswith("NN") and lower != "live")
    return "NN" if noun or (lower == "close" and clause.after(index) == "of") else "JJ"


def _is_predicate(clause: Clause, index: int) -> bool:
    """Whether it is said of something: "is …", "so …"."""
    place = clause.governor(index)
    governor = "" if place is None else clause.lower[place]
    return governor in known.BE | known.SEEM or clause.before(index) in _DEGREES


def _by_form(clause: Clause, index: int, word: str) -> str:
    """The tag that the word's form and the word before it suggest."""
    lower = word.lower()
    if lower in known.PARTICIPLES or lower.endswith("ed"):
        place = clause.governor(index)
        perfect = place is not None and clause.lower[place] in known.PASSIVES | known.HAVE
        return "VBN" if perfect or lower in known.PARTICIPLES else "VBD"
    if lower in known.PAST_VERBS:
        return "VBD"
    if lower.endswith("ly"):
        return "RB"
    if lower.endswith("ing"):
        return "VBG"
    if lower.endswith(_ADJECTIVE_ENDINGS):
        return "JJ"
    return "NNS" if _is_plural_form(lower) else "NN"


def _is_plural_form(lower: str) -> bool:
    return lower.endswith("s") and not lower.endswith(("ss", "us", "is"))


def _is_past(lower: str) -> bool:
    return lower in known.PAST_VERBS or lower in {"dove", "wound"} or lower.endswith("ed")


def _may_be_verb(lower: str) -> bool:
    stems = {lower, lower.removesuffix("s"), lower.removesuffix("es"), lower.removesuffix("ies") + "y"}
    return bool(stems & _VERBS)


def _that(clause: Clause, index: int) -> str:
    following = clause.after(index)
    points = clause.starts(index) or known.FUNCTION_WORDS.get(clause.before(index)) == "IN"
    tag = known.FUNCTION_WORDS.get(following, "")
    return "DT" if points and tag not in {"DT", "PRP", "PRP$"} else "IN"


def _a(clause: Clause, index: int) -> str:
    letter = clause.written[index] == "A" and not clause.starts(index)
    return "NN" if (letter and not clause.is_noun(index)) or not clause.after(index) else "DT"


def _her(clause: Clause, index: int) -> str:
    return "PRP$" if clause.is_noun(index) else "PRP"


def _adverbial(clause: Clause, index: int) -> str:
    """Prepositions with nothing behind them: "passed by", "come in"."""
    return "IN" if clause.after(index) else "RB"


_PARTICULAR: dict[str, Callable[[Clause, int], str]] = {
    "a": _a,
    "by": _adverbial,
    "her": _her,
    "in": _adverbial,
    "read": read_tag,
    "reread": read_tag,
    "that": _that,
    "used": used_tag,
    "vs": lambda clause, index: "IN",  # noqa: ARG005
    "wound": wound_tag,
}
