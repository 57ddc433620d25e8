"""Short paths to espeak-ng's data and voices, by way of symbolic links in a temporary folder."""

import os
import shutil
from pathlib import Path

from attrs import frozen

# Bytes. espeak-ng 1.52 cuts the path of its data (N_PATH_HOME is 160) and copies the name of a voice file,
# unchecked, to where there is room for 40.
_LONGEST_DATA = 150
_LONGEST_VOICE = 39


@frozen
class DataPath:
    """The data folder, through a link where its own path is too long for espeak-ng.

    espeak-ng loads a voice by file in 0.3 ms, but looks through all its voices (2 ms) to find one by name.
    It turns names and paths to lower case first, though, and its voice files have capitals: hence a link
    for each voice that is used. Where links cannot be made, everything still works by name.

    Args:
        data: the folder with the data, as an absolute path.
        folder: a folder for the links, removed by `close`; None where there is none.
    """

    _data: Path
    _folder: Path | None

    @property
    def path(self) -> Path:
        """The folder that espeak-ng can open."""
        if len(os.fsencode(self._data)) <= _LONGEST_DATA:
            return self._data
        return self._linked("data", self._data) or self._data

    def voice_file(self, identifier: str) -> str | None:
        """What `espeak_SetVoiceByFile` takes for `gmw/en-US+f2`; None where it must go by name."""
        base, plus, variant = identifier.partition("+")
        link = self._linked(base.replace("/", "-").lower(), self._data / "lang" / base)
        if link is None or str(link) != str(link).lower():
            return None
        file = f"{link}{plus}{variant}"
        return file if len(os.fsencode(file)) <= _LONGEST_VOICE else None

    def close(self) -> None:
        """Remove the links. Twice does no harm."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _linked(self, name: str, target: Path) -> Path | None:
        if self._folder is None:
            return None
        link = self._folder / name
        if not link.is_symlink():
            try:
                link.symlink_to(target)
            except OSError:  # Windows lets few users make links
                return None
        return link
