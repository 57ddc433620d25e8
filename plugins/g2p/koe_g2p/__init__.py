"""Grapheme-to-phoneme for koe, as Kokoro was trained."""

from koe_g2p.config import G2pConfig
from koe_g2p.phonemizer import MisakiPhonemizer
from koe_g2p.plugin import G2pPlugin

__all__ = ["G2pConfig", "G2pPlugin", "MisakiPhonemizer"]
