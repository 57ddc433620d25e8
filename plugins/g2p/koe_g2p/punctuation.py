"""Punctuation as Kokoro knows it from its training."""

import re

_KEPT = frozenset(';:,.!?—…"()“”')
_READ_AS = {
    **dict(zip("«»„‟–[]{}।॥؟،؛‥-", "“”“”—()()..?,;…—", strict=True)),
    # Full-width marks hold their own space.
    **dict(zip("、，。．！？；：）」』》】", [f"{mark} " for mark in ",,..!?;:)””””"], strict=True)),
    **dict(zip("（「『《【", [f" {mark}" for mark in "(““““"], strict=True)),
}
_OPENS_AFTER = frozenset("([{“‘«—–-/")
_DASHES = re.compile(r"—[— ]*—")


def tail(between: str, before: str = "", after: str = "") -> str:
    """The punctuation and spaces between two words as the engine is to see them.

    Straight double quotes become curly, which is how misaki writes them. `before` and `after` are the
    characters around the stretch, empty at the ends of the text.
    """
    made = ""
    for index, character in enumerate(between):
        if character == '"':
            left = between[index - 1] if index else before
            right = between[index + 1] if index + 1 < len(between) else after
            made += "“" if _opens(left, right) else "”"
        else:
            made += " " if character.isspace() else _kept(character)
    joined = _DASHES.sub("—", re.sub(r" +", " ", made))
    return joined if after or between[-1:].isspace() else joined.rstrip()


def _kept(character: str) -> str:
    read = _READ_AS.get(character, character)
    return read if read.strip() in _KEPT else ""


def _opens(left: str, right: str) -> bool:
    return bool(right) and not right.isspace() and (not left or left.isspace() or left in _OPENS_AFTER)
