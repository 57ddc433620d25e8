"""Lexicons that a document names: PLS files that the operator allows."""

from functools import lru_cache
from pathlib import Path

from attrs import frozen
from koe.api import Lexicon, LexiconContents, LexiconFileError, load_lexicon

from koe_ssml.files import FileRefusedError

MAX_BYTES = 8_000_000
KINDS = (".pls", ".xml")


@frozen(eq=False)
class PlsFile:
    """A file's lexicon; `left_out` counts the lexemes for parts of speech, which nobody tells here."""

    lexicon: Lexicon
    left_out: int = 0


def load(path: Path) -> PlsFile:
    """The lexicon in a file, kept until the file changes.

    Raises:
        FileRefusedError: it cannot be read or is no PLS; the message says where.
    """
    if path.suffix.lower() not in KINDS:
        raise FileRefusedError(f"{path.name} is none of {', '.join(KINDS)}")
    try:
        return _usable(load_lexicon(path, max_bytes=MAX_BYTES))
    except LexiconFileError as error:
        raise FileRefusedError(str(error).replace(str(path), path.name)) from None


@lru_cache(maxsize=16)
def _usable(contents: LexiconContents) -> PlsFile:
    held = [one for one in contents.held if not one.entry.part_of_speech]
    return PlsFile(Lexicon(tuple(held)), len(contents.left_out) + len(contents.held) - len(held))
