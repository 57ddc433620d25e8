"""OpenTelemetry traces for koe: a span for each request, with its stages."""

from koe_tracing.config import TracingConfig
from koe_tracing.plugin import TracingPlugin

__all__ = ["TracingConfig", "TracingPlugin"]
