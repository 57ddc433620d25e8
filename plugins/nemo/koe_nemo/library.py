"""The only place that imports nemo_text_processing and pynini."""

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

from koe.api import ConfigError

DISTRIBUTION = "nemo_text_processing"
_LOGGER = "NeMo-text-processing"
_NOT_INSTALLED = (
    f"the plugin 'nemo' needs {DISTRIBUTION}, which is not installed: "
    'pip install "koe-nemo[library]" (about 900 MB), or --disable nemo'
)


def library_version() -> str:
    """The version that is installed, found without importing it.

    Raises:
        ConfigError: none is.
    """
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        raise ConfigError([_NOT_INSTALLED]) from None


def open_normalizer(language: str, folder: Path) -> Any:
    """NeMo's normalizer, with the grammars in `folder`; those that are not there are built into it."""
    module = import_module("nemo_text_processing.text_normalization.normalize")
    _quieten()
    return module.Normalizer(input_case="cased", lang=language, cache_dir=str(folder), post_process=True)


def reader(language: str, folder: Path) -> Callable[[str], str]:
    """What speaks a text in `language`, with the grammars in `folder`. Safe to call from several threads.

    pynini holds the GIL from begin to end, and NeMo's parser keeps the text that it is at: one text at a time
    costs nothing and is right.

    The function raises `ValueError` for a text that NeMo cannot read.
    """
    normalizer = open_normalizer(language, folder)
    pynini = import_module("pynini")
    rewrite = import_module("pynini.lib.rewrite")
    lock = Lock()

    def read(text: str) -> str:
        with lock:
            try:
                spoken: str = normalizer.normalize(text, punct_pre_process=True)
            except (pynini.FstError, rewrite.Error) as error:
                raise ValueError(f"{type(error).__name__}: {error}") from error
        return spoken

    return read


class _Refusal(logging.Handler):
    """Makes an error of a warning: NeMo warns, and returns the text as it was, where it fails."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError(record.getMessage())


def _quieten() -> None:
    """NeMo writes to stderr by a handler of its own, the user's text among it."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(handler, _Refusal) for handler in logger.handlers):
        logger.handlers[:] = [_Refusal(logging.WARNING)]
        logger.propagate = False
