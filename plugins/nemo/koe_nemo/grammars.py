"""The grammars of the configured languages, and what reads by them."""

from collections.abc import Sequence

import structlog
from attrs import define
from koe.api import ConfigError

from koe_nemo.building import build
from koe_nemo.folders import GrammarFolders
from koe_nemo.process import ProcessLostError
from koe_nemo.reader import Budget, Reader

log = structlog.get_logger("koe.nemo")


@define
class Grammars:
    """The `languages` that a reader reads, with their grammars in `folders`. Safe to share among threads."""

    folders: GrammarFolders
    languages: Sequence[str]
    reader: Reader

    def load(self, *, build_missing: bool) -> None:
        """Load all of them; with `build_missing`, after building those that are not built.

        Raises:
            ConfigError: nemo_text_processing or grammars are missing, or cannot be loaded.
            GrammarBuildError: grammars could not be built.
        """
        missing = [language for language in self.languages if not self.folders.is_built(language)]
        if missing and not build_missing:
            raise ConfigError([self._not_built(missing)])
        for language in missing:
            log.warning("grammars_are_built", language=language, folder=str(self.folders.folder))
            build(self.folders, language)
        for language in self.languages:
            try:
                self.reader.load(language, self.folders.path(language))
            except ProcessLostError as error:
                raise ConfigError([self._not_loaded(language, error)]) from error

    def reads(self, language: str) -> bool:
        """Whether `language` is one of `languages`.

        Raises:
            ConfigError: it is, but it is not built.
        """
        if language not in self.languages:
            return False
        if not self.folders.is_built(language):
            raise ConfigError([self._not_built([language])])
        return True

    def read(self, language: str, text: str, budget: Budget) -> str:
        """As `Reader.read`, by the grammars of `language`, which are loaded if need be."""
        return self.reader.read(language, self.folders.path(language), text, budget)

    def _not_built(self, languages: Sequence[str]) -> str:
        return (
            f"NeMo's grammars of {', '.join(languages)} are not built in {self.folders.folder}: "
            f"run `koe nemo build {' '.join(languages)} --enable nemo`, take them out of "
            f"plugins.nemo.languages, or set plugins.nemo.build_at_start = true"
        )

    def _not_loaded(self, language: str, error: ProcessLostError) -> str:
        return (
            f"NeMo's grammars of {language} cannot be loaded ({error.reason}: {error}): "
            f"run `koe nemo build {language} --again --enable nemo`, or take it out of plugins.nemo.languages"
        )
