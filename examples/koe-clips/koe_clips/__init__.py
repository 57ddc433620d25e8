"""An engine that speaks by playing recorded words."""

from koe_clips.config import ClipsConfig
from koe_clips.engine import ClipsEngine
from koe_clips.plugin import ClipsPlugin

__all__ = ["ClipsConfig", "ClipsEngine", "ClipsPlugin"]
