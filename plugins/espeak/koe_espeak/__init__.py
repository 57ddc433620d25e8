"""espeak-ng for koe: the default phonemizer and the embedded voice."""

from koe_espeak.config import EspeakConfig
from koe_espeak.engine import EspeakEngine
from koe_espeak.phonemizer import EspeakPhonemizer
from koe_espeak.plugin import EspeakPlugin

__all__ = ["EspeakConfig", "EspeakEngine", "EspeakPhonemizer", "EspeakPlugin"]
