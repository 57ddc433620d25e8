"""The pieces of a written word: "well-known", "iPhone", "A320", "don't"."""

import re

_SIGNS = {**dict.fromkeys("'‘’", "q"), **dict.fromkeys("-_", "h"), **dict.fromkeys(".,", "p")}
JUNK = frozenset("',-._‘’/")
"""What is silent inside a word."""

# Over one letter for each character: U upper case, l lower case, o other letters, d digits, q apostrophes,
# h hyphens, p point and comma, x anything else.
_PIECE = re.compile(
    r"""
    ^q+                                   # opening quotation mark
    | U (?=Ul)                            # "X" of "XFile"
    | (?:^h)? (?:d?p?d)+                  # a number, with a sign at the start of the word
    | h+
    | q{2,}
    | [Ulo]*? (?:q[Ulo])*? l (?=U)        # "i" of "iPhone"
    | [Ulo]+ (?:q[Ulo])*                  # letters with apostrophes in them
    | q+$
    | .
    """,
    re.VERBOSE,
)


def pieces(word: str) -> list[str]:
    """The pieces, which joined are the word."""
    classes = "".join(map(_class, word))
    return [word[match.start() : match.end()] for match in _PIECE.finditer(classes)]


def kinds(word: str) -> int:
    """How many kinds of characters the word is made of: letters, digits, symbols; what is silent apart."""
    return len({_kind(character) for character in word if character not in JUNK})


def _kind(character: str) -> str:
    if character.isalpha():
        return "letter"
    return "digit" if _is_digit(character) else "symbol"


def _class(character: str) -> str:
    if character.isalpha():
        return "U" if character.isupper() else "l" if character.islower() else "o"
    return "d" if _is_digit(character) else _SIGNS.get(character, "x")


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()
