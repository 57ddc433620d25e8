"""`[plugins.cors]`, `[plugins.compression]` and `[plugins.security]`."""

from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen
from attrs.validators import ge, le

ANY = "*"


def _origins(_instance: object, _attribute: Any, value: tuple[str, ...]) -> None:
    for origin in value:
        parts = urlsplit(origin)
        if origin != ANY and (
            not parts.scheme or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ValueError(
                f"{origin!r} is no origin; write it as browsers do, https://app.example.com, or *"
            )
    if ANY in value and len(value) > 1:
        raise ValueError("* stands for every origin, so it stands alone")


@frozen
class CorsConfig:
    """Which web pages may use this server from a browser.

    Attributes:
        origins: such as `https://app.example.com`; `*` is every page. None without them.
        credentials: whether browsers may send cookies and HTTP authentication of their own; API keys in
            `authorization` need no such permission.
        max_age_s: how long a browser may remember what it is allowed.
        websockets: whether WebSockets of pages from elsewhere are refused.
    """

    origins: tuple[str, ...] = field(default=(), validator=_origins)
    credentials: bool = False
    max_age_s: int = field(default=600, validator=[ge(0), le(86_400)])
    websockets: bool = True

    def __attrs_post_init__(self) -> None:
        if self.credentials and ANY in self.origins:
            raise ValueError("credentials need origins by name: with * every page could act for its visitor")


@frozen
class CompressionConfig:
    """How JSON answers are compressed. Audio and streams never are.

    Attributes:
        minimum_bytes: of the smallest answer that is.
        level: of gzip, from fast to small.
    """

    minimum_bytes: int = field(default=1_000, validator=[ge(100), le(10_000_000)])
    level: int = field(default=6, validator=[ge(1), le(9)])


@frozen
class SecurityConfig:
    """What browsers are told to keep from doing.

    Attributes:
        hsts_s: for how long browsers are to use TLS alone; sent on connections that do. 0 sends nothing.
        content_security_policy: of answers that have none of their own, as `/docs` has.
        referrer_policy: what pages that are left tell the next one.
    """

    hsts_s: int = field(default=0, validator=[ge(0), le(63_072_000)])
    content_security_policy: str = "default-src 'none'; frame-ancestors 'none'"
    referrer_policy: str = "no-referrer"
