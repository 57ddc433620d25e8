"""docs/g2p.md says what the plugin's config and its phonemizer are."""

import re
import tomllib
from pathlib import Path

from attrs import fields
from koe.settings import PipelineSettings, PluginsSettings
from koe.testing.build import registry_of
from koe_g2p import G2pConfig, G2pPlugin
from koe_g2p.config import LANGUAGES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/g2p.md").read_text(encoding="utf-8")


def test_every_key_is_documented_with_its_default():
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \| .+ \|$", PAGE, re.MULTILINE))
    config = G2pConfig()
    documented = {key: tomllib.loads(f"key = {value}")["key"] for key, value in rows.items() if key != "ja"}
    defaults = {one.name: getattr(config, one.name) for one in fields(G2pConfig)}
    assert documented == {**defaults, "languages": list(defaults["languages"])}


def test_the_documented_pipeline_is_the_default_and_names_what_is_registered():
    config = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0])
    assert "g2p" in PluginsSettings().enabled
    assert tuple(config["pipeline"]["phonemize"]) == PipelineSettings().phonemize
    assert config["pipeline"]["phonemize"][0] in registry_of(G2pPlugin()).phonemizers


def test_every_language_is_in_the_table():
    table = PAGE[PAGE.index("| language |") : PAGE.index("All other languages")]
    assert all(f"`{language}`" in table for language in LANGUAGES)


def test_the_extras_it_names_exist():
    project = tomllib.loads((ROOT / "plugins/g2p/pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"koe-g2p\[(\w+)\]", PAGE)) | {"ja"}
    assert named == set(project["optional-dependencies"])
