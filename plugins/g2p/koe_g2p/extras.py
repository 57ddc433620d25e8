"""Languages whose libraries come with an extra."""

from importlib import import_module
from typing import Any

from koe.api import UnsupportedLanguageError


def load(module: str, language: str, extra: str) -> Any:
    """The module of an extra.

    Raises:
        UnsupportedLanguageError: it, or a library that it needs, is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UnsupportedLanguageError(
            f'{language} needs the extra `{extra}`, on Python 3.11 or 3.12: pip install "koe-g2p[{extra}]" '
            f"(missing: {error.name or error}). Without it, take {extra!r} out of plugins.g2p.languages, and "
            "the next phonemizer of pipeline.phonemize speaks it",
            param="language",
        ) from error
