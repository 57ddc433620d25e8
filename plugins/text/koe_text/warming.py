"""Loading the libraries when the server starts, so that no request waits for them."""

import asyncio
from collections.abc import Collection, Iterable

import structlog
from koe.api import Normalizer, give_back

from koe_text.config import TextNormalizationConfig
from koe_text.segment import warm_pysbd
from koe_text.spokenform_library import LANGUAGES as SPOKENFORM
from koe_text.spokenform_library import Spokenform
from koe_text.wetext_library import LANGUAGES as WETEXT
from koe_text.wetext_library import Wetext

_log = structlog.get_logger("koe.normalize")


class Warming:
    """Loads, in a thread, what the configured normalizers need for some languages."""

    def __init__(self, config: TextNormalizationConfig, spokenform: Spokenform, wetext: Wetext) -> None:
        self._config = config
        self._spokenform = spokenform
        self._wetext = wetext

    async def run(self, normalizers: Iterable[Normalizer]) -> None:
        """Load what this plugin's among `normalizers` need. A library that is broken is logged."""
        names = {normalizer.name for normalizer in normalizers}
        try:
            await asyncio.to_thread(self._load, names)
        except (ImportError, OSError) as error:
            _log.warning("normalization_not_warmed", error=str(error))

    def _load(self, names: Collection[str]) -> None:
        if {"segment", "normalize"} & set(names):
            warm_pysbd()
        for language in self._config.warm:
            if not {"normalize", _reader(language)} & set(names):
                continue
            if language in SPOKENFORM and (language != "en" or self._config.english.spokenform):
                self._spokenform.edits("Assoc. 1", language)
            if language in WETEXT and (language != "en" or self._config.english.wetext):
                self._wetext.edits("1", language)
        give_back()


def _reader(language: str) -> str:
    return {"en": "english", "ja": "cjk", "zh": "cjk"}.get(language, "european")
