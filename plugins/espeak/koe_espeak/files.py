"""Where espeak-ng's library and data lie."""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from koe_espeak.config import EspeakConfig

if TYPE_CHECKING:
    from koe.api import EngineUnavailableError

_WAY_OUT = (
    "Reinstall it with `pip install --force-reinstall espeakng-loader`, or set plugins.espeak.library and "
    "plugins.espeak.data to an installed espeak-ng 1.52 or newer"
)
_DICTIONARY = re.compile(r"^\s*dictionary\s+(\S+)", re.MULTILINE)
_LANGUAGE = re.compile(r"^\s*language\s+([a-z]+)", re.MULTILINE)
_SOUND_FILES = ("phontab", "phonindex", "phondata", "intonations")


@frozen
class EspeakFiles:
    """A shared library and the data folder that belongs to it."""

    library: Path
    data: Path

    @classmethod
    def of(cls, config: EspeakConfig) -> "EspeakFiles":
        """The configured files, or those that `espeakng-loader` brings.

        Raises:
            EngineUnavailableError: one of them is not there.
        """
        files = cls(_library(config.library), _data(config.data))
        if not files.library.is_file():
            raise unavailable(f"has no library at {files.library}")
        if not (files.data / "phontab").is_file():
            raise unavailable(f"has no data at {files.data} (there is no file 'phontab' in it)")
        return files

    def has_dictionary(self, identifier: str) -> bool:
        """Whether the language voice has its dictionary: some are listed without one and speak nothing."""
        description = (self.data / "lang" / identifier).read_text(encoding="utf-8", errors="replace")
        named = _DICTIONARY.search(description) or _LANGUAGE.search(description)
        return named is not None and (self.data / f"{named[1]}_dict").is_file()

    def digest(self) -> str:
        """SHA-256 of the sounds, shortened to 16 hexadecimal digits."""
        sha = hashlib.sha256()
        for name in _SOUND_FILES:
            sha.update((self.data / name).read_bytes())
        return sha.hexdigest()[:16]


def unavailable(problem: str) -> "EngineUnavailableError":
    """The error for an espeak-ng that cannot be used; `problem` continues "espeak-ng …"."""
    from koe.api import EngineUnavailableError  # not at the top: espeak-ng's own process needs none of koe

    return EngineUnavailableError(f"espeak-ng {problem}. {_WAY_OUT}.")


def _library(configured: str) -> Path:
    if configured:
        return Path(configured)
    try:
        import espeakng_loader
    except ImportError as error:
        raise unavailable(f"is not installed: the package espeakng-loader is missing ({error})") from error
    return Path(espeakng_loader.get_library_path())


def _data(configured: str) -> Path:
    if configured:
        return Path(configured)
    try:
        import espeakng_loader

        return Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError) as error:
        raise unavailable(f"has no data: {error}") from error
