"""Writes the distribution of a new plugin out of templates."""

from collections.abc import Iterator
from importlib.metadata import distributions
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from koe.author.kinds import KINDS, Kind
from koe.author.names import PluginName
from koe.config import load as default_configuration
from koe.errors import ConfigError, InvalidRequestError
from koe.plugins import installed, load
from koe.settings import PluginsSettings
from koe.spelling import suggestion

_SUFFIX = ".txt"
"""Templates are no Python files, so that no tool takes them for code."""
_FRAGMENTS = ("koe.toml", "try.md")
"""Of each kind's folder: they go into the README, the first into a file of its own, too."""


def write_plugin(name: PluginName, kind: str, directory: Path) -> tuple[Path, list[Path]]:
    """Write the distribution into a new folder of `directory`; the folder, and the files within it.

    Raises:
        InvalidRequestError: there is no such kind, the name or the folder is taken, or it cannot be written.
    """
    if kind not in KINDS:
        raise InvalidRequestError(f"There is no kind {kind!r} of plugins; {suggestion(kind, KINDS)}")
    _refuse_taken(name, kind)
    folder = directory / name.distribution
    texts = dict(_texts(name, kind))
    try:
        folder.mkdir()
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise InvalidRequestError(
            f"{folder} exists already, and nothing is ever overwritten; take another name or --directory"
        ) from None
    except OSError as error:
        raise InvalidRequestError(
            f"{error.filename or folder} cannot be written: {error.strerror}; "
            f"name a folder that you may write to with --directory"
        ) from None
    return folder, sorted(texts)


def _refuse_taken(name: PluginName, kind: str) -> None:
    taken = f"plugin {name.name!r}" if name.name in installed() else ""
    if not taken and any(distributions(name=name.distribution)):
        taken = f"distribution {name.distribution!r}"
    if not taken and (owner := _owner(name.name, KINDS[kind].registered)):
        taken = f"plugin {owner!r} with the {kind} {name.name!r}"
    if taken:
        raise InvalidRequestError(
            f"A {taken} is installed here already; take another name, or uninstall that one"
        )


def _owner(component: str, registered: str) -> str:
    """The plugin of the default configuration that has such a component, if any."""
    if not registered:
        return ""
    try:
        registry = load(default_configuration())
    except ConfigError:  # something here is broken, which the new plugin has no part in
        return ""
    owned = getattr(registry, registered).get(component)
    return owned.plugin if owned else ""


def _texts(name: PluginName, kind: str) -> Iterator[tuple[Path, str]]:
    """Every file of the distribution."""
    templates = files("koe.author") / "templates"
    words = _words(name, KINDS[kind])
    for fragment in _FRAGMENTS:
        template = (templates / kind / f"{fragment}{_SUFFIX}").read_text(encoding="utf-8")
        words[fragment.replace(".", "_")] = Template(template).substitute(words).rstrip("\n")
    for folder in ("common", kind):
        for path, template in _walk(templates / folder, Path()):
            if str(path) not in _FRAGMENTS:
                yield _placed(path, words["package"]), Template(template).substitute(words)
    yield Path("koe.toml"), words["koe_toml"] + "\n"
    yield Path(words["package"], "py.typed"), ""


def _walk(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield path / entry.name.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")


def _placed(path: Path, package: str) -> Path:
    """Where a template goes: `package` in its path stands for the package's name."""
    return Path(*(part.replace("package", package) for part in path.parts))


def _words(name: PluginName, kind: Kind) -> dict[str, str]:
    """What the placeholders of the templates stand for."""
    needs = sorted(["attrs>=25.1", "koe>=0.1,<0.2", *kind.needs])
    untyped = ", ".join(f'"{module}"' for module in kind.untyped)
    override = f"\n[[tool.mypy.overrides]]\nmodule = [{untyped}]\nignore_missing_imports = true\n"
    return {
        "name": name.name,
        "distribution": name.distribution,
        "package": name.package,
        "classes": name.classes,
        "noun": kind.noun,
        "needs": "".join(f'    "{need}",\n' for need in needs),
        "overrides": override if untyped else "",
        "enabled": _listed(PluginsSettings().enabled, name.name),
    }


def _listed(defaults: tuple[str, ...], name: str) -> str:
    return ", ".join(f'"{plugin}"' for plugin in (*defaults, name))
