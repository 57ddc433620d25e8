"""Verbs whose tense is heard and not seen: "read", "wound", "used"."""

from koe_g2p import closed_class as known
from koe_g2p.clause import Clause

_PARTICLES = frozenset(
    "up down around round through along back its his her their my our your about itself the it".split()
)
_PLURAL_DETERMINERS = frozenset("all both these those".split())
_HABITS = frozenset("always often usually never sometimes every daily regularly rarely seldom".split())


def read_tag(clause: Clause, index: int) -> str:
    """VBD and VBN rhyme with "red", VB and NN with "reed"."""
    place = clause.governor(index)
    if place is None or clause.lower[place] in {"so", "then"}:
        return "VBD" if _about_the_past(clause, index) and not clause.opens_object(index) else "VB"
    word, tag = clause.lower[place], clause.tags[place]
    if word in known.HAVE | known.PASSIVES or _had(clause, place):
        return "VBN"
    if _wants_infinitive(clause, place):
        return "VB"
    if tag in {"DT", "PRP$", "JJ"} and word not in _PLURAL_DETERMINERS:
        return "NN"
    same_in_past = word in known.SUBJECTS or tag == "CC" or (tag.startswith("NN") and clause.is_plural(place))
    return "VB" if same_in_past and not _about_the_past(clause, index) else "VBD"


def wound_tag(clause: Clause, index: int) -> str:
    """VBD and VBN are of "wind", NN and VB are injuries."""
    place = clause.governor(index)
    if place is None:
        return "NN"
    word, tag = clause.lower[place], clause.tags[place]
    following = clause.after(index)
    if word in known.HAVE | known.PASSIVES:
        return "VBN"
    if tag in {"TO", "MD"} or word in known.DO:
        return "VB"
    subject = tag == "PRP" or tag.startswith("NN") or tag in {"WDT", "WP"}
    return "VBD" if subject and following in _PARTICLES else "NN"


def used_tag(clause: Clause, index: int) -> str:
    """Whether "used to" is a habit (VBD, JJ) or a use (VBN)."""
    place = clause.governor(index)
    governor = "" if place is None else clause.lower[place]
    if governor in known.BE | known.HAVE:
        thing = clause.after(index, 2)
        verb = thing in known.VERBS or thing in known.BE or thing in known.HAVE
        return "VBN" if verb or clause.after(index) != "to" else "JJ"
    if governor in known.GET | known.SEEM:
        return "JJ"
    return "VBD"


def _wants_infinitive(clause: Clause, place: int) -> bool:
    """Whether the word at `place` governs an infinitive: "to", "will", "did you", "let him", "see and"."""
    word, tag = clause.lower[place], clause.tags[place]
    if tag in {"TO", "MD"} or word in known.DO or word in {"please", "let's"}:
        return True
    if tag == "CC" and place > 0 and clause.tags[place - 1] in {"VB", "VBP"}:
        return True
    return _asked(clause, place) or (word in known.OBJECTS and clause.before(place) in known.LET)


def _asked(clause: Clause, place: int) -> bool:
    """Whether the word at `place` is the subject of a question: "did you", "will they"."""
    asking = clause.before(place)
    return asking in known.DO or clause.tag_before(place) == "MD"


def _had(clause: Clause, place: int) -> bool:
    """Whether the word at `place` stands between "have" and its participle: "have you"."""
    return clause.before(place) in known.HAVE and clause.tags[place] == "PRP"


def _about_the_past(clause: Clause, index: int) -> bool:
    """Whether the rest of the sentence, or the one before it, is told in the past."""
    start, end = clause.sentence(index)
    words = clause.lower[start:end]
    if _HABITS.intersection(words):
        return False
    told = known.PAST_CUES | known.PAST_VERBS
    return any(word in told or (word.endswith("ed") and len(word) > 4) for word in words)  # noqa: PLR2004
