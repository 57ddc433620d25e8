"""`koe plugins`: what is installed, what is enabled, what each one registers; and the author's commands."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

from cyclopts import App

from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.cli.plugins_author import check, new
from koe.cli.table import print_rows
from koe.collect import KINDS
from koe.errors import ConfigError, InvalidRequestError
from koe.hooks import overrides
from koe.plugins import installed, load, not_installed, of_other_versions
from koe.registry import PluginState, Registry

app = App(name="plugins", help="List plugins, show what they register, write and check your own.")
app.command(new)
app.command(check)

INCOMPATIBLE = "incompatible"
"""The state of a plugin that is built for another major version of the hook API."""
_HOOKS = ("register_routes", "lifespan", "segment_synthesized", "request_finished")
"""What a plugin registers or does only once a server runs."""


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
    """Show what an enabled plugin registers, and which hooks it has for a running server.

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
    rows = [{"kind": kind, "component": component} for kind, component in _registered(name, registry)]
    print_rows(("kind", "component"), rows, as_json=json)
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


def _registered(name: str, registry: Registry) -> Iterator[tuple[str, str]]:
    """Kinds and names: of components, of what has no name its class, and the hooks that are called later."""
    for kind in KINDS:
        for component, owned in getattr(registry, kind).items():
            if owned.plugin == name:
                yield kind.removesuffix("s").replace("_", " "), component
    for middleware in registry.middleware:
        if middleware.plugin == name:
            yield "middleware", getattr(middleware.component.cls, "__name__", repr(middleware.component.cls))
    for command in registry.commands:
        if command.plugin == name:
            yield "command", " ".join(command.component.name)
    (plugin,) = (loaded.plugin for loaded in registry.plugins if loaded.name == name)
    yield from (("hook", hook) for hook in _HOOKS if overrides(plugin, hook))


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
