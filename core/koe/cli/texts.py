"""The text that a command is about: an argument, a file or standard input."""

import re
import sys
from pathlib import Path

from koe.errors import InvalidRequestError

STDIN = "-"


def given_text(command: str, text: str, file: Path | None, way_out: str) -> str:
    """The text; `-` is standard input.

    Raises:
        InvalidRequestError: there is none (`way_out` says how to give one), it is an option with a slip of
            the pen, or it is not UTF-8.
    """
    if re.fullmatch(r"--?[a-z][\w-]*(=\S*)?", text):
        raise InvalidRequestError(f"Unknown option {text}; `koe {command} --help` lists the options")
    if file is not None:
        if text:
            raise InvalidRequestError("Give either a text or --file, not both")
        return _read(file)
    if text == STDIN:
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if not text:
        raise InvalidRequestError(way_out)
    return text


def _read(file: Path) -> str:
    try:
        return _decoded(file.read_bytes(), str(file))
    except OSError as error:
        raise InvalidRequestError(f"{file} cannot be read: {error.strerror}") from None


def _decoded(data: bytes, origin: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{origin} is not UTF-8 (byte {error.start})") from None
