"""Rate limits and quotas."""

from koe_limits.plugin import RateLimitPlugin

__all__ = ["RateLimitPlugin"]
