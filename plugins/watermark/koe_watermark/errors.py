"""What can go wrong with watermarks, beyond the core's own errors."""

from koe.api import InvalidRequestError, KoeError


class WatermarkUnavailableError(KoeError):
    """The watermark's weights are missing, or not those that were measured."""

    status = 503
    code = "watermark_unavailable"


class DamagedAudioError(InvalidRequestError):
    """The file is empty, truncated or broken as audio."""

    code = "damaged_audio"


class AudioTooLongError(InvalidRequestError):
    """There is more audio in the file than the configured limit, or it takes too long to decode."""

    status = 413
    code = "audio_too_long"
