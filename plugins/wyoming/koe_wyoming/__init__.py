"""The Wyoming protocol for koe: text-to-speech for Home Assistant."""

from koe_wyoming.config import WyomingConfig
from koe_wyoming.listener import WyomingAddressError
from koe_wyoming.plugin import WyomingPlugin

__all__ = ["WyomingAddressError", "WyomingConfig", "WyomingPlugin"]
