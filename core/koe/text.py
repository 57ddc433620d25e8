"""The plugin `text`: plain text, tags and phonemes as markup, and sentences as segments."""

import re
from collections.abc import Iterable, Iterator

from koe.hooks import Plugin, hookimpl
from koe.phoneme_markup import Phonemes
from koe.stages import MarkupContext, MarkupParser, Normalizer
from koe.tags import Tags
from koe.types import Segment, SpeechRequest, Utterance

# Possessive quantifiers and the look-behind keep the search linear on endless runs of one character.
_END = re.compile(
    r"""(?<![.!?…]) (?P<stop>[.!?…]++) [)\]"'”’»]*+ (?=\s|$)   # Latin sentence ends
      | [。！？]++ [」』”’）]*+                                   # CJK ends need no space
      | \n[^\S\n]*+\n                                          # a blank line always ends a sentence
      | \n (?=[^\S\n]*+(?:[-*•]|\d{1,4}[.)])\s)               # so does a list item
    """,
    re.VERBOSE,
)
_NEXT = re.compile(r"\s*+(?P<next>\S)")
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st mt vs eg ie e.g i.e cf dept est gov hon messrs rev sen sgt approx ca capt col
    cmdr lt maj adm feb apr jun jul aug sep sept oct nov dec ave blvd ph.d m.d b.a m.a bzw z.b d.h
    sr sra srs dra srta ud uds núm pág av
    """.split()
)
_ABBREVIATIONS_BEFORE_NUMBERS = frozenset("no nos fig figs vol vols op p pp ch jan mar art sec par".split())
_LAST_WORD = re.compile(r"(\S+)$")


class PlainText(MarkupParser):
    """The default `markup`: the text is spoken as it stands, nothing in it is interpreted."""

    name = "text"

    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        return Utterance((Segment(request.text, context.voice, context.language),))


class Sentences(Normalizer):
    """Cuts a segment into sentences, by rules on punctuation, abbreviations and blank lines."""

    name = "sentences"

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        start = 0
        for end in (*_boundaries(segment), len(segment.text)):
            left, right = _stripped(segment.text, start, end)
            if left < right:
                yield segment.slice(left, right)
            start = end


def sentence_ends(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where sentences end from `start` on: begin and end of each ending mark, found one at a time.

    Whether a mark ends a sentence depends on the text before it and on the first character behind it that is
    no space; at the end of `text` every full stop does.
    """
    for match in _END.finditer(text, start):
        if match["stop"] == "." and not _ends_sentence(text, match.start("stop"), match.end()):
            continue
        if match["stop"] in {"…", "..."} and _next_is_lower(text, match.end()):
            continue
        yield match.span()


def _boundaries(segment: Segment) -> Iterator[int]:
    return (end for start, end in sentence_ends(segment.text) if not segment.protects(start, end))


def _ends_sentence(text: str, stop: int, after: int) -> bool:
    """Whether the single full stop at `stop` ends a sentence rather than an abbreviation."""
    if _next_is_lower(text, after):
        return False
    word = _LAST_WORD.search(text, max(0, stop - 20), stop)
    if word is None:
        return True
    bare = word[1].lstrip("([\"'“‘«").lower()
    following = _NEXT.match(text, after)
    if following is None:
        return True
    if bare in _ABBREVIATIONS_BEFORE_NUMBERS:
        return not following["next"].isdigit()
    is_initial = len(bare) == 1 and bare.isalpha() and bare != "i"
    return not is_initial and bare not in _ABBREVIATIONS


def _next_is_lower(text: str, position: int) -> bool:
    following = _NEXT.match(text, position)
    return following is not None and following["next"].islower()


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


class TextPlugin(Plugin):
    """Registers the markups `text`, `tags` and `phonemes`, and the normalizer `sentences`."""

    @hookimpl
    def register_markup_parsers(self) -> Iterable[MarkupParser]:
        return [PlainText(), Tags(), Phonemes()]

    @hookimpl
    def register_normalizers(self) -> Iterable[Normalizer]:
        return [Sentences()]
