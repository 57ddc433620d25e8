"""`[plugins.watermark.detect]`."""

from attrs import field, frozen
from attrs.validators import ge, gt


@frozen
class DetectConfig:
    """What `POST /v1/watermark/detect` takes.

    Attributes:
        enabled: whether the path is there.
        max_bytes: of an uploaded file; above 1 MiB it lies in the folder for temporary files meanwhile.
        max_audio_s: seconds of audio in it. While a file is looked at, each second takes 64 kB of memory.
        max_decode_s: seconds of processor time that decoding may take.
        max_upload_s: seconds until the file must have arrived.
        concurrency: files that are looked at at the same time, each in a thread of its own.
        queue: files that may wait for that, or arrive, beyond those; further ones are answered 503.
    """

    enabled: bool = True
    max_bytes: int = field(default=64 * 2**20, validator=ge(1_000))
    max_audio_s: float = field(default=600.0, validator=gt(0.0))
    max_decode_s: float = field(default=10.0, validator=gt(0.0))
    max_upload_s: float = field(default=60.0, validator=gt(0.0))
    concurrency: int = field(default=1, validator=ge(1))
    queue: int = field(default=8, validator=ge(0))
