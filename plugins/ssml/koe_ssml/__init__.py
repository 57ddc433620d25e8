"""SSML 1.1 for koe, with the extensions of Azure, Google and Polly."""

from koe_ssml.config import SsmlConfig
from koe_ssml.parser import Ssml
from koe_ssml.plugin import SsmlPlugin

__all__ = ["Ssml", "SsmlConfig", "SsmlPlugin"]
