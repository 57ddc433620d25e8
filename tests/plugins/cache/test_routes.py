"""`/v1/cache` is for operators alone."""

import httpx
import pytest
from attrs import evolve
from koe.api import ForbiddenError, Plugin, hookimpl
from koe.settings import CacheSettings
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakeEngine, FakePlugin
from koe_cache import CachePlugin
from koe_cache.routes import check_admin
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request

from tests.server.live import live

SETTINGS = evolve(FAKE_SETTINGS, cache=CacheSettings())


class Keys(AuthenticationBackend):
    async def authenticate(self, conn):
        scopes = conn.headers.get("x-scopes")
        return None if scopes is None else (AuthCredentials(scopes.split()), SimpleUser("somebody"))


class AuthPlugin(Plugin):
    @hookimpl
    def register_middleware(self):
        return [Middleware(AuthenticationMiddleware, backend=Keys())]


def test_it_tells_what_is_cached_and_empties_it():
    engine = FakeEngine()
    with live(FakePlugin(engine), CachePlugin(), settings=SETTINGS) as server:
        body = {"input": "One two. Three.", "response_format": "wav"}
        for _ in range(2):
            httpx.post(f"{server.url}/v1/audio/speech", json=body).raise_for_status()
        url = f"{server.url}/v1/cache"
        report = httpx.get(url).json()
        (tier,) = report["tiers"]
        assert (tier["name"], tier["plugin"], tier["state"]) == ("memory", "CachePlugin", "ok")
        assert tier["stats"]["entries"] == report["misses"] == 2
        assert (report["answers"]["entries"], report["answers"]["hits"]) == (1, 1)
        emptied = httpx.delete(url)
        assert emptied.headers["cache-control"] == "no-store"
        assert emptied.json()["tiers"][0]["stats"]["entries"] == emptied.json()["answers"]["entries"] == 0
        httpx.post(f"{server.url}/v1/audio/speech", json=body).raise_for_status()
    assert len(engine.spoken) == 4


def test_it_is_described():
    with live(FakePlugin(), CachePlugin(), settings=SETTINGS) as server:
        described = httpx.get(f"{server.url}/openapi.json").json()["paths"]["/v1/cache"]
    assert set(described) == {"get", "delete"}
    assert "403" in described["delete"]["responses"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_with_authentication_the_scope_admin_decides(method):
    with live(FakePlugin(), CachePlugin(), AuthPlugin(), settings=SETTINGS) as server:
        url = f"{server.url}/v1/cache"
        statuses = [
            httpx.request(method, url, headers=headers).status_code
            for headers in ({}, {"x-scopes": "speak"}, {"x-scopes": "speak admin"})
        ]
    assert statuses == [403, 403, 200]


def test_a_proxy_on_the_same_machine_speaks_for_others():
    with live(FakePlugin(), CachePlugin(), settings=SETTINGS) as server:
        answer = httpx.get(f"{server.url}/v1/cache", headers={"x-forwarded-for": "203.0.113.9"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"


def _request(host, headers=()):
    client = None if host is None else (host, 1234)
    return Request({"type": "http", "headers": [(name, b"x") for name in headers], "client": client})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_may(host):
    check_admin(_request(host))


@pytest.mark.parametrize("host", ["192.168.1.2", "2001:db8::1", "::ffff:10.0.0.1", "localhost", "", None])
def test_others_may_not(host):
    with pytest.raises(ForbiddenError):
        check_admin(_request(host))


@pytest.mark.parametrize("header", [b"forwarded", b"x-forwarded-for", b"x-real-ip"])
def test_those_behind_a_proxy_may_not(header):
    with pytest.raises(ForbiddenError):
        check_admin(_request("127.0.0.1", [header]))
