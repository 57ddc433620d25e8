"""Text normalization by nemo_text_processing, which is imported at first use."""

from koe_nemo.config import NemoConfig
from koe_nemo.plugin import NemoPlugin

__all__ = ["NemoConfig", "NemoPlugin"]
