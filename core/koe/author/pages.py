"""The reference pages for authors of plugins, `docs/plugins/hooks.md` and `types.md`, made from the code."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from koe.author.api_source import Definition, Member, definitions

_WRITTEN = "<!-- written by python -m koe.reference -->\n"
_ABOUT_HOOKS = """\
What a plugin can hook into: the methods of `koe.api.Plugin` that it overrides and marks with `@hookimpl`.
[Writing a plugin](../plugins.md) tells how; the types are in [types](types.md)."""
_ABOUT_TYPES = """\
Everything that `koe.api` offers beside the [hooks](hooks.md). Defaults that are made anew for each instance
are `…`. What of it is stable is told [here](stability.md)."""
_SECTION = re.compile(r"(Attributes|Args|Raises):")
_ENTRY = re.compile(r" {4}(\w+): (.*)")
_PLUGIN = "Plugin"
_AROUND_HOOKS = ("Server", "Speech", "Load", "SegmentSynthesized", "RequestFinished")
_BASES = ("Component", "ABC")
_ERRORS = "KoeError"


def pages() -> Mapping[str, str]:
    """The pages by the names of their files."""
    known = definitions()
    return {"hooks.md": _hooks(known), "types.md": _types(known)}


def _hooks(known: Mapping[str, Definition]) -> str:
    plugin = known[_PLUGIN]
    hooks = [member for member in plugin.members if member.line.startswith("@hookspec ")]
    rest = [member for member in plugin.members if member not in hooks]
    blocks = [
        f"{_WRITTEN}\n# Hooks",
        _ABOUT_HOOKS,
        f"## {_PLUGIN}",
        *_prose(plugin.doc),
        *_code(rest),
        *(block for hook in hooks for block in _hook(hook)),
        "## What hooks are given",
        *(block for name in _AROUND_HOOKS for block in _class(known[name], "###")),
    ]
    return "\n\n".join(blocks) + "\n"


def _hook(hook: Member) -> Iterator[str]:
    yield f"### `{hook.name}`"
    yield f"```python\ndef {hook.line.removeprefix('@hookspec ')}\n```"
    yield from _prose(hook.doc)


def _types(known: Mapping[str, Definition]) -> str:
    listed = {name: one for name, one in known.items() if name not in {_PLUGIN, *_AROUND_HOOKS}}
    groups: Sequence[tuple[str, list[Definition]]] = (
        ("Strategies", [one for one in listed.values() if set(one.bases) & set(_BASES)]),
        ("Errors", [one for one in listed.values() if _is_error(one, known)]),
        ("Values and helpers", [one for one in listed.values() if one.kind == "class"]),
        ("Functions", [one for one in listed.values() if one.kind == "function"]),
        ("Constants and aliases", [one for one in listed.values() if one.kind == "value"]),
    )
    blocks = [
        f"{_WRITTEN}\n# Types",
        _ABOUT_TYPES,
    ]
    done: set[str] = set()
    for title, group in groups:
        blocks.append(f"## {title}")
        for one in sorted(group, key=lambda one: one.name.lower()):
            if one.name not in done:
                done.add(one.name)
                blocks += _class(one, "###")
    return "\n\n".join(blocks) + "\n"


def _is_error(one: Definition, known: Mapping[str, Definition]) -> bool:
    if one.name == _ERRORS:
        return True
    return any(base in known and _is_error(known[base], known) for base in one.bases)


def _class(one: Definition, heading: str) -> Iterator[str]:
    yield f"{heading} `{one.name}`"
    head = one.line if one.kind != "function" else f"def {one.line}"
    yield "```python\n" + "\n".join([head, *(f"    {member.line}" for member in one.members)]) + "\n```"
    yield from _prose(one.doc)
    told = [f"- `{member.name}`: {_flat(member.doc)}" for member in one.members if member.doc]
    if told:
        yield "\n".join(told)


def _code(members: Iterable[Member]) -> Iterator[str]:
    shown = [member.line for member in members]
    if shown:
        yield "```python\n" + "\n".join(shown) + "\n```"


def _prose(doc: str) -> Iterator[str]:
    """A docstring as blocks of Markdown: its sections become lists."""
    for block in doc.split("\n\n"):
        first, _, rest = block.partition("\n")
        if _SECTION.fullmatch(first):
            yield f"{first}\n\n" + "\n".join(_listed(rest))
        elif block:
            yield block


def _listed(section: str) -> Iterator[str]:
    entry = ""
    for line in section.splitlines():
        if match := _ENTRY.fullmatch(line):
            if entry:
                yield entry
            entry = f"- `{match[1]}`: {match[2]}"
        else:
            entry += f" {line.strip()}"
    if entry:
        yield entry


def _flat(doc: str) -> str:
    """A member's documentation on one line: its first paragraph, and the errors that it raises."""
    paragraphs = doc.split("\n\n")
    raises = [" ".join(one.split()) for one in paragraphs[1:] if one.startswith("Raises:")]
    return " ".join([" ".join(paragraphs[0].split()), *raises])
