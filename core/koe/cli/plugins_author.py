"""`koe plugins new` and `koe plugins check`: for those who write plugins."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from koe.author.checked import Checked, Told
from koe.cli.options import NO_OPTIONS, ConfigOptions, positive_seconds
from koe.cli.table import print_rows


def new(name: str, /, *, kind: str, directory: Path = Path()) -> int:
    """Write the distribution of a plugin that works: package, settings, tests, README.

    Parameters
    ----------
    name: str
        What the plugin is called in the config, such as my-words; the distribution becomes koe-my-words.
    kind: str
        format, normalizer, processor, engine, provider, cache, markup or routes.
    directory: Path
        Where the new folder is made.
    """
    from koe.author.names import PluginName
    from koe.author.writing import write_plugin

    folder, paths = write_plugin(PluginName.of(name), kind, directory)
    steps = (
        f"cd {shlex.quote(str(folder))}",
        'pip install -e ".[test]"',
        "python -m pytest",
        "koe plugins check .",
    )
    lines = [f"{folder}:", *(f"  {path}" for path in paths), "", "Next:", *(f"  {step}" for step in steps)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def check(
    target: str,
    /,
    *,
    json: bool = False,
    shared_caches: bool = False,
    timeout: float = 600.0,
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Run koe's conformance suite on a plugin, its components and its routes. It need not be enabled.

    Exits with 1 where a test fails or the check does not come to its end. Needs what the extra koe[testing]
    brings.

    Parameters
    ----------
    target: str
        An installed plugin's name, or the folder of a plugin's project.
    json: bool
        Print JSON, with the reason of every test that did not pass.
    shared_caches: bool
        Check cache backends that keep values outside of the process, too. This empties them.
    timeout: float
        Seconds after which the check of a plugin is ended, and has failed; where it was then is told.
    """
    from koe.author import checking

    checked = checking.check(
        target,
        options.config,
        options.set,
        shared_caches=shared_caches,
        timeout_s=positive_seconds("timeout", timeout),
    )
    if json:
        print_rows((), [attrs.asdict(one) for one in checked], as_json=True)
    else:
        _print(checked)
    return 1 if any(one.failed for one in checked) else 0


def _print(checked: Sequence[Checked]) -> None:
    columns = ("kind", "component", "passed", "failed", "skipped")
    rows = [
        {
            "kind": one.kind,
            "component": one.component,
            "passed": one.passed,
            "failed": len(one.failed),
            "skipped": len(one.skipped),
        }
        for one in checked
    ]
    print_rows(columns, rows, as_json=False)
    for one in checked:
        where = f"{one.kind} {one.component}"
        if one.unchecked:
            sys.stdout.write(f"{where} was not checked: {one.unchecked}\n")
        for test, told in _by_test(one.failed).items():
            times = f" ({len(told)} times)" if len(told) > 1 else ""
            sys.stdout.write(f"{where} failed {test}{times}: {_in_short(told[0].reason)}\n")


def _by_test(failed: Sequence[Told]) -> dict[str, list[Told]]:
    """The failures by test, whatever the parameters it ran with."""
    found: dict[str, list[Told]] = {}
    for told in failed:
        found.setdefault(told.test.partition("[")[0], []).append(told)
    return found


def _in_short(reason: str) -> str:
    """The first line, with the next one where it only announces that."""
    lines = [*map(str.strip, reason.removeprefix("AssertionError: ").splitlines()), "", ""]
    return f"{lines[0]} {lines[1]}" if lines[0].endswith(":") else lines[0]
