"""The process in which `koe plugins check` loads a plugin and runs its conformance classes.

Its only argument is a folder with a `Task`; what came of it is written there, too. What the plugin prints,
imports and breaks stays in here.
"""

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import define, field, frozen

from koe.config import load
from koe.errors import ConfigError
from koe.structure import structure

if TYPE_CHECKING:
    import pytest

TASK = "task.json"
SUITE = "suite.json"
TESTS = "tests.json"
PLACE = "place.txt"
"""The test that runs, and where every thread is when the process is asked to end (SIGTERM)."""
_MODULE = "check_plugin.py"
_LONGEST_REASON = 500
_INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
python_files = check_*.py
"""
_CODE = """\
from pathlib import Path

import pytest

pytest.register_assert_rewrite("koe.testing.conformance")

from koe.author.child import classes_of

globals().update(classes_of(Path(__file__).parent))
"""


@frozen
class Task:
    """What to check, with which configuration.

    Attributes:
        path: what is to stand first in `sys.path`.
        files: of the configuration, with absolute paths.
        assignments: those of `--set`.
        at_most_s: after so long the process ends even if nobody is left to end it.
    """

    plugin: str
    path: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    shared_caches: bool = False
    at_most_s: float = 3_600.0

    def write(self, folder: Path) -> None:
        (folder / TASK).write_text(json.dumps(attrs.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Task":
        return structure(json.loads((folder / TASK).read_text(encoding="utf-8")), cls)


@define
class Recorder:
    """Notes how every test ended, and into `place` which one runs, as a plugin of pytest."""

    place: FileIO
    tests: dict[str, dict[str, str]] = field(factory=dict)
    errors: list[str] = field(factory=list)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.begin(nodeid.rpartition("::")[2])

    def begin(self, what: str) -> None:
        """Note `what` runs now, in the place of what ran before."""
        self.place.seek(0)
        self.place.truncate()
        self.place.write(f"{what}\n".encode())

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        if report.failed or report.skipped or report.when == "call":
            _, name, test = report.nodeid.split("::", 2)
            if report.nodeid not in self.tests or report.failed:
                told = {"class": name, "test": test, "outcome": report.outcome, "reason": _reason(report)}
                self.tests[report.nodeid] = told

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        if report.failed:
            self.errors.append(str(report.longrepr))

    def pytest_keyboard_interrupt(self, excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
        """Something has ended the whole run, such as `pytest.exit`: tests are left that nobody has run."""
        if not self.errors:  # with them, it is pytest that ends it
            self.errors.append(str(excinfo.getrepr(style="native")))

    def pytest_internalerror(self, excrepr: object) -> None:
        self.errors.append(str(excrepr))


def classes_of(folder: Path) -> Mapping[str, type[Any]]:
    """Load the task's plugin and give its conformance classes; their subjects are written into `folder`."""
    # Not before: pytest rewrites the assertions of what is imported once it runs.
    from koe.author.suite import Suite

    task = Task.read(folder)
    configuration = load([Path(file) for file in task.files], os.environ, task.assignments)
    suite = Suite(task.plugin, configuration, task.shared_caches)
    problems: tuple[str, ...] = ()
    try:
        suite.collect()
    except ConfigError as error:
        problems = error.problems
    subjects = {name: attrs.asdict(subject) for name, subject in suite.subjects.items()}
    written = json.dumps({"subjects": subjects, "problems": problems})
    (folder / SUITE).write_text(written, encoding="utf-8")
    return {} if problems else suite.classes


def main(folder: Path) -> None:
    """Do the task of `folder`."""
    import pytest  # not above: `koe plugins check` imports this module to say that pytest is missing

    task = Task.read(folder)
    recorder = Recorder(FileIO(folder / PLACE, "w"))
    if sys.platform != "win32":
        faulthandler.register(signal.SIGTERM, recorder.place, chain=True)
        signal.setitimer(signal.ITIMER_REAL, task.at_most_s)
    sys.path[:0] = task.path
    (folder / "pytest.ini").write_text(_INI, encoding="utf-8")
    (folder / _MODULE).write_text(_CODE, encoding="utf-8")
    recorder.begin("loading the plugin")
    options = ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "--import-mode=importlib"]
    options += ["-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"]
    pytest.main([*options, str(folder / _MODULE)], plugins=[recorder])
    recorder.begin("ending the process, when all tests were done")
    told = {"tests": list(recorder.tests.values()), "errors": recorder.errors}
    (folder / TESTS).write_text(json.dumps(told), encoding="utf-8")


def _reason(report: "pytest.TestReport") -> str:
    """What a test that did not pass says, in a line or a few."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    said = crash.message if crash is not None else str(report.longrepr or "")
    return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}…"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
