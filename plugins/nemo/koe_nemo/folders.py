"""Where the built grammars lie: one folder for each language, complete or not there at all."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from platformdirs import user_cache_path

from koe_nemo.library import library_version

FOLDER_VARIABLE = "KOE_NEMO_DIR"
_ABANDONED_AFTER_S = 3_600
"""No build takes that long: what is older was killed."""


@frozen
class GrammarFolders:
    """The folders `<root>/<version of NeMo>/<language>`.

    NeMo itself would put all languages into one folder, where Japanese and Chinese have the same file name.
    """

    root: Path
    version: Callable[[], str] = library_version

    @classmethod
    def of(cls, config_dir: str = "") -> "GrammarFolders":
        """The given folder, else the one that `KOE_NEMO_DIR` names, else `koe/nemo` in the user's cache."""
        given = config_dir or os.environ.get(FOLDER_VARIABLE, "")
        if given:
            return cls(Path(given).expanduser())
        return cls(user_cache_path("koe", appauthor=False) / "nemo")

    @property
    def folder(self) -> Path:
        """Of the installed version: its grammars would not fit another one."""
        return self.root / self.version()

    def path(self, language: str) -> Path:
        return self.folder / language

    def is_built(self, language: str) -> bool:
        return self.path(language).is_dir()

    def size_bytes(self, language: str) -> int:
        return sum(file.stat().st_size for file in self.path(language).glob("*"))

    @contextmanager
    def being_built(self, language: str) -> Iterator[Path]:
        """A folder to build into, which becomes the language's if the block ends well, and goes if not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear_abandoned()
        unfinished = Path(tempfile.mkdtemp(prefix=f".{language}-", dir=self.folder))
        unfinished.chmod(0o755)
        try:
            yield unfinished
            self._put_in_place(unfinished, self.path(language))
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _put_in_place(self, built: Path, path: Path) -> None:
        """Two that build at the same time build the same: the later one wins, no one sees a half."""
        try:
            built.rename(path)
        except OSError:
            if not path.is_dir():
                raise
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=self.folder))
            try:
                path.rename(old)
                built.rename(path)
            finally:
                shutil.rmtree(old, ignore_errors=True)

    def _clear_abandoned(self) -> None:
        for folder in self.folder.glob(".*-*"):
            try:
                is_old = time.time() - folder.stat().st_mtime > _ABANDONED_AFTER_S
            except FileNotFoundError:
                continue
            if is_old:
                shutil.rmtree(folder, ignore_errors=True)
