"""Watermarks for koe: marks that say "synthetic", embedded while audio streams, and their detection."""

from koe_watermark.config import WatermarkConfig
from koe_watermark.plugin import WatermarkPlugin
from koe_watermark.schemes import Marker, Scheme

__all__ = ["Marker", "Scheme", "WatermarkConfig", "WatermarkPlugin"]
