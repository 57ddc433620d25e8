"""What every cache backend has to do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from koe.stages import CacheBackend

KEYS = tuple(f"{number:064x}" for number in range(20))


class CacheBackendConformance:
    """Subclass it in your tests, say which backend, and run pytest.

    The tests are coroutines: they need pytest-asyncio, with `asyncio_mode = "auto"`. The backend must hold
    some megabytes, and be empty at first.
    """

    @pytest.fixture
    def backend(self) -> CacheBackend:
        """The backend under test."""
        raise NotImplementedError("Override the fixture `backend`")

    @pytest.fixture
    async def opened(self, backend: CacheBackend) -> AsyncIterator[CacheBackend]:
        await backend.open()
        yield backend
        await backend.close()

    def test_it_has_a_name(self, backend: CacheBackend) -> None:
        assert backend.name

    async def test_what_was_put_can_be_got(self, opened: CacheBackend) -> None:
        await opened.put(KEYS[0], b"one")
        await opened.put(KEYS[1], b"two")

        assert await opened.get(KEYS[0]) == b"one"
        assert await opened.get(KEYS[1]) == b"two"

    async def test_a_key_that_was_never_put_has_no_value(self, opened: CacheBackend) -> None:
        assert await opened.get(KEYS[0]) is None

    async def test_the_last_value_of_a_key_wins(self, opened: CacheBackend) -> None:
        await opened.put(KEYS[0], b"one")
        await opened.put(KEYS[0], b"another")

        assert await opened.get(KEYS[0]) == b"another"
        assert (await opened.stats()).entries == 1

    @pytest.mark.parametrize("size", [0, 1, 65_537, 1_000_000])
    async def test_any_bytes_come_back_as_they_were(self, opened: CacheBackend, size: int) -> None:
        value = bytes(number % 251 for number in range(size))
        await opened.put(KEYS[0], value)

        assert await opened.get(KEYS[0]) == value

    async def test_clearing_leaves_nothing(self, opened: CacheBackend) -> None:
        for key in KEYS:
            await opened.put(key, b"something")
        await opened.clear()

        assert [await opened.get(key) for key in KEYS] == [None] * len(KEYS)
        assert (await opened.stats()).entries == 0

    async def test_stats_count_entries(self, opened: CacheBackend) -> None:
        for key in KEYS:
            await opened.put(key, bytes(1000))
        stats = await opened.stats()

        assert stats.entries == len(KEYS)
        assert stats.bytes >= 1000 * len(KEYS)

    async def test_calls_at_the_same_time_do_not_disturb_each_other(self, opened: CacheBackend) -> None:
        await asyncio.gather(*(opened.put(key, key.encode()) for key in KEYS))

        assert await asyncio.gather(*(opened.get(key) for key in KEYS)) == [key.encode() for key in KEYS]

    async def test_a_call_that_is_given_up_leaves_the_backend_in_order(self, opened: CacheBackend) -> None:
        await opened.put(KEYS[0], b"one")
        calls = [asyncio.ensure_future(opened.get(KEYS[0])) for _ in range(8)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.wait(calls)

        assert await opened.get(KEYS[0]) == b"one"

    async def test_a_claim_can_be_made_again_once_it_is_released(self, opened: CacheBackend) -> None:
        assert await opened.claim(KEYS[0], 30.0)
        await opened.release(KEYS[0])

        assert await opened.claim(KEYS[0], 30.0)

    async def test_claims_of_different_keys_are_independent(self, opened: CacheBackend) -> None:
        assert await opened.claim(KEYS[0], 30.0)
        assert await opened.claim(KEYS[1], 30.0)

    async def test_a_claim_is_no_value(self, opened: CacheBackend) -> None:
        await opened.claim(KEYS[0], 30.0)

        assert await opened.get(KEYS[0]) is None

    async def test_releasing_what_was_not_claimed_does_no_harm(self, opened: CacheBackend) -> None:
        await opened.release(KEYS[0])

    async def test_closing_twice_does_no_harm(self, backend: CacheBackend) -> None:
        await backend.open()
        await backend.close()
        await backend.close()
