"""API keys."""

from koe_auth.plugin import AuthPlugin

__all__ = ["AuthPlugin"]
