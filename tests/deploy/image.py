"""Builds a target of the Dockerfile step by step in folders, since no engine is at hand.

Each stage has a folder of its own. This machine's `/usr` and Python stand in for the base image; every `RUN`
is run by a shell that sees the stage's folder as `/` (see `contain`). Where namespaces are not allowed, the
stages that need no rights are run all the same, with their paths rewritten.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from attrs import define, field

from tests.deploy.contain import Container
from tests.deploy.dockerfile import Dockerfile, Ignored, Image, Instruction, Stage

ROOT = Path(__file__).parents[2]
BASE = "/base"
_PATH = f"{BASE}/bin:{BASE}/site/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = re.compile(r"(PIP|SSL|REQUESTS|HTTPS?|NO|ALL)_\w+|(https?|no|all)_proxy")
_UV_CACHE = "/root/.cache/uv"


@cache
def can_contain() -> bool:
    """Whether this process may make namespaces and mounts."""
    command = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "true"]
    allowed = os.geteuid() == 0 and shutil.which("unshare") is not None
    return allowed and subprocess.run(command, capture_output=True, check=False).returncode == 0


@cache
def _pip_settings() -> Mapping[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return dict(re.findall(r"^[\w:]+\.([\w-]+)='(.*)'$", told, re.MULTILINE))


def _local_packages() -> list[str]:
    """Folders that pip is configured to take packages from."""
    names = ("index-url", "extra-index-url", "find-links")
    places = " ".join(_pip_settings().get(name, "") for name in names)
    folders = [place.removeprefix("file://") for place in places.split()]
    return [folder for folder in folders if Path(folder).is_dir()]


def _indexes() -> dict[str, str]:
    """Where this machine's pip is configured to find packages, for the pip and the uv inside."""
    names = {
        "index-url": ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        "extra-index-url": ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    }
    found = {key: " ".join(re.findall(r"https?://\S+", _pip_settings().get(key, ""))) for key in names}
    return {name: found[key] for key, both in names.items() if found[key] for name in both}


@define
class Built:
    """A stage that has been built: its files and its image's settings."""

    folder: Path
    image: Image = field(factory=Image)

    def at(self, place: str) -> Path:
        """Where a path of the image is on this machine."""
        return self.folder / str(PurePosixPath(self.image.workdir, place)).lstrip("/")

    @property
    def system(self) -> list[str]:
        """What of this machine stands in for the base image."""
        prefix = str(Path(sys.base_prefix).resolve())
        others = [prefix, *_local_packages()]
        return ["/usr", *(folder for folder in others if not folder.startswith("/usr/"))]

    def container(self, *command: str, **options: object) -> Container:
        user, environ = int(self.image.user.partition(":")[0]), {"PATH": _PATH} | self.image.environ
        return Container(
            root=str(self.folder),
            command=list(command),
            environ=environ,
            workdir=self.image.workdir,
            user=user,
            system=self.system,
            **options,  # type: ignore[arg-type]
        )


@define
class Builder:
    """One build: `docker build --target … --build-arg …`."""

    folder: Path
    arguments: dict[str, str]
    dockerfile: Dockerfile = field(factory=lambda: Dockerfile.read((ROOT / "Dockerfile").read_text("utf-8")))
    _built: dict[str, Built] = field(factory=dict)
    _context: list[str] = field(factory=list)

    def build(self, target: str) -> Built:
        """Run the steps of the target, and of all stages that it needs."""
        ignored = Ignored((ROOT / ".dockerignore").read_text("utf-8"))
        self._context = list(ignored.files(ROOT))
        for stage in self.dockerfile.needed(target):
            built = self._built[stage.name] = self._begun(stage)
            for step in stage.steps:
                self._take(built, step)
        return self._built[target]

    def stage(self, name: str) -> Built:
        return self._built[name]

    def _begun(self, stage: Stage) -> Built:
        parent = self._built.get(stage.base)
        if parent:
            parent.image.arguments.clear()
            return parent
        built = Built(self.folder / stage.name)
        built.folder.mkdir(parents=True)
        _base_image(built.folder)
        built.image.environ["PATH"] = _PATH
        return built

    def _take(self, built: Built, step: Instruction) -> None:
        match step.name:
            case "RUN":
                _run(built, step)
            case "COPY" if "from" in step.flags:
                source, target = step.words
                target_path = built.at(target)
                target_path.parent.mkdir(parents=True, exist_ok=True)
                found = self._built[step.flags["from"]].at(source)
                subprocess.run(["cp", "--archive", "--link", found, target_path], check=True)
            case "COPY":
                self._copy(built, *step.words)
            case _:
                built.image.take(step, self.arguments)
                built.at(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, built: Built, *words: str) -> None:
        *sources, target = words
        for source in (source.removesuffix("/") for source in sources):
            taken = [name for name in self._context if name == source or name.startswith(f"{source}/")]
            assert taken, f"COPY {source}: nothing of that name, or .dockerignore leaves it out"
            for name in taken:
                inner = name.removeprefix(source).lstrip("/") or Path(name).name
                goal = built.at(target) / inner
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, goal)


def _base_image(root: Path) -> None:
    """What `python:3.12-slim` would have brought, made of this machine's own."""
    root.chmod(0o755)
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
    if can_contain():  # others may not read all of it, and need none of it
        shutil.copytree("/etc", root / "etc", symlinks=True)
    import pip  # only these tests need it

    base = root / BASE.lstrip("/")
    shutil.copytree(Path(pip.__file__).parent, base / "lib/pip")
    # pip may not write to this machine's Python.
    into = 'PIP_TARGET="${0%/*}/../site" PIP_IGNORE_INSTALLED=1'
    _script(base / "bin/python", f"exec {sys._base_executable}")  # type: ignore[attr-defined]
    _script(base / "bin/pip", f'{into} exec "${{0%/*}}/python" "${{0%/*}}/../lib/pip"')


def _script(path: Path, command: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def _run(built: Built, step: Instruction) -> None:
    """A `RUN` step, with the network and the package cache of this machine."""
    passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    environ = {"HOME": "/root", **passed_on, **_indexes(), **built.image.arguments, **built.image.environ}
    if can_contain():
        container = built.container("/bin/sh", "-c", step.rest, volumes=_caches(step))
        container.environ.update(environ)
        container.prepare()
        command, cwd, environ = container.arguments(network=True), None, dict(os.environ)
    else:
        command = ["/bin/sh", "-c", re.sub(r"(?<![\w/.])/(opt|src)\b", rf"{built.folder}/\1", step.rest)]
        path = re.sub(rf"(?<![^:]){BASE}/", rf"{built.folder}{BASE}/", environ["PATH"])
        cwd, environ = built.at("."), environ | {"HOME": str(Path.home()), "PATH": path}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"RUN {step.rest}\n{done.stdout}{done.stderr}"


def _caches(step: Instruction) -> dict[str, str]:
    """The folders of this machine for `--mount=type=cache`: uv's is its own."""
    mount = dict(part.split("=") for part in step.flags.get("mount", "").split(",") if part)
    if mount.get("type") != "cache":
        return {}
    assert mount["target"] == _UV_CACHE, mount
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    folder = Path(os.environ.get("UV_CACHE_DIR") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return {mount["target"]: str(folder)}
