"""The built-in response formats: wav, pcm, mp3, opus, vorbis, flac and aac.

Neither `av` nor `soundfile` is imported before a format that needs it is opened.
"""

from koe_formats.config import FormatsConfig
from koe_formats.plugin import FormatsPlugin

__all__ = ["FormatsConfig", "FormatsPlugin"]
