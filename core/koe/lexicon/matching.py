"""Finds the words of a lexicon in texts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple, TypeAlias

from attrs import define, field, frozen

from koe.alignment import Span
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.words import Addresses, Token, is_address, tokens, whole_end, written

_SIBILANTS = frozenset("szʃʒʧʤʂʐɕʑʦʣ")
_VOICELESS = frozenset("ptkfθTq")


@frozen
class Origin:
    """Where an entry stands: a file and its line, or a key of the config."""

    source: str
    line: int | None = None

    @property
    def shown(self) -> str:
        """For clients: a file by its name alone."""
        return self.source if self.line is None else f"{PurePath(self.source).name}, line {self.line}"

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"


class Held(NamedTuple):
    """An entry and where it stands."""

    entry: LexiconEntry
    origin: Origin


@frozen
class Hit:
    """An entry found in a text; `possessive` is an English 's behind its word, which `span` covers."""

    span: Span
    entry: LexiconEntry
    origin: Origin
    possessive: str = ""

    @property
    def ipa(self) -> str:
        """The sounds of all of `span`; empty where the entry has none."""
        sounds = self.entry.sounds
        return sounds + _possessive_sound(sounds) if sounds and self.possessive else sounds

    @property
    def say(self) -> str:
        """Other letters for all of `span`; empty where the entry has none."""
        said = " ".join(self.entry.say.split())
        return said + self.possessive if said else ""


TagOf: TypeAlias = Callable[[Span], str]
"""The Penn tag of the word at a place; empty where it is not known."""


def _no_tag(_span: Span) -> str:
    return ""


def _free(_start: int, _end: int) -> bool:
    return False


@define(eq=False)
class _Node:
    """A place in the tree of all words, token by token."""

    children: "dict[str, _Node] | None" = None
    held: tuple[Held, ...] = ()

    def child(self, key: str) -> "_Node":
        if self.children is None:
            self.children = {}
        return self.children.setdefault(key, _Node())


@frozen(eq=False)
class Lexicon:
    """Entries that are found together: the longest word wins, then the entry that comes first.

    Never changed once it is made, and safe to share among threads.
    """

    all: tuple[Held, ...] = ()
    _root: _Node = field(init=False, repr=False, factory=_Node)

    def __attrs_post_init__(self) -> None:
        for held in self.all:
            node = self._root
            for index, token in enumerate(tokens(held.entry.word)):
                node = node.child(token.gap + token.key if index else token.key)
            node.held = (*node.held, held)

    @classmethod
    def of(cls, entries: Iterable[tuple[LexiconEntry, Origin]]) -> "Lexicon":
        return cls(tuple(Held(entry, origin) for entry, origin in entries))

    def __bool__(self) -> bool:
        return bool(self.all)

    def find(
        self,
        text: str,
        language: str,
        protects: Callable[[int, int], bool] = _free,
        tag_of: TagOf = _no_tag,
    ) -> Iterator[Hit]:
        """The places of its words in a text of `language`, in order and without overlaps.

        Linear in the length of the text. `protects` says which stretches are not to be touched.
        """
        found, index = tokens(text), 0
        search = _Search(text, language, protects, tag_of, Addresses(text))
        known = self._root.children or {}
        while index < len(found):
            node = known.get(found[index].key)
            hit = search.longest(found, index, node) if node is not None else None
            if hit is None:
                index += 1
                continue
            yield hit
            while index < len(found) and found[index].start < hit.span.end:
                index += 1


@frozen
class _Search:
    """One text."""

    text: str
    language: str
    protects: Callable[[int, int], bool]
    tag_of: TagOf
    addresses: Addresses

    def longest(self, found: Sequence[Token], index: int, node: _Node) -> Hit | None:
        """The hit with the most words that begins with `found[index]`, whose node is `node`."""
        ends: list[tuple[int, _Node]] = []
        following: _Node | None = node
        last = index
        while following is not None:
            if following.held:
                ends.append((found[last].end, following))
            last += 1
            if last == len(found) or following.children is None:
                break
            following = following.children.get(found[last].gap + found[last].key)
        for end, candidate in reversed(ends):
            hit = self._hit(found[index].start, end, candidate.held)
            if hit is not None:
                return hit
        return None

    def _hit(self, start: int, end: int, candidates: Sequence[Held]) -> Hit | None:
        whole = whole_end(self.text, start, end, self.language)
        if whole is None or self.protects(start, whole):
            return None
        span = Span(start, end)
        for entry, origin in candidates:
            if self._fits(entry, span):
                return Hit(Span(start, whole), entry, origin, self.text[end:whole])
        return None

    def _fits(self, entry: LexiconEntry, span: Span) -> bool:
        if not entry.is_for(self.language):
            return False
        if entry.case == "exact" and written(self.text[span.start : span.end]) != written(entry.word):
            return False
        if self.addresses.touch(span) and not is_address(entry.word):
            return False
        return not entry.part_of_speech or self.tag_of(span) in entry.tags


def _possessive_sound(sounds: str) -> str:
    """How an English 's sounds behind these."""
    last = sounds.rstrip("ːˈˌ. ")[-1:]
    if last in _SIBILANTS:
        return "ɪz"
    return "s" if last in _VOICELESS else "z"
