"""Reads a Dockerfile: stages, each a list of instructions, with the variables that each of them sees."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from attrs import define, field, frozen

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_FLAG = re.compile(r"--([\w-]+)=(\S+)\s+")


@frozen
class Instruction:
    """`RUN --mount=… pip install …`: the name in capitals, the flags, and the rest."""

    name: str
    flags: Mapping[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """The rest as a list, whether it is written as JSON or as plain words."""
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


@define
class Stage:
    """`FROM base AS name`, and what follows."""

    base: str
    name: str
    steps: list[Instruction] = field(factory=list)


@define
class Dockerfile:
    """All stages in their order, and the arguments before the first of them."""

    arguments: dict[str, str]
    stages: list[Stage]

    @classmethod
    def read(cls, text: str) -> "Dockerfile":
        found = cls({}, [])
        for step in _instructions(text):
            if step.name == "FROM":
                base, *as_name = expanded(step.rest, found.arguments).split()
                assert [word.upper() for word in as_name[:1]] == ["AS"], f"a stage without a name: {base}"
                found.stages.append(Stage(base, as_name[1]))
            elif found.stages:
                found.stages[-1].steps.append(step)
            else:
                assert step.name == "ARG", step
                name, _, value = step.rest.partition("=")
                found.arguments[name] = expanded(value, found.arguments)
        return found

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    def needed(self, target: str) -> list[Stage]:
        """The stages that a build of `target` runs, in the order of the file."""
        names: set[str] = set()
        waiting = [target]
        while waiting:
            stage = self.stage(waiting.pop())
            names.add(stage.name)
            others = [stage.base, *(step.flags.get("from", "") for step in stage.steps)]
            waiting += [other.name for other in self.stages if other.name in others]
        return [stage for stage in self.stages if stage.name in names]


@define
class Image:
    """What is known of an image besides its files."""

    environ: dict[str, str] = field(factory=dict)
    arguments: dict[str, str] = field(factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    labels: dict[str, str] = field(factory=dict)
    volumes: list[str] = field(factory=list)
    ports: list[str] = field(factory=list)
    stop_signal: str = "SIGTERM"
    health: list[str] = field(factory=list)
    entrypoint: list[str] = field(factory=list)
    command: list[str] = field(factory=list)

    @property
    def variables(self) -> Mapping[str, str]:
        return self.arguments | self.environ

    def take(self, step: Instruction, build_arguments: Mapping[str, str]) -> None:
        """Everything but `RUN` and `COPY`, which are about files."""
        match step.name:
            case "ARG":
                name, _, value = step.rest.partition("=")
                self.arguments[name] = build_arguments.get(name, value.strip('"'))
            case "ENV":
                self.environ |= {name: expanded(value, self.variables) for name, value in _pairs(step.rest)}
            case "LABEL":
                self.labels |= {name: expanded(value, self.variables) for name, value in _pairs(step.rest)}
            case _:
                self._run_as(step)

    def _run_as(self, step: Instruction) -> None:
        """How a container is started and stopped."""
        match step.name:
            case "WORKDIR":
                self.workdir = str(PurePosixPath(self.workdir, step.rest))
            case "USER":
                self.user = step.rest
            case "VOLUME":
                self.volumes += step.words
            case "EXPOSE":
                self.ports += step.words
            case "STOPSIGNAL":
                self.stop_signal = step.rest
            case "HEALTHCHECK":
                kind, _, command = step.rest.partition(" ")
                assert kind == "CMD", step
                self.health = json.loads(command)
            case "ENTRYPOINT":
                self.entrypoint = json.loads(step.rest)
            case "CMD":
                self.command = json.loads(step.rest)
            case other:
                raise AssertionError(f"{other} is not known here")


class Ignored:
    """`.dockerignore`: patterns, of which the last one that matches a path or a folder above it decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._patterns = [line for line in lines if line and not line.startswith("#")]

    def __call__(self, path: str) -> bool:
        ignored = False
        for pattern in self._patterns:
            if _matches(path, pattern.removeprefix("!").strip("/")):
                ignored = not pattern.startswith("!")
        return ignored

    def files(self, root: Path) -> Iterator[str]:
        """The files under `root` that a build gets, relative to it."""
        for path in sorted(root.iterdir()):
            yield from self._below(root, path)

    def _below(self, root: Path, path: Path) -> Iterator[str]:
        name = path.relative_to(root).as_posix()
        if path.is_dir() and (not self(name) or self._may_return(name)):
            for inner in sorted(path.iterdir()):
                yield from self._below(root, inner)
        elif not path.is_dir() and not self(name):
            yield name

    def _may_return(self, folder: str) -> bool:
        return any(pattern.startswith(f"!{folder}/") for pattern in self._patterns)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def _matches(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return any(_match(parts[:end], wanted) for end in range(1, len(parts) + 1))


def _match(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_match(parts[start:], wanted[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], wanted[0]) and _match(parts[1:], wanted[1:])


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    for word in shlex.split(rest):
        name, _, value = word.partition("=")
        yield name, value


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.strip().partition(" ")
        rest, flags = rest.strip(), {}
        while found := _FLAG.match(rest):
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Instruction(name.upper(), flags, rest)
