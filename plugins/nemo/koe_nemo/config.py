"""`[plugins.nemo]`."""

from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import gt, le

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "hu", "hy", "it", "ja", "ko", "pt", "sv", "vi", "zh")
"""What nemo_text_processing 1.2.0 reads; Russian only lists alternatives, Kinyarwanda does not load."""


def _known_languages(_: Any, attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    unknown = [language for language in value if language not in LANGUAGES]
    if unknown:
        raise ValueError(
            f"{attribute.name} holds {', '.join(map(repr, unknown))}; possible are {', '.join(LANGUAGES)}"
        )


@frozen
class NemoConfig:
    """What a deployment can choose about NeMo.

    Attributes:
        languages: what `nemo` reads; text in other languages stays as it is.
        dir: the folder of the built grammars; empty for the one that `KOE_NEMO_DIR` names, else `koe/nemo` in
            the user's cache.
        build_at_start: whether missing grammars are built when the server starts, which takes minutes; else
            it does not start without them.
        budget_s: the time that NeMo may take for one sentence, in seconds. What is left of it then stays as
            written; a single call that takes as long is ended.
    """

    languages: tuple[str, ...] = field(default=("en",), validator=_known_languages)
    dir: str = ""
    build_at_start: bool = False
    budget_s: float = field(default=1.0, validator=[gt(0), le(60)])
