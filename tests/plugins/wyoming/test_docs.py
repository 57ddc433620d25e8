"""`docs/integrations/home-assistant.md` against the code."""

import re
import tomllib
from pathlib import Path

import attrs
from koe.structure import structure
from koe_wyoming import WyomingConfig, WyomingPlugin, connection, errors

from tests.plugins.wyoming.helpers import wyoming_server

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/integrations/home-assistant.md").read_text(encoding="utf-8")


def rows(section):
    text = PAGE.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| `.*$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found]


def test_every_setting_is_listed_with_its_default():
    listed = {
        cells[0].strip("`"): tomllib.loads(f"x = {cells[1].strip('`')}")["x"] for cells in rows("Settings")
    }
    assert attrs.asdict(WyomingConfig()) == listed


def test_every_event_is_listed():
    assert set(connection._HANDLERS) == {cells[0].strip("`") for cells in rows("Events")}


def test_every_code_of_the_plugin_s_own_is_listed():
    own = {errors.BadEventError.code, errors.IdleClientError.code, errors.StoppingError.code}
    assert own == {cells[0].strip("`") for cells in rows("Errors")}


def test_the_shown_config_is_one():
    shown = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0])
    defaults = tomllib.loads((ROOT / "config/default.toml").read_text(encoding="utf-8"))
    assert shown["plugins"]["enabled"] == [*defaults["plugins"]["enabled"], "wyoming"]
    assert structure(shown["plugins"]["wyoming"], WyomingPlugin.Config) == WyomingConfig(host="0.0.0.0")


async def test_the_default_is_reached_from_this_machine_alone():
    assert WyomingConfig().host == "127.0.0.1"
    with wyoming_server() as server:
        assert server.port
