"""`koe plugins`: what is installed, what is enabled, what each one registers."""

from typing import Any

from cyclopts import App

from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.cli.table import print_rows
from koe.errors import ConfigError, InvalidRequestError
from koe.plugins import installed, load
from koe.registry import Registry
from koe.spelling import nearest

app = App(name="plugins", help="List plugins and show what they register.")

_KINDS = (
    "markup_parsers",
    "normalizers",
    "phonemizers",
    "engines",
    "execution_providers",
    "audio_processors",
    "formats",
    "cache_backends",
)


@app.command(name="list")
def list_plugins(*, json: bool = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """List every installed plugin and its state. Plugins that are not enabled are not imported.

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
        {
            "name": name,
            "state": states[name].state if name in states else ("enabled" if name in enabled else "disabled"),
            "distribution": entries[0].dist.name if entries[0].dist else "",
            "version": entries[0].dist.version if entries[0].dist else "",
            "error": states[name].error if name in states else None,
        }
        for name, entries in installed().items()
    ]
    print_rows(("name", "state", "distribution", "version"), rows, as_json=json)
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


def _registered(name: str, registry: Registry) -> list[dict[str, Any]]:
    return [
        {"kind": kind.removesuffix("s").replace("_", " "), "component": component}
        for kind in _KINDS
        for component, owned in getattr(registry, kind).items()
        if owned.plugin == name
    ]


def _why_not(name: str, registry: Registry) -> str:
    failed = next((state for state in registry.states if state.name == name), None)
    if failed is not None:
        return f"Plugin {name!r} failed to load: {failed.error}"
    known = installed()
    if name in known:
        return (
            f"Plugin {name!r} is installed but not enabled; "
            f"add --enable {name}, or list it in plugins.enabled in the config"
        )
    near = nearest(name, known)
    guess = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"Plugin {name!r} is not installed{guess} (installed: {', '.join(known)})"
