"""Runs the conformance suite on what plugins register, each plugin in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from koe.author.checked import Checked, Told
from koe.author.child import PLACE, SUITE, TESTS, Task
from koe.author.project import Project
from koe.errors import ConfigError, InvalidRequestError, KoeError
from koe.plugins import installed, not_installed

_NEEDED = ("pytest", "pytest_asyncio", "onnx")
_OUTPUT = "output.txt"
_LAST_CHARACTERS = 2_000
_CRASH = "Fatal Python error"
_MOST_FRAMES = 12
_TO_SAY_WHERE_S = 5.0
_LONGEST_S = 1e8
"""What timers take."""


def check(
    target: str,
    files: Sequence[Path] = (),
    assignments: Sequence[str] = (),
    *,
    shared_caches: bool = False,
    timeout_s: float,
) -> list[Checked]:
    """Check the installed plugin called `target`, or all plugins of the project in that folder.

    Each plugin has `timeout_s`.

    Raises:
        InvalidRequestError: there is neither, or what the suite needs is not installed.
        ConfigError: a plugin cannot be loaded.
        KoeError: the checking process died, or had to be ended because it did not come to its end.
    """
    _refuse_without_tools()
    with TemporaryDirectory(prefix="koe-check-") as made:
        folder = Path(made)
        plugins, path = _found(target, folder / "site")
        checked: list[Checked] = []
        for number, plugin in enumerate(plugins):
            own = folder / str(number)
            own.mkdir()
            absolute = tuple(str(file.resolve()) for file in files)
            at_most_s = min(timeout_s, _LONGEST_S) + 2 * _TO_SAY_WHERE_S
            Task(plugin, tuple(path), absolute, tuple(assignments), shared_caches, at_most_s).write(own)
            code = _run(plugin, own, timeout_s)
            checked.extend(_outcome(plugin, own, code))
    return checked


def _refuse_without_tools() -> None:
    missing = [module for module in _NEEDED if find_spec(module) is None]
    if missing:
        raise InvalidRequestError(
            f"Checking plugins needs {' and '.join(missing)}, not installed here; "
            f"install them with: pip install 'koe[testing]'"
        )


def _found(target: str, site: Path) -> tuple[list[str], list[str]]:
    """The names of the plugins that `target` means, and what is to stand first in `sys.path`."""
    if target in installed():
        return [target], []
    folder = Path(target)
    if folder.is_dir():
        project = Project.read(folder)
        if not project.plugins:
            raise InvalidRequestError(project.why_not())
        return project.plugins, project.lend(site)
    if os.sep in target:
        raise InvalidRequestError(f"{target!r} is no folder; give that of a plugin's project")
    raise InvalidRequestError(
        f"No such folder, and {not_installed(target)}. A project is given by its folder, such as ./{target}"
    )


def _run(plugin: str, folder: Path, timeout_s: float) -> int:
    """Do the task of `folder` in a process; its exit code. Raises `KoeError` if it had to be ended.

    What it prints goes into a file: a pipe would stay open as long as anything that it has started.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with (folder / _OUTPUT).open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this very Python, and a module of koe's
            [sys.executable, "-P", "-m", "koe.author.child", str(folder)],
            env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TO_SAY_WHERE_S)
            raise KoeError(
                f"The check of plugin {plugin!r} did not come to its end within {timeout_s:g} seconds; "
                f"--timeout gives it more. It was here, the innermost calls first:\n{_where(folder)}"
            ) from None
        finally:
            process.kill()
            process.wait()


def _outcome(plugin: str, folder: Path, code: int) -> Iterator[Checked]:
    if not (folder / TESTS).exists():
        raise KoeError(
            f"The check of plugin {plugin!r} ended before its time, with exit code {code} "
            f"(a signal's number where it is negative). Its last words:\n{_end(_text(folder / _OUTPUT))}"
        )
    told, suite = _read(folder / TESTS), _read(folder / SUITE) if (folder / SUITE).exists() else {}
    if told["errors"] or not suite:
        raise KoeError(f"Plugin {plugin!r} cannot be checked:\n{_end(chr(10).join(told['errors']))}")
    if suite["problems"]:
        raise ConfigError(suite["problems"])
    yield from (_fared(plugin, name, subject, told["tests"]) for name, subject in suite["subjects"].items())


def _fared(plugin: str, name: str, subject: dict[str, str], tests: Sequence[dict[str, str]]) -> Checked:
    own = [test for test in tests if test["class"] == name]

    def those(outcome: str) -> tuple[Told, ...]:
        return tuple(Told(one["test"], one["reason"]) for one in own if one["outcome"] == outcome)

    return Checked(
        plugin,
        subject["kind"],
        subject["component"],
        subject["unchecked"],
        len(those("passed")),
        those("failed"),
        those("skipped"),
    )


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _where(folder: Path) -> str:
    """The test that ran, and the innermost frames of every thread, as `faulthandler` wrote them."""
    threads = _text(folder / PLACE).strip().split("\n\n")
    innermost = "\n".join("\n".join(thread.splitlines()[:_MOST_FRAMES]) for thread in threads)
    return innermost[:_LAST_CHARACTERS] or "(it did not say)"


def _end(said: str) -> str:
    """The end of it; of what `faulthandler` says about a crash the beginning, where the innermost call is."""
    crash = said.rfind(_CRASH)
    end = said[-_LAST_CHARACTERS:] if crash < 0 else said[crash : crash + _LAST_CHARACTERS]
    return end.strip() or "(it said nothing)"
