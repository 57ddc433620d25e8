"""Bleeps instead of the words that are not to be heard."""

from koe_bleep.config import BleepConfig
from koe_bleep.normalizer import Bleep
from koe_bleep.plugin import BleepPlugin

__all__ = ["Bleep", "BleepConfig", "BleepPlugin"]
