from pathlib import Path
from typing import Annotated

import pytest
from cyclopts import App, Parameter
from koe.cli.main import build_app
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.reference_cli import CONFIGURATION, below, commands, section

ROOT = Path(__file__).parents[2]


@pytest.fixture
def toy():
    app = App(name="toy", help="Toys.")

    @app.command
    def play(
        game: str,
        /,
        *,
        times: int = 3,
        loud: bool = False,
        with_: Annotated[tuple[str, ...], Parameter(name="--with", help="Who a|b.")] = ("me",),
        options: ConfigOptions = NO_OPTIONS,
    ) -> int:
        """Play a
        game.

        As long as it takes.

        Parameters
        ----------
        game: str
            Which one.
        times: int
            How often.
        """
        raise NotImplementedError(game, times, loud, with_, options)

    @app.command
    def rest() -> int:
        """Rest.

        Args:
            nothing: at all.
        """
        raise NotImplementedError

    return app


def test_a_command_is_shown_with_its_arguments_and_options(toy):
    play, _ = below(toy, ("koe", "toy"))
    assert section(play) == (
        "\n## `koe toy play GAME` †\n\n"
        "Play a game.\n\n"
        "As long as it takes.\n\n"
        "| argument or option | takes | default | meaning |\n|---|---|---|---|\n"
        "| `GAME` | a string | required | Which one. |\n"
        "| `--times` | an integer | `3` | How often. |\n"
        "| `--loud`, `--no-loud` | nothing |  |  |\n"
        "| `--with`, `--empty-with` | a string; may be repeated | `me` | Who a\\|b. |\n"
    )


def test_a_command_without_arguments_has_no_table_and_its_plugin_is_named(toy):
    _, rest = below(toy, ("koe", "toy"), "toys")
    assert not rest.configured
    assert section(rest) == "\n## `koe toy rest`\n\nOf the plugin `toys`, where it is enabled. Rest.\n"


def test_every_command_is_found():
    found = {command.words: command for command in commands(ROOT)}
    assert {words[1] for words, command in found.items() if not command.plugin} == {
        name for name in build_app() if not name.startswith("-")
    }
    assert ("koe", "plugins", "show") in found
    assert found["koe", "auth", "new"].plugin == "auth"
    assert all(name in {one.name for one in found["koe", "serve"].arguments} for name in CONFIGURATION)
