"""`koe config`: what is configured, and where each value comes from."""

from cyclopts import App

from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.config import effective, to_toml
from koe.plugins import load

app = App(name="config", help="Show and check the configuration.")


@app.command
def show(*, options: ConfigOptions = NO_OPTIONS) -> int:
    """Print every key's effective value with its source, as TOML that can be used as a config file."""
    configuration = options.load()
    registry = load(configuration)
    configs = {loaded.name: loaded.config for loaded in registry.plugins}
    print(to_toml(effective(configuration, configs)), end="")  # noqa: T201 - the command's output
    return 0


@app.command
def check(*, options: ConfigOptions = NO_OPTIONS) -> int:
    """Check the configuration and load the enabled plugins; all mistakes are listed, exit code 2."""
    registry = load(options.load())
    print(f"The configuration is valid; {len(registry.plugins)} plugins are active.")  # noqa: T201
    return 0
