"""The grammars that are in use, loaded once for all threads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import structlog
from attrs import define, field
from koe.api import ConfigError

from koe_nemo.building import build
from koe_nemo.folders import GrammarFolders
from koe_nemo.library import reader

Read = Callable[[str], str]

log = structlog.get_logger("koe.nemo")


@define
class Grammars:
    """One reader for each language of `languages`. Safe to share among threads."""

    folders: GrammarFolders
    languages: Sequence[str]
    open_reader: Callable[[str, Path], Read] = reader
    _readers: dict[str, Read] = field(factory=dict, init=False)
    _loading: Lock = field(factory=Lock, init=False)

    def load(self, *, build_missing: bool) -> None:
        """Load all of them; with `build_missing`, after building those that are not built.

        Raises:
            ConfigError: nemo_text_processing or grammars are missing.
            GrammarBuildError: grammars could not be built.
        """
        missing = [language for language in self.languages if not self.folders.is_built(language)]
        if missing and not build_missing:
            raise ConfigError([self._not_built(missing)])
        for language in missing:
            log.warning("grammars_are_built", language=language, folder=str(self.folders.folder))
            build(self.folders, language)
        for language in self.languages:
            self.reader(language)

    def reader(self, language: str) -> Read | None:
        """What reads `language`; None where it is not one of `languages`. Loads it if need be: 0.1 to 2 s.

        Raises:
            ConfigError: it is not built.
        """
        if language not in self.languages:
            return None
        with self._loading:
            if language not in self._readers:
                if not self.folders.is_built(language):
                    raise ConfigError([self._not_built([language])])
                self._readers[language] = self.open_reader(language, self.folders.path(language))
            return self._readers[language]

    def _not_built(self, languages: Sequence[str]) -> str:
        return (
            f"NeMo's grammars of {', '.join(languages)} are not built in {self.folders.folder}: "
            f"run `koe nemo build {' '.join(languages)} --enable nemo`, take them out of "
            f"plugins.nemo.languages, or set plugins.nemo.build_at_start = true"
        )
