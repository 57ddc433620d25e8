"""config/production.toml is a config to start a server with, which keeps strangers out."""

import re
import signal
import tomllib
from pathlib import Path

import attrs
import httpx
import pytest
from koe.config import load as load_config
from koe.plugins import installed
from koe.plugins import load as load_plugins
from koe.testing.tiny_model import write_tiny_model

from tests.plugins.auth.build import KeyChain
from tests.plugins.cache.redis_process import free_port
from tests.server.harness import PATIENCE_S
from tests.server.live import KoeServer

ROOT = Path(__file__).parents[2]
PRODUCTION = ROOT / "config/production.toml"
TEXT = PRODUCTION.read_text(encoding="utf-8")
SPEECH = "/v1/audio/speech"
BODY = {"input": "Nobody but me reads this.", "response_format": "wav"}


@pytest.fixture(scope="module")
def keys():
    return KeyChain(alice="speech", root="admin speech")


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def server(keys, metrics_port, tmp_path_factory):
    """What the service runs, with another model, other folders and free ports."""
    folder = tmp_path_factory.mktemp("production")
    keys.write(folder / "keys.toml", *keys)
    places = {
        "plugins.kokoro.dir": write_tiny_model(folder / "models").dir,
        "plugins.cache.disk.path": folder / "cache/segments.sqlite3",
    }
    (folder / "cache").mkdir()
    options = [f'--set={key}="{path}"' for key, path in places.items()]
    with KoeServer(
        *("--config", str(PRODUCTION), *options, f"--set=plugins.metrics.port={metrics_port}"),
        KOE_PLUGINS__AUTH__KEYS_FILE=str(folder / "keys.toml"),
    ) as server:
        yield server.ready()


def test_every_key_exists_and_every_value_is_allowed():
    configuration = load_config([PRODUCTION])
    assert configuration.problems == ()
    loaded = {plugin.name for plugin in load_plugins(configuration).plugins}
    assert loaded == set(configuration.settings.plugins.enabled)


def test_it_decides_what_operators_have_to_decide():
    settings = load_config([PRODUCTION]).settings
    assert settings.engine.default == "kokoro", "a server that speaks with another voice than meant"
    assert (settings.log.format, settings.log.texts) == ("json", False)
    assert settings.cache.tiers == ("memory", "disk")
    assert not settings.http.docs
    tree = tomllib.loads(TEXT)
    assert {"certfile", "keyfile"}.isdisjoint(tree["server"]), "TLS is the proxy's"
    assert {"host", "workers", "drain_timeout_s", "trusted_proxies", "header_timeout_s"} <= set(
        tree["server"]
    )
    assert {"max_characters", "max_body_bytes", "max_concurrent", "max_queued"} <= set(tree["limits"])


def test_it_holds_no_secrets():
    """Nothing that is kept secret is set, and nothing looks like a key or a password."""
    registry = load_plugins(load_config([PRODUCTION]))
    secrets = {
        f"{plugin.name}.{field.name}": getattr(plugin.config, field.name)
        for plugin in registry.plugins
        if plugin.config is not None
        for field in attrs.fields(type(plugin.config))
        if "Secret" in str(field.type)
    }
    assert {name: value.reveal() for name, value in secrets.items()} == {"ratelimit.storage": "memory"}
    values = re.sub(r"^\s*#.*$", "", TEXT, flags=re.MULTILINE)
    assert not re.search(r"koe_[\w-]{20}|sha256:|://[^\s\"]*@", values)
    assert not load_config([PRODUCTION]).plugin_table("auth").get("keys")


def test_its_first_lines_install_what_it_enables():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    always = {line.partition(" ")[0] for line in project["dependencies"]}
    (named,) = re.findall(r"pip install '\.\[([\w,]+)\]'", TEXT)
    extras = [project["optional-dependencies"][extra] for extra in named.split(",")]
    brought = {line.partition(" ")[0] for extra in extras for line in extra}
    enabled = load_config([PRODUCTION]).settings.plugins.enabled
    owners = {entry.dist.name for name in enabled for entry in installed()[name] if entry.dist is not None}
    assert owners - always == brought


def test_a_request_without_a_key_is_refused(server):
    answer = httpx.post(server.url + SPEECH, json=BODY, timeout=PATIENCE_S)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.get(server.url + "/v1/capabilities", timeout=PATIENCE_S).status_code == 401


def test_a_request_with_a_key_is_answered_counted_and_kept(server, keys):
    answer = httpx.post(server.url + SPEECH, json=BODY, headers=keys.header("alice"), timeout=PATIENCE_S)
    assert (answer.status_code, answer.headers["koe-engine"]) == (200, "kokoro")
    assert answer.headers["x-ratelimit-limit-requests"] == "120"
    assert answer.headers["koe-cache"] in {"miss", "hit"}


def test_a_key_for_speech_operates_nothing(server, keys):
    url = server.url + "/v1/cache"
    assert httpx.get(url, headers=keys.header("alice"), timeout=PATIENCE_S).status_code == 403
    kept = httpx.get(url, headers=keys.header("root"), timeout=PATIENCE_S)
    assert [tier["name"] for tier in kept.json()["tiers"]] == ["memory", "disk"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v1/models", "/v1/audio/voices", "/v1/"])
def test_what_clients_and_load_balancers_ask_first_is_open(server, path):
    assert server.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics"])
def test_what_is_not_for_the_world_is_not_there(server, path):
    assert server.get(path).status_code == 404


def test_metrics_are_on_their_own_port(server, metrics_port):
    answer = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=PATIENCE_S)
    assert answer.status_code == 200
    assert "koe_requests_total" in answer.text


def test_answers_carry_security_headers(server):
    headers = server.get("/v1/models").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    behind = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
    said = httpx.get(server.url + "/v1/models", headers=behind, timeout=PATIENCE_S).headers
    assert said["strict-transport-security"] == "max-age=31536000"


def test_at_the_end_it_drains_and_nothing_went_wrong(server, keys):
    """Last: it stops the server."""
    server.signal(signal.SIGTERM)
    assert server.exit_code() == 0
    logged = server.logged()
    assert '"level": "error"' not in logged
    assert "Traceback" not in logged
    for secret in (*keys.values(), BODY["input"]):
        assert secret not in logged
