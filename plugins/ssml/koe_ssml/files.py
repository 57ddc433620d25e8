"""Files that a document may name: under the folders that the operator allows, and nowhere else."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

MAX_NAME = 1_000


class FileRefusedError(Exception):
    """The file cannot be used; the message says why and names no folder."""


def allowed_file(uri: str, roots: Iterable[str]) -> Path:
    """The file behind a relative path or `file:` URI, links followed, if it lies under one of `roots`.

    Raises:
        FileRefusedError: it does not, or is no file. Nothing tells apart what is missing from what is
            elsewhere, so that nobody can ask what files there are.
    """
    if len(uri) > MAX_NAME or "\0" in uri:
        raise FileRefusedError("the name is too long, or no name")
    for root in roots:
        try:
            folder = Path(root).resolve(strict=True)
            found = (folder / _path(uri)).resolve(strict=True)
        except (OSError, RuntimeError):
            continue
        if found.is_relative_to(folder) and found.is_file():
            return found
    raise FileRefusedError("there is no such file in the folders that are allowed")


def _path(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise FileRefusedError("the URI cannot be read") from None
    if parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        raise FileRefusedError("nothing is fetched from a network; name a file in an allowed folder")
    path = unquote(parts.path)
    if "\0" in path or any(0xD800 <= ord(character) <= 0xDFFF for character in path):  # noqa: PLR2004
        raise FileRefusedError("the name is no name")
    return path
