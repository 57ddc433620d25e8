"""Prometheus metrics for koe, one sum over all of its processes."""

from koe_metrics.config import MetricsConfig
from koe_metrics.plugin import MetricsPlugin

__all__ = ["MetricsConfig", "MetricsPlugin"]
