"""Function words whose sound depends on what they are and what follows them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from attrs import frozen

from koe_g2p.context import Context, Sound
from koe_g2p.stress import Emphasis


@frozen
class Occurrence:
    """A word where it stands. `tag` is of the Penn Treebank."""

    word: str
    tag: str
    emphasis: Emphasis
    context: Context

    @property
    def is_noun(self) -> bool:
        return self.tag.startswith("NN")


def _am(here: Occurrence) -> str | None:
    weak = here.word == "am" and here.context.sound is not Sound.PAUSE and here.emphasis is Emphasis.AS_IS
    return "ɐm" if weak and not here.is_noun else None


def _an(here: Occurrence) -> str | None:
    return None if here.word == "AN" and here.is_noun else "ɐn"


def _in(here: Occurrence) -> str | None:
    if here.word == "IN" and here.tag == "NNP":
        return None
    return "ˈɪn" if here.context.sound is Sound.PAUSE or here.tag != "IN" else "ɪn"


def _the(here: Occurrence) -> str | None:
    if here.word == "THE" and here.tag != "DT":
        return None
    return "ði" if here.context.sound is Sound.VOWEL else "ðə"


def _to(here: Occurrence) -> str | None:
    if here.word == "TO" and here.tag not in {"TO", "IN"}:
        return None
    return {Sound.PAUSE: None, Sound.CONSONANT: "tə", Sound.VOWEL: "tʊ"}[here.context.sound]


_FORMS: Mapping[str, Callable[[Occurrence], str | None]] = MappingProxyType(
    {
        "a": lambda here: "ɐ" if here.tag == "DT" else "ˈA",
        "am": _am,
        "an": _an,
        "by": lambda here: "bˈI" if here.tag.startswith("RB") else None,
        "i": lambda here: "ˌI" if here.word == "I" and here.tag == "PRP" else None,
        "in": _in,
        "the": _the,
        "to": _to,
    }
)


def weak_form(here: Occurrence) -> str | None:
    """The phonemes of a function word here; None where the lexicon's are right."""
    form = _FORMS.get(here.word.lower())
    return None if form is None else form(here)
