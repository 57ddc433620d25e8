"""Lexicon files: which kinds there are, and the state that tells whether one has changed."""

from functools import lru_cache
from pathlib import Path

from attrs import frozen

from koe.lexicon.contents import Contents, LexiconFileError
from koe.lexicon.pls import read_pls
from koe.lexicon.toml_file import read_toml

MAX_BYTES = 50_000_000
KINDS = (".toml", ".pls", ".xml")


@frozen
class FileState:
    """What changes when a file does."""

    modified_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "FileState | None":
        """The file's state now; None where there is none that can be asked."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


def load_lexicon(path: Path, *, max_bytes: int = MAX_BYTES) -> Contents:
    """The entries of a TOML or PLS file, kept until it changes.

    Raises:
        LexiconFileError: all that is wrong with it, each with file and line.
    """
    state = FileState.of(path)
    if state is not None and state.size > max_bytes:
        raise LexiconFileError([f"{path}: {state.size} bytes are more than a lexicon may have ({max_bytes})"])
    return _loaded(path, state)


@lru_cache(maxsize=4)
def _loaded(path: Path, _state: FileState | None) -> Contents:
    kind = path.suffix.lower()
    if kind not in KINDS:
        given = repr(kind) if kind else "a file without an ending"
        words = f"a lexicon is a TOML file (.toml) or a PLS document (.pls, .xml), not {given}"
        raise LexiconFileError([f"{path}: {words}"])
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LexiconFileError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LexiconFileError([f"{path}, line {line}: not UTF-8"]) from None
    return read_toml(str(path), text) if kind == ".toml" else read_pls(str(path), text)
