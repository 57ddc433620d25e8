"""Whoever follows the README alone speaks, protects a server, finds a mark and has a plugin of their own."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import av
import pytest

from tests.docs.test_tutorial import Reader, _matches

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
URL = "http://127.0.0.1:8354"
FIRST, SERVE, PROTECT, MARK, PLUGIN = (
    "One command installs and speaks",
    "Serve",
    "Protect it",
    "Mark what it says, and find the mark",
    "Write a plugin",
)
_INSTALL = re.compile(
    r"""pip install (?:\.|"\.\[(?P<extra>\w+)\]"|"\./core\[(?P<core>\w+)\]")(?: && (?P<then>.*))?"""
)
_NEEDS_MODEL = ("koe model download", "--voice af_heart")
"""354 MB from elsewhere; their own tests do without the network."""


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands(title: str) -> list[tuple[str, list[str]]]:
    """The commands of a section's console blocks, each with the lines that it prints."""
    text = "".join(re.findall(r"```console\n(.*?)```", section(title), re.DOTALL))
    found = []
    for block in re.split(r"^\$ ", text.replace("\\\n    ", ""), flags=re.MULTILINE)[1:]:
        command, _, printed = block.partition("\n")
        found.append((command, printed.splitlines()))
    return found


class Walker:
    """A reader of the README, whose `koe serve` takes a free port, and who knows the key that was made."""

    def __init__(self, folder: Path) -> None:
        self.reader = Reader(folder)
        (self.reader.cwd / "core").symlink_to(ROOT / "core")
        self.server: subprocess.Popen[str] | None = None
        self.url, self.key = URL, "koe_…"

    def walk(self, title: str) -> None:
        for command, expected in commands(title):
            install = _INSTALL.fullmatch(command)
            remaining = self.installed(install) if install else command
            if remaining.startswith("koe serve"):
                self.serve(remaining)
            elif remaining and not any(part in remaining for part in _NEEDS_MODEL):
                self.run(remaining, expected)
        self.stop()

    def installed(self, install: re.Match[str]) -> str:
        """What follows on an installation; the development install has all that it would bring."""
        for part, file in (("extra", ROOT / "pyproject.toml"), ("core", ROOT / "core/pyproject.toml")):
            extras = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
            assert install[part] is None or install[part] in extras
        return install["then"] or ""

    def run(self, command: str, expected: list[str]) -> None:
        # What prints nothing writes a file, which must not be an error's.
        curl = "curl -sS " if expected else "curl -sS --fail-with-body "
        literal = command.replace("curl ", curl).replace(URL, self.url).replace("koe_…", self.key)
        code, printed = self.reader.run(literal)
        shown = "\n".join(printed)
        assert code == 0, f"$ {command}\n{shown}"
        assert not expected or _matches(expected, printed), (
            f"$ {command}\nprinted:\n{shown}\nnot:\n{expected}"
        )
        if made := re.search(r"koe_[\w-]{20,}", shown):
            self.key = made[0]

    def serve(self, command: str) -> None:
        self.stop()
        self.server = subprocess.Popen(
            [*command.split(), "--port", "0"],
            cwd=self.reader.cwd,
            env=self.reader.environ,
            executable=self.reader.bin / "koe",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        assert line.startswith("koe listens on "), line
        self.url = line.split()[-1]

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.communicate(timeout=60)
            assert self.server.returncode == 0
            self.server = None


@pytest.fixture
def walker(tmp_path):
    walker = Walker(tmp_path)
    yield walker
    if walker.server is not None:
        walker.server.kill()
        walker.server.communicate()


def sound(walker: Walker, name: str) -> float:
    """Seconds of audio in a file that the walk left."""
    with av.open(str(walker.reader.cwd / name)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.timeout(300)
def test_it_speaks_serves_asks_for_keys_and_finds_its_mark(walker):
    walker.walk(FIRST)
    assert 2 < sound(walker, "hello.wav") < 5
    walker.walk(SERVE)
    assert 0.5 < sound(walker, "morning.mp3") < 3
    (walker.reader.cwd / "morning.mp3").unlink()
    walker.walk(PROTECT)
    assert len(walker.key) > 40
    assert 0.5 < sound(walker, "morning.mp3") < 3
    walker.walk(MARK)
    assert 0.5 < sound(walker, "marked.wav") < 3


@pytest.mark.timeout(300)
def test_it_has_a_plugin_of_its_own_that_passes_koe_s_checks(walker):
    walker.walk(PLUGIN)
    said = walker.reader.run('koe inspect "IMHO it works, brb." --config koe-polite/koe.toml')[1]
    assert any("in my humble opinion it works, be right back." in line for line in said)
    assert sound(walker, "polite.wav") > 1


def test_the_walk_knows_every_command_of_its_sections():
    assert [len(commands(title)) for title in (FIRST, SERVE, PROTECT, MARK, PLUGIN)] == [3, 2, 5, 3, 5]
    assert commands(PROTECT)[2][1] == ["koe listens on http://127.0.0.1:8354"]
