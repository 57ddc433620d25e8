"""The parts behind the middleware."""

import asyncio

import pytest
from attrs import evolve
from koe.api import ConfigError, SecretUrl, StructureError, structure
from koe_limits.allowances import Allowances
from koe_limits.clients import Client, network
from koe_limits.config import RateLimitConfig
from koe_limits.errors import RateLimitedError
from koe_limits.limiter import Limiter, duration
from koe_limits.rates import rates
from koe_limits.storage import opened

ALICE = Client("key:alice", "alice", frozenset({"speech"}))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.12, "120ms"),
        (1, "1s"),
        (59.6, "1m0s"),
        (360, "6m0s"),
        (3605, "1h0m5s"),
        (7322, "2h2m2s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_counts_as_what_one_client_has(address, account):
    assert network(address, 64) == account


@pytest.mark.parametrize("text", ["many", "0/minute", "-1/minute", "60", "60/fortnight", "9" * 12 + "/day"])
def test_what_is_no_rate_is_a_mistake_that_is_named(text):
    for key in ("requests", "audio_seconds"):
        with pytest.raises(StructureError, match=f"{key}: expected rates such as '60/minute'"):
            structure({key: text}, RateLimitConfig)


def test_rates_are_read_with_their_multiples():
    assert [(one.amount, one.get_expiry()) for one in rates("10/second; 100 per 2 hours")] == [
        (10, 1),
        (100, 7200),
    ]
    assert rates(" ") == ()


@pytest.mark.parametrize("url", ["memcached://x", "http://x", "", "127.0.0.1:6379"])
def test_only_memory_and_redis_can_be_counted_in(url):
    with pytest.raises(StructureError, match="storage: expected 'memory' or a URL"):
        structure({"storage": url}, RateLimitConfig)


async def test_a_senseless_url_is_a_mistake_that_does_not_quote_its_password():
    config = RateLimitConfig(storage=SecretUrl("redis://koe:pa:ss@host:port/zero"))
    with pytest.raises(ConfigError, match=r"redis://\*\*\*@host:port/zero") as wrong:
        async with opened(config):
            pass
    assert "pa:ss" not in str(wrong.value)


async def test_as_many_tasks_at_once_get_through_as_the_limit_allows():
    config = RateLimitConfig(requests="20/hour")
    async with opened(config) as storage:
        limiter = Limiter(config, Allowances(config), storage)
        outcomes = await asyncio.gather(*(limiter.admit(ALICE) for _ in range(60)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, RateLimitedError)]
    assert (len(outcomes) - len(refused), len(refused)) == (20, 40)


async def test_fractions_of_a_second_add_up():
    config = RateLimitConfig(requests="", audio_seconds="1/hour")
    async with opened(config) as storage:
        limiter = Limiter(config, Allowances(config), storage)
        for _ in range(9):
            await limiter.spend(ALICE, 0.1)
        said = await limiter.admit(ALICE)
        assert said["x-ratelimit-remaining-audio-seconds"] == "0"
        assert not limiter.exhausted(ALICE)
        await limiter.spend(ALICE, 0.1)
        assert limiter.exhausted(ALICE)
        with pytest.raises(RateLimitedError):
            await limiter.admit(ALICE)
        assert await limiter.admit(evolve(ALICE, account="key:bob")) != {}
