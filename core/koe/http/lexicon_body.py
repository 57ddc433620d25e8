"""The field `lexicon` of request bodies: how words are spoken, for one request."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from msgspec import Meta

from koe.errors import InvalidRequestError
from koe.lexicon.contents import Tables, entries_of
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.matching import Origin
from koe.problems import Problem, shortened
from koe.requests import MAX_REQUEST_ENTRIES

FIELD = "lexicon"

LexiconField: TypeAlias = Annotated[
    Mapping[str, str] | Sequence[LexiconEntry] | None,
    Meta(
        description="How words are spoken, for this request only: words with other letters or with IPA "
        f"between slashes, or a list of entries with conditions; up to {MAX_REQUEST_ENTRIES}.",
        examples=[{"nginx": "engine ex", "Łódź": "/wˈuʧ/"}],
    ),
]


def check_size(fields: Mapping[str, object]) -> None:
    """Refuse more entries than a request may have, before any of them is looked at."""
    given = fields.get(FIELD)
    if isinstance(given, Mapping | list) and len(given) > MAX_REQUEST_ENTRIES:
        raise InvalidRequestError(
            f"{FIELD} has {len(given)} entries; the limit is {MAX_REQUEST_ENTRIES}. Send those that the text "
            f"needs, or let an operator put them into a file of lexicon.files",
            param=FIELD,
        )


def request_entries(given: Mapping[str, str] | Sequence[LexiconEntry] | None) -> tuple[LexiconEntry, ...]:
    """The entries behind the field. Raises `InvalidRequestError` with all that is wrong with them."""
    if not given:
        return ()
    tables = Tables(words=given) if isinstance(given, Mapping) else Tables(entries=tuple(given))
    contents, problems = entries_of(tables, lambda path: Origin(_placed(Problem(path, "")).where))
    if problems:
        placed = [_placed(problem) for problem in problems]
        raise InvalidRequestError("; ".join(map(str, placed)), param=placed[0].where)
    return tuple(held.entry for held in contents.held)


def _placed(problem: Problem) -> Problem:
    """The problem under the body's field instead of the tables of a file; endless words are cut."""
    return shortened(Problem((FIELD, *problem.path[1:]), problem.message))
