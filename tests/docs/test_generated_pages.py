"""docs/configuration-plugins.md and docs/cli.md are what `python -m koe.reference` writes, and complete."""

from pathlib import Path

import pytest
from koe import reference_cli, reference_plugins
from koe.reference_cli import CONFIGURATION, commands
from koe.reference_plugins import built_ins, keys_of

ROOT = Path(__file__).parents[2]
BUILT_INS = list(built_ins(ROOT))
COMMANDS = list(commands(ROOT))


@pytest.mark.parametrize("kind", [reference_plugins, reference_cli])
def test_the_page_is_up_to_date(kind):
    written = (ROOT / kind.PAGE).read_text(encoding="utf-8")
    assert written == kind.page(ROOT), "run `python -m koe.reference` in the source tree"


def test_every_key_of_every_plugin_has_a_meaning():
    keys = [(one.name, key) for one in BUILT_INS if one.plugin.Config for key in keys_of(one.plugin.Config)]
    assert len(keys) > 100
    assert [(name, key.path) for name, key in keys if not key.meaning] == []


def test_every_plugin_s_config_says_what_it_is_for():
    assert [one.name for one in BUILT_INS if one.plugin.Config and not one.plugin.Config.__doc__] == []


def test_every_command_argument_and_option_has_a_meaning():
    assert len(COMMANDS) > 20
    assert [command.words for command in COMMANDS if not command.about] == []
    told = [
        (*command.words, one.name, one.parameter.help) for command in COMMANDS for one in command.arguments
    ]
    assert [words[:-1] for words in told if not words[-1]] == []


def test_the_options_of_the_configuration_are_listed_once():
    page = (ROOT / reference_cli.PAGE).read_text(encoding="utf-8")
    assert [page.count(f"\n| `{name}` |") for name in CONFIGURATION] == [1, 1, 1, 1]
