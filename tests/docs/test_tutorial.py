"""Somebody who follows docs/plugins/tutorial.md to the letter sees what it says, after every command."""

import os
import re
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

PAGE = Path(__file__).parents[2] / "docs/plugins/tutorial.md"
_STEP = re.compile(r"<!-- (run|write|append)(?:, (fails))?(?:: (\S+))? -->\n```\w+\n(.*?)```\n", re.DOTALL)
_ANYTHING = "…"
_COMMANDS = {
    "koe": "from koe.cli.main import main",
    "pip": "from pip._internal.cli.main import main",
}


@frozen
class Step:
    """A block of the page: commands with what they print, or what goes into a file."""

    kind: str
    fails: bool
    path: str
    text: str

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command with the lines that it must print."""
        blocks = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(block.split("\n", 1)[0], block.split("\n", 1)[1].splitlines()) for block in blocks]


def _steps(page: str) -> list[Step]:
    return [Step(kind, bool(fails), path, text) for kind, fails, path, text in _STEP.findall(page)]


class Reader:
    """A shell in a virtual environment of its own, which sees the packages of the one that runs the tests.

    Of their pytest plugins it has those that `koe[testing]` brings. That what the new plugin requires is
    there, `tests/core/author/test_new.py` shows for every kind; pip would take a second to look it up.
    """

    def __init__(self, folder: Path) -> None:
        self.cwd = folder / "work"
        self.cwd.mkdir()
        venv.create(folder / "venv", symlinks=True)
        self.bin = folder / "venv/bin"
        site = next((folder / "venv/lib").glob("python*/site-packages"))
        outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (site / "outer.pth").write_text(
            "".join(f"import site; site.addsitedir({path!r})\n" for path in outer)
        )
        for name, code in _COMMANDS.items():
            shim = self.bin / name
            shim.write_text(f"#!{self.bin}/python\n{code}\nimport sys\nsys.exit(main())\n")
            shim.chmod(0o755)
        (self.bin / "ruff").symlink_to(Path(sysconfig.get_path("scripts"), "ruff"))
        # Without CI: pytest writes longer lines where it believes to be in one.
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KOE_", "PY", "PIP")) and name not in {"CI", "BUILD_NUMBER"}
        }
        self.environ = clean | {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(folder / "venv"),
            "KOE_MODEL_DIR": str(folder / "models"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p pytest_asyncio.plugin -p koe.testing.fixtures",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "false",  # pip's way to say --no-build-isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, command: str) -> tuple[int, list[str]]:
        """The exit code, and the lines of standard output and error, without spaces at their ends."""
        if command.startswith("cd "):
            self.cwd /= command.removeprefix("cd ")
            return 0, []
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.cwd,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
            check=False,
        )
        return done.returncode, [line.rstrip() for line in done.stdout.splitlines()]


def _pattern(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == _ANYTHING:
            yield r"(?:.*\n)*?"
        else:
            yield ".*".join(map(re.escape, line.rstrip().split(_ANYTHING))) + r"\n"


def _matches(expected: list[str], printed: list[str]) -> bool:
    pattern = "".join(_pattern([_narrow(line) for line in expected]))
    return re.fullmatch(pattern, "".join(f"{_narrow(line)}\n" for line in printed)) is not None


def _narrow(line: str) -> str:
    """Without what tells how wide the columns of a table are: that goes by what else is installed."""
    return re.sub(r"(?<=\S) {2,}", "  ", re.sub("─+", "─", line))


@pytest.mark.timeout(600)
def test_the_tutorial_works_as_it_stands(tmp_path):
    reader = Reader(tmp_path)
    for step in _steps(PAGE.read_text(encoding="utf-8")):
        if step.kind == "run":
            for command, expected in step.commands:
                code, printed = reader.run(command)
                shown = "\n".join(printed)
                assert _matches(expected, printed), (
                    f"$ {command}\nprinted:\n{shown}\n\nthe page says:\n{expected}"
                )
                assert (code != 0) == step.fails, f"$ {command}\nended with {code}"
        else:
            path = reader.cwd / step.path
            assert path.exists(), f"the page edits {step.path}, which is not there"
            before = path.read_text(encoding="utf-8") if step.kind == "append" else ""
            path.write_text(before + step.text, encoding="utf-8")


def test_every_block_of_the_page_is_run_or_applied():
    """All but the config file, which is compared with the one that was written."""
    page = PAGE.read_text(encoding="utf-8")
    steps = _steps(page)
    assert page.count("\n```\n") == len(steps) + 1
    assert sum(len(step.commands) for step in steps if step.kind == "run") >= 12
    (config,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    from koe.author.names import PluginName
    from koe.author.writing import _texts

    assert dict(_texts(PluginName.of("textspeak"), "normalizer"))[Path("koe.toml")] == config


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a … c"], ["a b c"], True),
        (["a", "…", "z"], ["a", "z"], True),
        (["a", "…", "z"], ["a", "b", "c", "z"], True),
        (["a"], ["a", "b"], False),
        (["…", "b"], ["a"], False),
        (["a.c"], ["abc"], False),
        (["a   b", "───"], ["a     b", "─────"], True),
        (["  a"], ["    a"], False),
    ],
)
def test_what_is_printed_is_compared_line_by_line(expected, printed, same):
    assert _matches(expected, printed) is same
