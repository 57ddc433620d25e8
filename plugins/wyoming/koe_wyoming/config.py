"""`[plugins.wyoming]`."""

from attrs import field, frozen
from attrs.validators import ge, gt, le


@frozen
class WyomingConfig:
    """Where Wyoming is spoken, and how much its clients may ask for.

    Attributes:
        host: address to listen on. Wyoming knows no passwords: whoever reaches it may speak.
        port: TCP port; 0 takes a free one, which the log names.
        max_connections: clients at the same time, in each process.
        max_request_bytes: the largest event, and the most text of one streamed request.
        idle_timeout_s: how long a client may stay silent when it is its turn, or leave audio unread.
        samples_per_chunk: audio samples in one `audio-chunk`.
    """

    host: str = "127.0.0.1"
    port: int = field(default=10_200, validator=[ge(0), le(65_535)])
    max_connections: int = field(default=64, validator=[ge(1), le(10_000)])
    max_request_bytes: int = field(default=500_000, validator=[ge(1_000), le(10_000_000)])
    idle_timeout_s: float = field(default=120.0, validator=[gt(0), le(86_400)])
    samples_per_chunk: int = field(default=1_024, validator=[ge(64), le(65_536)])
