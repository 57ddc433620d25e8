"""What docs/caching.md says, against the code."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import attrs
from koe.cli.cache import app
from koe.config import load, structure_plugin_config
from koe.settings import CacheSettings
from koe.types import CacheUse
from koe_cache import CacheConfig, CachePlugin
from koe_cache.routes import SCOPE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "caching.md").read_text(encoding="utf-8")


def test_the_example_is_a_configuration_without_mistakes(tmp_path):
    file = tmp_path / "koe.toml"
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file.write_text(example, encoding="utf-8")
    configuration = load([file])
    config, problems = structure_plugin_config(configuration, "cache", CacheConfig)
    assert (configuration.problems, problems) == ((), [])
    assert configuration.settings.cache.tiers == ("memory", "disk")
    assert config.disk.max_bytes == 4_000_000_000


def test_every_tier_is_described():
    backends = {backend.name: backend for backend in CachePlugin().register_cache_backends()}
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? \| .*? \| (\w+)", PAGE, re.MULTILINE))
    assert {name: said != "nobody" for name, said in rows.items()} == {
        name: backend.shared for name, backend in backends.items()
    }


def test_every_key_of_the_core_that_is_named_exists_and_the_other_way_round():
    named = set(re.findall(r"`cache\.(\w+)", PAGE))
    assert named == {field.name for field in attrs.fields(CacheSettings)}


def test_the_plugin_s_keys_are_named():
    for name, table in attrs.asdict(CacheConfig()).items():
        for key in table:
            assert f"`plugins.cache.{name}.{key}`" in PAGE, key


def test_every_value_of_the_request_s_field_is_described():
    assert re.findall(r"^\| `(\w+)`(?: \(default\))? \| (?:yes|no) \|", PAGE, re.MULTILINE) == list(
        get_args(CacheUse)
    )


def test_the_commands_exist():
    commands = set(re.findall(r"^\$ koe cache (\w+)", PAGE, re.MULTILINE))
    assert commands == {name for name in app if not name.startswith("-")}


def test_the_scope_is_named():
    assert f"the scope `{SCOPE}`" in PAGE


def test_the_extras_exist():
    project = tomllib.loads((ROOT / "plugins/cache/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "redis" in project["optional-dependencies"]
    server = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "cache" in server["optional-dependencies"]
