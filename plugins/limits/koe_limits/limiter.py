"""Counting requests and audio."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from attrs import define, field
from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from koe_limits.allowances import Allowances
from koe_limits.clients import Client
from koe_limits.config import RateLimitConfig
from koe_limits.errors import LimitsUnavailableError, QuotaExceededError, RateLimitedError

log = structlog.get_logger(__name__)

HEADERS: Mapping[str, str] = {
    "x-ratelimit-limit-requests": "How many requests the tightest limit allows in its time.",
    "x-ratelimit-remaining-requests": "How many of them are left.",
    "x-ratelimit-reset-requests": "After how long there is one more, such as `6m0s`.",
    "x-ratelimit-limit-audio-seconds": "How many seconds of audio the tightest quota allows in its time.",
    "x-ratelimit-remaining-audio-seconds": "How many of them are left.",
    "x-ratelimit-reset-audio-seconds": "After how long the quota begins anew.",
}
_JUST_AFTER_S = 0.01


@define
class Limiter:
    """Counts in one storage, which may fail: what happens then is the configuration's choice."""

    config: RateLimitConfig
    allowances: Allowances
    storage: Storage
    _requests: SlidingWindowCounterRateLimiter = field(init=False)
    _asleep_until: float = field(default=0.0, init=False)
    _exhausted: dict[str, float] = field(factory=dict, init=False)
    _failures: tuple[type[Exception], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._requests = SlidingWindowCounterRateLimiter(self.storage)
        self._failures = (OSError, *_tuple(self.storage.base_exceptions))

    async def admit(self, client: Client) -> Mapping[str, str]:
        """Count a request. Returns what the answer's headers say of the limits.

        Raises:
            RateLimitedError: a limit or a quota is used up; nothing was counted.
            LimitsUnavailableError: the storage does not answer, and the configuration refuses then.
        """
        try:
            async with self._bounded():
                allowance = self.allowances.of(client)
                audio = await self._check_audio(client, allowance.audio)
                return {**await self._hit(client, allowance.requests), **audio}
        except _StorageFailedError as error:
            if self.config.when_unavailable == "refuse":
                message = "The limits cannot be looked up right now; try again later"
                raise LimitsUnavailableError(message, retry_after_s=self.config.retry_after_s) from error
        return {}

    async def spend(self, client: Client, audio_s: float) -> None:
        """Count audio that was made."""
        try:
            async with self._bounded():
                for rate in self.allowances.of(client).audio:
                    key = rate.key_for("audio", client.account)
                    used = await self.storage.incr(key, rate.get_expiry(), round(audio_s * 1000))
                    if used >= rate.amount:
                        self._exhaust(client, await self.storage.get_expiry(key))
        except _StorageFailedError:
            log.warning("audio_not_counted", account=client.account, audio_s=round(audio_s, 3))

    def exhausted(self, client: Client) -> bool:
        """Whether this process has seen the client's audio quota come to its end. Asks nobody."""
        return self._exhausted.get(client.account, 0.0) > time.time()

    def _exhaust(self, client: Client, until: float) -> None:
        now = time.time()
        self._exhausted = {name: end for name, end in self._exhausted.items() if end > now}
        self._exhausted[client.account] = until

    async def _check_audio(self, client: Client, quotas: Sequence[RateLimitItem]) -> Mapping[str, str]:
        said: list[tuple[int, Mapping[str, str]]] = []
        for rate in quotas:
            key = rate.key_for("audio", client.account)
            left_ms = rate.amount - await self.storage.get(key)
            wait_s = max(0.0, await self.storage.get_expiry(key) - time.time())
            headers = _headers("audio-seconds", rate.amount // 1000, max(0, left_ms) // 1000, wait_s)
            if left_ms <= 0:
                raise QuotaExceededError(
                    f"The quota of {rate.amount // 1000} seconds of audio per {_period(rate)} is used up; "
                    f"it begins anew in {duration(wait_s)}",
                    retry_after_s=wait_s,
                    said=headers,
                )
            said.append((left_ms, headers))
        return min(said, key=lambda one: one[0])[1] if said else {}

    async def _hit(self, client: Client, limits: Sequence[RateLimitItem]) -> Mapping[str, str]:
        said: list[tuple[int, Mapping[str, str]]] = []
        if len(limits) > 1:
            for rate in limits:
                if not await self._requests.test(rate, "requests", client.account):
                    raise await self._refusal(rate, client)
        for rate in limits:
            if not await self._requests.hit(rate, "requests", client.account):
                raise await self._refusal(rate, client)
            reset, left = await self._requests.get_window_stats(rate, "requests", client.account)
            said.append((left, _headers("requests", rate.amount, left, max(0.0, reset - time.time()))))
        return min(said, key=lambda one: one[0])[1] if said else {}

    async def _refusal(self, rate: RateLimitItem, client: Client) -> RateLimitedError:
        reset, left = await self._requests.get_window_stats(rate, "requests", client.account)
        wait_s = max(0.0, reset - time.time()) + _JUST_AFTER_S
        return RateLimitedError(
            f"More than {rate.amount} requests per {_period(rate)}; try again in {duration(wait_s)}",
            retry_after_s=wait_s,
            said=_headers("requests", rate.amount, left, wait_s),
        )

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Let the storage take its time, and leave it alone for a while after it failed.

        Raises:
            _StorageFailedError: it did not answer, or is left alone.
        """
        if time.monotonic() < self._asleep_until:
            raise _StorageFailedError
        try:
            async with asyncio.timeout(self.config.timeout_s):
                yield
        except self._failures as error:
            self._asleep_until = time.monotonic() + self.config.retry_after_s
            log.warning(
                "limits_unavailable",
                error=f"{type(error).__name__}: {error}",
                requests=self.config.when_unavailable,
                retry_after_s=self.config.retry_after_s,
            )
            raise _StorageFailedError from error


class _StorageFailedError(Exception):
    pass


def duration(seconds: float) -> str:
    """Seconds as OpenAI's headers write them: `120ms`, `7s`, `6m0s`, `2h0m5s`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}ms"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _headers(kind: str, limit: int, left: int, reset_s: float) -> Mapping[str, str]:
    return {
        f"x-ratelimit-limit-{kind}": str(limit),
        f"x-ratelimit-remaining-{kind}": str(left),
        f"x-ratelimit-reset-{kind}": duration(reset_s),
    }


def _period(rate: RateLimitItem) -> str:
    unit = rate.GRANULARITY.name
    return unit if rate.multiples == 1 else f"{rate.multiples} {unit}s"


def _tuple(kinds: type[Exception] | tuple[type[Exception], ...]) -> tuple[type[Exception], ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)
