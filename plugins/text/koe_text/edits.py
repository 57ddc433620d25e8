"""Rewrites with their way back to the user's text: the core's."""

from koe.api import CLOSED, Draft, Edit, masked, rewritten

__all__ = ["CLOSED", "Draft", "Edit", "masked", "rewritten"]
