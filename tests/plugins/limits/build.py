"""Servers with limits for the tests."""

from contextlib import contextmanager

from attrs import evolve
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin
from koe_limits.config import RateLimitConfig
from koe_limits.plugin import RateLimitPlugin

from tests.server.live import live

SPEECH = "/v1/audio/speech"
BODY = {"input": "hello", "response_format": "wav"}
LOCAL = evolve(FAKE_SETTINGS, server=evolve(FAKE_SETTINGS.server, trusted_proxies=("127.0.0.1",)))
"""Believes a proxy on this machine."""


@contextmanager
def limited(*plugins, settings=FAKE_SETTINGS, **options):
    """A server with these limits; `plugins` come before the one that counts."""
    config = RateLimitConfig(**options)
    with live(FakePlugin(), *plugins, RateLimitPlugin(config), settings=settings) as server:
        yield server


def asked(client, times=1, **options):
    """The statuses of that many requests."""
    return [client.post(SPEECH, json=BODY, **options).status_code for _ in range(times)]
