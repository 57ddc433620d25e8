"""`[plugins.tracing]`."""

from collections.abc import Mapping

from attrs import field, frozen
from attrs.validators import ge, gt, le
from koe.api import Secret, SecretUrl


@frozen
class TracingConfig:
    """Where traces are sent, and how many.

    Attributes:
        endpoint: URL of an OTLP collector that takes HTTP, such as `http://localhost:4318/v1/traces`;
            user and password in it are never shown.
        headers: sent with every export, such as a collector's key; their values are never shown.
        service: the name that traces bear.
        ratio: the part of the requests that are traced; those whose caller has decided follow it.
        max_waiting: spans that wait to be sent; more are dropped.
        timeout_s: how long one export, and the last one at the end, may take.
    """

    endpoint: SecretUrl = field(default=SecretUrl("http://localhost:4318/v1/traces"))
    headers: Mapping[str, Secret] = field(factory=dict)
    service: str = "koe"
    ratio: float = field(default=1.0, validator=[ge(0), le(1)])
    max_waiting: int = field(default=2_048, validator=[ge(64), le(100_000)])
    timeout_s: float = field(default=5.0, validator=[gt(0), le(60)])
