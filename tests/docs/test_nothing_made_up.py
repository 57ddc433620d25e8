"""Whatever path, key, metric or command a page names exists."""

import re
import shlex
from collections.abc import Iterator

import pytest
from koe.reference import core_keys
from koe.reference_cli import CONFIGURATION, Command, commands
from koe.reference_plugins import built_ins, keys_of
from koe.testing import fixtures
from koe_metrics.instruments import Instruments
from prometheus_client import CollectorRegistry, Counter

from tests.docs.collectors import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
HTTP = (ROOT / "docs/http.md").read_text(encoding="utf-8")
BUILT_INS = list(built_ins(ROOT))
COMMANDS = {command.words: command for command in commands(ROOT)}
KEYS = {key.dotted for key in core_keys()} | {
    f"plugins.{one.name}.{key.path}"
    for one in BUILT_INS
    for key in (keys_of(one.plugin.Config) if one.plugin.Config else ())
}
SECTIONS = {key.partition(".")[0] for key in KEYS}

PARAM = "lexicon.nginx"
"""The `param` of an error about a request's field that is called like a section."""
EXAMPLE = "/v1/status"
"""A route of the example plugin that docs/plugins.md tests."""
FILES = (".toml", ".json", ".py", ".md", ".log", ".rst")
OF_ENTRIES = (
    "lexicon.entries",
    "lexicon.words",
    "voices.aliases",
    "voices.mixes",
    "engine.models",
    "pauses.after",
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def text(page):
    return page.read_text(encoding="utf-8")


def paths(page: str) -> set[str]:
    """Paths under /v1 and /health; a `…` or `*` at the end stands for anything."""
    return set(re.findall(r"(?<![\w.…])(/(?:v1|health)(?:/[\w{}.-]+)*/?[…*]?)", page))


def unknown_paths(page: str) -> set[str]:
    cells = re.findall(r"^\| [A-Z]+ \| (`[^|]+`) \|", HTTP, re.MULTILINE)
    known = {path for cell in cells for path in re.findall(r"`([^`]+)`", cell)}
    return {
        path
        for path in paths(page)
        if not (
            any(one.startswith(path[:-1]) for one in known)
            if path[-1] in "…*"
            else path.rstrip("/.") in known or re.fullmatch("/v1/models/[\\w-]+", path)
        )
    }


def unknown_keys(page: str) -> set[str]:
    """Dotted keys between backticks, of sections that exist."""
    named = set(re.findall(r"`([a-z]+(?:\.[a-z0-9_<>-]+)+)(?: = [^`]*)?`", page))
    named = {name for name in named if name.partition(".")[0] in SECTIONS and not name.endswith(FILES)}
    return {name for name in named if not _is_key(name)} - {PARAM}


def _is_key(name: str) -> bool:
    table = f"{name}."
    if name in KEYS or any(key.startswith(table) for key in KEYS) or name.startswith(OF_ENTRIES):
        return True
    plugin = re.fullmatch(r"plugins\.([\w-]+)(?:\.required)?", name)
    if plugin is not None:
        return plugin[1] in {one.name for one in BUILT_INS} | {"<name>"}
    return any(_fits(key, name) for key in KEYS)


def _fits(key: str, name: str) -> bool:
    """Whether `name` is below the mapping `key`, or has names of its own where `key` has `<name>`."""
    pattern = re.escape(key).replace(re.escape("<name>"), r"[\w-]+")
    return re.fullmatch(rf"{pattern}(\.[\w-]+)?", name) is not None


def metrics(registry: CollectorRegistry) -> set[str]:
    """The names of all samples, whatever registered them beside koe's own instruments."""
    Instruments(registry, "fake")
    families = {family.name: family.type for family in registry.collect()}
    suffixes = {"counter": ("_total",), "histogram": ("", "_bucket", "_sum", "_count")}
    return {f"{name}{suffix}" for name, kind in families.items() for suffix in suffixes.get(kind, ("",))}


def lines(page: str) -> Iterator[list[str]]:
    """The words of every `koe` command in the console blocks of a page, and in the text between backticks."""
    blocks = "".join(re.findall(r"^ *```console\n(.*?)```", page, re.DOTALL | re.MULTILINE))
    blocks = re.sub(r" \\\n\s*", " ", blocks)
    told = re.findall(r"^\s*[$#] (?:.*&& )?(?:sudo (?:-u \w+ )?)?(?:\S*/)?(koe .*)$", blocks, re.MULTILINE)
    told += re.findall(r"`(koe [a-z][^`\n]*)`", page)
    for line in told:
        try:
            yield shlex.split(re.split(r" [|>&]|;", line)[0])
        except ValueError:
            yield [line]


def wrong_commands(page: str) -> list[str]:
    """Commands that do not exist, and options that they do not have."""
    found = []
    for words in lines(page):
        command = _command(words)
        if command is None:
            found += [] if _is_group(words) else [" ".join(words)]
            continue
        known = {name for one in command.arguments for name in (*one.names, *one.negatives)}
        known |= {*CONFIGURATION, "--help"}
        given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
        found += [f"{' '.join(command.words)} {option}" for option in given if option not in known]
    return found


def _command(words: list[str]) -> Command | None:
    return next(
        (COMMANDS[tuple(words[:count])] for count in (3, 2) if tuple(words[:count]) in COMMANDS), None
    )


def _is_group(words: list[str]) -> bool:
    """`koe model`, or `koe plugins list | show`."""
    return any(command[: len(words[:2])] == tuple(words[:2]) for command in COMMANDS) and len(words) == 2


@every_page
def test_every_path_is_answered(page):
    assert unknown_paths(text(page)) <= ({EXAMPLE} if page.name == "plugins.md" else set())


@every_page
def test_every_key_is_read(page):
    assert unknown_keys(text(page)) == set()


@every_page
def test_every_metric_is_counted(page):
    packages = {folder.name for folder in ROOT.glob("*/*/koe_*")}
    named = set(re.findall(r"`(koe_[a-z_]+)(?:\{[^`]*)?`", text(page)))
    made = set(re.findall(r"koe_(?:polite|textspeak)\w*", text(page)))
    assert named - packages - made - set(vars(fixtures)) <= metrics(CollectorRegistry())


@every_page
def test_every_command_and_option_is_understood(page):
    assert wrong_commands(text(page)) == []


def test_what_is_made_up_is_found():
    assert unknown_paths("GET /v1/planted, `/v1/models`, /v1/aud…, /v1/x…") == {"/v1/planted", "/v1/x…"}
    planted = (
        "`server.prot = 1` `server.port` `plugins.auth.keys.me.hash` `plugins.formats.mp4` `plugins.mine`"
    )
    assert unknown_keys(planted) == {"server.prot", "plugins.formats.mp4", "plugins.mine"}
    page = (
        "```console\n$ koe sing\n$ koe say Hi --loud -o x --set a=b\n```\n`koe model` `koe model burn --all`"
    )
    assert wrong_commands(page) == ["koe sing", "koe say --loud", "koe model burn --all"]


def test_every_metric_is_found_a_planted_one_too():
    registry = CollectorRegistry()
    Counter("koe_planted", "Made up.", registry=registry)
    found = metrics(registry)
    assert {"koe_planted_total", "koe_requests_total", "koe_request_seconds_bucket"} <= found
    assert found - metrics(CollectorRegistry()) == {"koe_planted_total"}
