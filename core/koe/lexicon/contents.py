"""What one source of entries says: a file, the config or a request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import evolve, field, frozen

from koe.lexicon.entries import LexiconEntry, entry_of
from koe.lexicon.matching import Held, Origin
from koe.lexicon.words import written
from koe.problems import MOST_PROBLEMS, Problem
from koe.wording import shown

Path: TypeAlias = tuple[str | int, ...]
OriginOf: TypeAlias = Callable[[Path], Origin]


@frozen
class Tables:
    """What a TOML file of entries says.

    Attributes:
        language: BCP 47 tag of the texts it is for; empty for all. Entries may name their own.
        words: how words are spoken: in other letters, or as IPA between slashes.
        entries: the same with conditions.
    """

    language: str = ""
    words: Mapping[str, str] = field(factory=dict)
    entries: tuple[LexiconEntry, ...] = ()


@frozen(eq=False)
class Contents:
    """Entries in the order in which they are tried; `left_out` says which ones cannot be used, and why."""

    held: tuple[Held, ...] = ()
    left_out: tuple[str, ...] = ()


class LexiconFileError(Exception):
    """A file that cannot be used. Each of `problems` names file and line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def entries_of(tables: Tables, origin_of: OriginOf) -> tuple[Contents, list[Problem]]:
    """The entries of `tables`, and what is wrong with the others; `origin_of` knows where a path stands."""
    placed: list[tuple[Path, LexiconEntry]] = [
        (("entries", index), entry) for index, entry in enumerate(tables.entries)
    ]
    problems: list[Problem] = []
    for word, value in tables.words.items():
        try:
            placed.append((("words", word), entry_of(word, value)))
        except ValueError as error:
            problems.append(Problem(("words", word), f"{error}, given {shown(value)}"))
    localised = [(path, in_language(entry, tables.language)) for path, entry in placed]
    problems.extend(_mistakes(localised, origin_of))
    held = tuple(Held(entry, origin_of(path)) for path, entry in localised)
    if len(problems) > MOST_PROBLEMS:
        more = Problem((), f"{len(problems) - MOST_PROBLEMS} more mistakes")
        problems = [*problems[:MOST_PROBLEMS], more]
    return Contents(in_order(held)), problems


def in_language(entry: LexiconEntry, language: str) -> LexiconEntry:
    """The entry, for `language` where it names none."""
    return evolve(entry, language=language) if language and not entry.language else entry


def in_order(held: Sequence[Held]) -> tuple[Held, ...]:
    """Those with the stricter conditions first, so that nothing hides them."""
    return tuple(sorted(held, key=lambda one: (not one.entry.part_of_speech, one.entry.case != "exact")))


def _mistakes(placed: Iterable[tuple[Path, LexiconEntry]], origin_of: OriginOf) -> Iterator[Problem]:
    first: dict[object, Path] = {}
    for path, entry in placed:
        if entry.part_of_speech and not entry.language:
            yield Problem((*path, "part_of_speech"), 'needs a language, its own or the file\'s, such as "en"')
        same = first.setdefault(_identity(entry), path)
        if same is not path:
            yield Problem(
                path, f"{shown(entry.word)} stands already at {origin_of(same)}; remove one of them"
            )


def _identity(entry: LexiconEntry) -> object:
    """Equal for entries of which only the first could ever be found."""
    word: object = entry.word
    if entry.case == "ignore":
        word = written(entry.word).casefold()
    return word, entry.language.lower(), entry.case, entry.tags
