"""`koe plugins`: what is installed, what is enabled, what each one registers; and the author's commands."""

from importlib.metadata import EntryPoint
from typing import Any

from cyclopts import App

from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.cli.plugins_author import check, new
from koe.cli.table import print_rows
from koe.collect import KINDS
from koe.errors import ConfigError, InvalidRequestError
from koe.plugins import installed, load, not_installed, of_other_versions
from koe.registry import PluginState, Registry

app = App(name="plugins", help="List plugins, show what they register, write and check your own.")
app.command(new)
app.command(check)

INCOMPATIBLE = "incompatible"
"""The state of a plugin that is built for another major version of the hook API."""


@app.command(name="list")
def list_plugins(*, json: bool = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """List every installed plugin, its state and the hook API it is built for.

    Plugins that are not enabled are not imported; those for another API are incompatible.

    Parameters
    ----------
    json: bool
        Print JSON.
    """
    configuration = options.load()
    try:
        states = {state.name: state for state in load(configuration).states}
        problem = None
    except ConfigError as error:
        states, problem = {}, error
    enabled = configuration.settings.plugins.enabled
    rows = [
        *(
            _row(name, entries[0], states.get(name), enabled=name in enabled)
            for name, entries in installed().items()
        ),
        *(
            {**_row(name, entries[0], None, enabled=False), "state": INCOMPATIBLE}
            for name, entries in of_other_versions().items()
        ),
    ]
    print_rows(("name", "state", "distribution", "version", "api"), rows, as_json=json)
    if problem is not None:
        raise problem
    return 0


@app.command
def show(name: str, /, *, json: bool = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """Show what an enabled plugin registers.

    Parameters
    ----------
    name: str
        The plugin's name, as in `koe plugins list`.
    json: bool
        Print JSON.
    """
    registry = load(options.load())
    if name not in {loaded.name for loaded in registry.plugins}:
        raise InvalidRequestError(_why_not(name, registry))
    print_rows(("kind", "component"), _registered(name, registry), as_json=json)
    return 0


def _row(name: str, entry: EntryPoint, state: PluginState | None, *, enabled: bool) -> dict[str, Any]:
    return {
        "name": name,
        "state": state.state if state else "enabled" if enabled else "disabled",
        "distribution": entry.dist.name if entry.dist else "",
        "version": entry.dist.version if entry.dist else "",
        "api": entry.group,
        "error": state.error if state else None,
    }


def _registered(name: str, registry: Registry) -> list[dict[str, Any]]:
    return [
        {"kind": kind.removesuffix("s").replace("_", " "), "component": component}
        for kind in KINDS
        for component, owned in getattr(registry, kind).items()
        if owned.plugin == name
    ]


def _why_not(name: str, registry: Registry) -> str:
    failed = next((state for state in registry.states if state.name == name), None)
    if failed is not None:
        return f"Plugin {name!r} failed to load: {failed.error}"
    if name in installed():
        return (
            f"Plugin {name!r} is installed but not enabled; "
            f"add --enable {name}, or list it in plugins.enabled in the config"
        )
    said = not_installed(name)
    return said[0].upper() + said[1:]
