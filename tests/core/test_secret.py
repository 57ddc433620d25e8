"""Secrets of the configuration: structured, used, and never shown."""

from collections.abc import Mapping

import pytest
from attrs import field, frozen
from attrs.validators import max_len
from koe.config import effective, load, structure_plugin_config, to_toml
from koe.errors import InvalidRequestError
from koe.problems import StructureError
from koe.secret import HIDDEN, Secret, SecretUrl, guarded_plain
from koe.structure import structure, structure_body

TEXT = "s3cret-Zq9"


class Picky(Secret):
    def __init__(self, text: str) -> None:
        if not text.startswith("ok"):
            raise ValueError("expected something that begins with 'ok'")
        super().__init__(text)


@frozen
class Inner:
    token: Secret = field(default=Secret(""))


@frozen
class Config:
    one: Secret = field(default=Secret(""))
    url: SecretUrl = field(default=SecretUrl("memory"))
    many: tuple[Secret, ...] = ()
    named: Mapping[str, Inner] = field(factory=lambda: {"given": Inner(Secret(TEXT))})
    maybe: Secret | None = None
    picky: Picky = field(default=Picky("ok"))
    limited: tuple[Secret, ...] = field(default=(), validator=max_len(1))


def test_a_secret_is_a_string_that_only_those_who_ask_get():
    config = structure({"one": TEXT, "many": [TEXT], "maybe": TEXT}, Config)
    assert config.maybe is not None
    assert [config.one.reveal(), config.many[0].reveal(), config.maybe.reveal()] == [TEXT] * 3
    assert TEXT not in f"{config} {config!r} {config.one}"
    assert config.one == Secret(TEXT)
    assert config.one != SecretUrl(TEXT)


@pytest.mark.parametrize(
    "data",
    [
        {"one": [TEXT]},
        {"one": {"x": TEXT}},
        {"many": TEXT},
        {"many": [[TEXT]]},
        {"named": TEXT},
        {"named": {"x": TEXT}},
        {"named": {"x": {"token": [TEXT]}}},
        {"maybe": [TEXT]},
        {"picky": TEXT},
        {"limited": [TEXT, TEXT]},
        TEXT,
    ],
)
def test_no_mistake_quotes_what_was_given_where_secrets_are_wanted(data):
    with pytest.raises(StructureError) as wrong:
        structure(data, Config)
    assert TEXT not in str(wrong.value)
    with pytest.raises(InvalidRequestError) as refused:
        structure_body({"config": data}, Body, allow_unknown=False)
    assert TEXT not in str(refused.value)


@frozen
class Body:
    config: Config


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://koe:s3cret@host:6379/0", "redis://***@host:6379/0"),
        ("redis://:s3cret@host/0", "redis://***@host/0"),
        ("redis://koe:s3@cret@host/0", "redis://***@host/0"),
        ("redis://host/0?db=1&password=s3cret", "redis://host/0?db=1&password=***"),
        ("unix://koe:s3cret@/run/redis?ssl_keyfile=k&db=2", "unix://***@/run/redis?ssl_keyfile=k&db=2"),
        ("redis://host/0", "redis://host/0"),
        ("memory", "memory"),
    ],
)
def test_of_a_url_only_user_and_password_are_hidden(url, shown):
    assert str(SecretUrl(url)) == shown


def test_config_show_hides_them_and_defaults_keep_their_meaning():
    given = load(assignments=[f"plugins.x.one={TEXT}", f"plugins.x.url=redis://:{TEXT}@h/0"])
    config, problems = structure_plugin_config(given, "x", Config)
    assert problems == []
    assert config.named["given"].token.reveal() == TEXT
    shown = to_toml(effective(given, {"x": config}))
    assert TEXT not in shown
    assert f'one = "{HIDDEN}"' in shown
    assert 'url = "redis://***@h/0"' in shown


def test_tables_that_no_class_describes_are_shown_without_what_looks_secret():
    given = {
        "api_key": "a",
        "X-Api-Key": "k",
        "authorization": "Bearer",
        "hash": "b",
        "url": "x://u:p@h",
        "name": "n",
        "password": [1, "c"],
    }
    assert guarded_plain("", given) == {
        "api_key": HIDDEN,
        "X-Api-Key": HIDDEN,
        "authorization": HIDDEN,
        "hash": HIDDEN,
        "url": "x://***@h",
        "name": "n",
        "password": [1, HIDDEN],
    }
    shown = to_toml(effective(load(assignments=[f"plugins.off.token={TEXT}"]), {}))
    assert TEXT not in shown
