"""espeak-ng for koe: the default phonemizer and the embedded voice."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from koe_espeak.config import EspeakConfig
    from koe_espeak.engine import EspeakEngine
    from koe_espeak.phonemizer import EspeakPhonemizer
    from koe_espeak.plugin import EspeakPlugin

__all__ = ["EspeakConfig", "EspeakEngine", "EspeakPhonemizer", "EspeakPlugin"]

_HOMES = {
    "EspeakConfig": "config",
    "EspeakEngine": "engine",
    "EspeakPhonemizer": "phonemizer",
    "EspeakPlugin": "plugin",
}


def __getattr__(name: str) -> Any:
    """The class, imported now. The process of `worker.py` needs none of them, and starts the sooner."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
