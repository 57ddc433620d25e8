"""Text normalization for koe: cleaning, sentences, numbers and symbols as words."""

from koe_text.config import (
    CleanConfig,
    EnglishConfig,
    EuropeanConfig,
    TextNormalizationConfig,
)
from koe_text.plugin import TextNormalizationPlugin

__all__ = [
    "CleanConfig",
    "EnglishConfig",
    "EuropeanConfig",
    "TextNormalizationConfig",
    "TextNormalizationPlugin",
]
