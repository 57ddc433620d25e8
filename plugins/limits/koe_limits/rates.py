"""Rates as text: `60/minute`, `10/second; 5000/day`, `100/2 hours`."""

from collections.abc import Sequence
from typing import Any

from limits import RateLimitItem, parse_many

MOST = 1_000_000_000


def rates(text: str) -> Sequence[RateLimitItem]:
    """Every rate in `text`; none where it is empty. Raises `ValueError`."""
    if not text.strip():
        return ()
    try:
        found = parse_many(text)
    except ValueError:
        found = []
    if not found or any(not 1 <= one.amount <= MOST for one in found):
        raise ValueError("expected rates such as '60/minute' or '10/second; 5000/day', each at least 1")
    return found


def check_rates(_: Any, _attribute: Any, value: str | None) -> None:
    """The validator."""
    if value is not None:
        rates(value)


def thousandfold(rate: RateLimitItem) -> RateLimitItem:
    """The same rate in thousandths, which fractions of a second can be counted in."""
    return type(rate)(rate.amount * 1000, rate.multiples, rate.namespace)
