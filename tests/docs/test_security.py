"""`docs/security.md` against the code."""

import re
from pathlib import Path
from typing import get_args

import attrs
import pytest
from koe.api import ForbiddenError, KeyScope
from koe.settings import ServerSettings
from koe_auth.config import PUBLIC, AuthConfig
from koe_auth.errors import InvalidKeyError, MissingKeyError, MissingScopeError
from koe_limits.config import LimitsConfig, RateLimitConfig
from koe_limits.errors import LimitsUnavailableError, QuotaExceededError, RateLimitedError
from koe_limits.limiter import HEADERS

TEXT = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"\n##+ ", TEXT.split(f" {title}\n", 1)[1])[0]


def first_cells(text: str) -> set[str]:
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


@pytest.mark.parametrize(("title", "config"), [("API keys", AuthConfig), ("Limits", RateLimitConfig)])
def test_every_setting_is_listed(title, config):
    assert {field.name for field in attrs.fields(config)} <= first_cells(section(title))


def test_defaults_are_those_of_the_code():
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^`|]+)`? \|", section("Limits"), re.MULTILINE))
    defaults = RateLimitConfig()
    for name in (
        "requests",
        "storage",
        "prefix",
        "timeout_s",
        "when_unavailable",
        "ipv6_prefix",
        "max_clients",
    ):
        assert rows[name].strip() == str(getattr(defaults, name)), name
    assert {field.name for field in attrs.fields(LimitsConfig)} <= set(rows)


def test_every_scope_and_public_path_is_listed():
    assert first_cells(section("Scopes")) == set(get_args(KeyScope))
    assert set(PUBLIC) <= set(re.findall(r"`([^`]+)`", section("Scopes")))


@pytest.mark.parametrize("kind", [MissingKeyError, InvalidKeyError, MissingScopeError])
def test_refusals_stand_with_status_code_and_header(kind):
    error = kind("…")
    challenge = error.headers["www-authenticate"]
    row = rf"\| {kind.status} \| `{kind.code}` \|.*`{re.escape(challenge)}` \|"
    assert re.search(row, section("Refusals"))
    assert issubclass(MissingScopeError, ForbiddenError)


@pytest.mark.parametrize("kind", [RateLimitedError, QuotaExceededError, LimitsUnavailableError])
def test_limits_stand_with_their_status(kind):
    assert f"| {kind.status} | `{kind.code}` |" in section("Limits")


def test_every_header_is_listed():
    assert {name for name in first_cells(section("Limits")) if name.startswith("x-")} == set(HEADERS)


def test_the_keys_of_the_server_exist():
    known = {field.name for field in attrs.fields(ServerSettings)}
    assert set(re.findall(r"`server\.(\w+)", TEXT)) <= known
