from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from attrs import field, frozen
from attrs.validators import ge, le
from koe.errors import ConfigError
from koe.hooks import Plugin
from koe.reference_plugins import BuiltIn, PluginKey, built_ins, keys_of, section
from koe.secret import Secret, SecretUrl

ROOT = Path(__file__).parents[2]


@frozen
class Inner:
    """Of one.

    Attributes:
        token: that
            nobody sees.
    """

    token: Secret


@frozen
class Config:
    """`[plugins.toy]`: what a toy does.

    More of it.

    Attributes:
        size: how large, or `a|b`.
        url: where.
        token: what.
        by_name: by name.
        by_scope: by scope.
    """

    inner: Inner
    size: int | None = field(default=None)
    url: SecretUrl = field(default=SecretUrl("redis://me:secret@here"))
    token: Secret = field(default=Secret("hush"))
    by_name: Mapping[str, Inner] = field(factory=dict)
    by_scope: Mapping[Literal["a", "b"], int] = field(factory=dict)
    share: float = field(default=0.5, validator=[ge(0), le(1)])


class ToyPlugin(Plugin):
    Config = Config


def test_keys_of_inner_classes_have_dotted_names():
    assert [key.path for key in keys_of(Config)] == [
        "inner.token", "size", "url", "token", "by_name", "by_name.<name>.token", "by_scope", "share",
    ]  # fmt: skip


def test_a_key_without_a_default_is_required():
    (token,) = keys_of(Inner)
    assert token == PluginKey("token", "a string", None, "that nobody sees.")
    assert token.row == "| `token` | a string | required | that nobody sees. |\n"


def test_no_secret_is_shown():
    defaults = {key.path: key.default for key in keys_of(Config)}
    assert defaults["url"] == '"redis://***@here"'
    assert defaults["token"] == '"(hidden)"'
    assert "hush" not in section(BuiltIn("toy", "koe-toy", ToyPlugin))


def test_limits_and_names_stand_beside_the_type():
    takes = {key.path: key.takes for key in keys_of(Config)}
    assert takes["share"] == "a number from 0 to 1"
    assert takes["by_scope"] == "a mapping of names to integers, names out of 'a', 'b'"


def test_a_section_has_the_summary_and_a_row_for_each_key():
    text = section(BuiltIn("toy", "koe-toy", ToyPlugin))
    assert text.startswith("\n## `[plugins.toy]`\n\nDistribution `koe-toy`. What a toy does.\n\n| key |")
    assert "| `size` | an integer or null | not set | how large, or `a\\|b`. |\n" in text
    assert text.count("\n| `") == 8


def test_a_plugin_without_settings_says_so():
    assert "no keys of its own" in section(BuiltIn("toy", "koe-toy", Plugin))


def test_every_declared_plugin_is_a_built_in():
    found = {built_in.name: built_in.distribution for built_in in built_ins(ROOT)}
    assert list(found) == sorted(found)
    assert found["kokoro"] == "koe"
    assert found["ratelimit"] == "koe-limits"
    assert "bleep" not in found


def test_a_plugin_that_is_not_installed_is_an_error(tmp_path):
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.entry-points."koe.v1"]\nnobody = "x:X"\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="plugin 'nobody' of this tree is not installed"):
        list(built_ins(tmp_path))
