"""Guesses what was meant by a name that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 64
"""Longer words are no slips of the pen, and comparing them would cost quadratic time."""


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The names of `known` spelt like `word`, the nearest first. Case is ignored, `-` equals `_`."""
    if len(word) > _LONGEST:
        return []
    by_fold: dict[str, str] = {}
    for name in known:
        by_fold.setdefault(_fold(name), name)
    return [by_fold[fold] for fold in get_close_matches(_fold(word), by_fold, n=limit, cutoff=0.65)]


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'port'?`, or all the known names where none is near."""
    names = list(known)
    near = nearest(word, names)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"known: {', '.join(map(repr, names)) or 'none'}"


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_")
