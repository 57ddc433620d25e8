"""Languages whose libraries come with an extra."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import structlog
from koe.api import UnsupportedLanguageError

_log = structlog.get_logger("koe.g2p")

_NEEDED = {
    "ja": ("misaki", "fugashi", "jaconv", "mojimoji", "unidic_lite"),
    "zh": ("misaki", "jieba", "cn2an", "pypinyin"),
}


@cache
def installed(extra: str) -> bool:
    """Whether an extra's libraries are there, without importing them; says once what is missing."""
    missing = [name for name in _NEEDED[extra] if find_spec(name) is None]
    if missing:
        _log.warning(
            "language_left_to_next_phonemizer",
            language=extra,
            missing=missing,
            fix=f'pip install "koe-g2p[{extra}]" (Python 3.11 or 3.12)',
        )
    return not missing


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
