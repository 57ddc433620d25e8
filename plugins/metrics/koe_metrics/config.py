"""`[plugins.metrics]`."""

from ipaddress import ip_network
from typing import Any

from attrs import field, frozen
from attrs.validators import ge, gt, le


def _path(_instance: object, _attribute: Any, value: str) -> None:
    if not value.startswith("/") or any(character in value for character in "{}?# "):
        raise ValueError(f"{value!r} must begin with / and have no placeholders, such as /metrics")


def _networks(_instance: object, _attribute: Any, value: tuple[str, ...]) -> None:
    for network in value:
        ip_network(network)


@frozen
class MetricsConfig:
    """Where metrics can be read, and who may.

    Attributes:
        path: where they are served.
        port: TCP port of a listener for them alone; 0 serves them on koe's own port.
        host: address of that listener.
        allow: addresses and networks that may read them, such as `10.0.0.0/8`; others get 403.
        sample_s: seconds between two looks at memory, processor time, open files and the event loop.
    """

    path: str = field(default="/metrics", validator=_path)
    port: int = field(default=0, validator=[ge(0), le(65_535)])
    host: str = "127.0.0.1"
    allow: tuple[str, ...] = field(default=("127.0.0.0/8", "::1/128"), validator=_networks)
    sample_s: float = field(default=1.0, validator=[gt(0), le(60)])
