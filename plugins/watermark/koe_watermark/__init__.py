"""Watermarks for koe: marks that say "synthetic", embedded while audio streams, and their detection."""

from koe_watermark.config import WatermarkConfig
from koe_watermark.detector import Detection, Detector, MarkedSpan
from koe_watermark.finding import detect
from koe_watermark.media import MediaLimits
from koe_watermark.plugin import WatermarkPlugin
from koe_watermark.schemes import Marker, Scheme

__all__ = [
    "Detection",
    "Detector",
    "MarkedSpan",
    "Marker",
    "MediaLimits",
    "Scheme",
    "WatermarkConfig",
    "WatermarkPlugin",
    "detect",
]
