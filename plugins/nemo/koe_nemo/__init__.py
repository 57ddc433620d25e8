"""Text normalization by nemo_text_processing, which runs in a process of its own."""

from koe_nemo.config import NemoConfig
from koe_nemo.plugin import NemoPlugin

__all__ = ["NemoConfig", "NemoPlugin"]
