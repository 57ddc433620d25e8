"""What is answered when a limit is reached, or cannot be looked up."""

import math
from collections.abc import Mapping

from koe.api import KoeError, OverloadedError


class RateLimitedError(KoeError):
    """More requests than the limit allows."""

    status = 429
    code = "rate_limit_exceeded"
    type = "rate_limit_error"

    def __init__(self, message: str, *, retry_after_s: float, said: Mapping[str, str]) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self._said = dict(said)

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "retry-after": str(max(1, math.ceil(self.retry_after_s))),
            "retry-after-ms": str(max(1, math.ceil(self.retry_after_s * 1000))),
            **self._said,
        }


class QuotaExceededError(RateLimitedError):
    """More audio than the quota allows. Trying again soon does not help, and clients are told so."""

    code = "insufficient_quota"

    @property
    def headers(self) -> Mapping[str, str]:
        return {**super().headers, "x-should-retry": "false"}


class LimitsUnavailableError(OverloadedError):
    """The limits cannot be looked up, and the configuration says to refuse then."""

    code = "limits_unavailable"
