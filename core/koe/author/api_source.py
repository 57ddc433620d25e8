"""The public API as its source says it: nothing is imported but `koe` itself, nothing depends on versions."""

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

import koe

_PACKAGE = Path(koe.__file__).parent
_API = "koe.api"
_HIDDEN_DECORATORS = frozenset({"frozen", "define", "asynccontextmanager"})

Node: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign


@frozen
class Member:
    """A field, method or constant, as one line, with what is said of it."""

    name: str
    line: str
    doc: str


@frozen
class Definition:
    """A public name: the line that defines it, its documentation, and its public members.

    Attributes:
        kind: `class`, `function` or `value`.
        bases: of a class.
    """

    name: str
    kind: str
    line: str
    doc: str
    bases: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()


def public_names() -> list[str]:
    """`koe.api.__all__`, in its order."""
    (names,) = (
        ast.literal_eval(node.value)
        for node in _tree(_API).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return list(names)


def definitions() -> Mapping[str, Definition]:
    """Every public name with its definition, in the order of `koe.api.__all__`."""
    return {name: _defined(name) for name in public_names()}


def lines() -> list[str]:
    """The whole API, a line for each name and each member in its place: what must not change by accident."""
    found: list[str] = []
    for name, definition in sorted(definitions().items(), key=lambda item: item[0].lower()):
        found.append(definition.line)
        found += [f"    {name}.{member.line}" for member in definition.members]
    return found


def _defined(name: str) -> Definition:
    module, node, doc = _find(_API, name)
    if isinstance(node, ast.ClassDef):
        bases = tuple(map(ast.unparse, node.bases))
        line = f"class {name}({', '.join(bases)})" if bases else f"class {name}"
        members = (*_inherited(module, bases), *_members(node))
        return Definition(name, "class", line, _doc(node), bases, members)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Definition(name, "function", _signature(node, name), _doc(node))
    return Definition(name, "value", _value(node, name), doc)


def _inherited(module: str, bases: Iterable[str]) -> Iterator[Member]:
    """The members of those base classes in the same module that are not public themselves."""
    public = public_names()
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name in bases and node.name not in public:
            yield from _members(node)


def _find(module: str, name: str) -> tuple[str, Node, str]:
    """The module and node that define `name`, in `module` or where that has it from; the string behind it."""
    body = _tree(module).body
    for position, node in enumerate(body):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _find(node.module, alias.name)
        elif isinstance(node, Node) and name in _names(node) and not _is_overload(node):
            return module, node, _string(body, position + 1)
    raise LookupError(f"{module} does not define {name}")


def _names(node: Node) -> list[str]:
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets]
    return [ast.unparse(node.target)] if isinstance(node, ast.AnnAssign) else [node.name]


def _is_overload(node: Node) -> bool:
    """Whether it is one of several signatures, and not the function itself."""
    return "overload" in map(ast.unparse, getattr(node, "decorator_list", ()))


def _members(node: ast.ClassDef) -> Iterator[Member]:
    for position, child in enumerate(node.body):
        if isinstance(child, Node) and not isinstance(child, ast.ClassDef):
            name = _names(child)[0]
            if isinstance(child, ast.Assign | ast.AnnAssign):
                if not name.startswith("_"):
                    yield Member(name, _value(child, name), _string(node.body, position + 1))
            elif (not name.startswith("_") or name == "__init__") and not _is_overload(child):
                yield Member(name, _signature(child, name), _doc(child))


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str:
    decorators = {ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list}
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    marks = "".join(f"@{mark} " for mark in sorted(decorators - _HIDDEN_DECORATORS))
    kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{marks}{kind}{name}({ast.unparse(node.args)}){returns}"


def _value(node: Node, name: str) -> str:
    """`name: type = default`; a default that is made anew each time is `…`."""
    assert isinstance(node, ast.Assign | ast.AnnAssign)
    annotation = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
    return f"{name}{annotation}{_default(node.value)}"


def _default(value: ast.expr | None) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in value.keywords}
        if "default" in given:
            return f" = {given['default']}"
        return " = …" if "factory" in given else ""
    return f" = {ast.unparse(value)}"


def _doc(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return inspect.cleandoc(ast.get_docstring(node) or "")


def _string(body: list[ast.stmt], position: int) -> str:
    """The string that stands at `position` and documents what is before it."""
    node = body[position] if position < len(body) else None
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return inspect.cleandoc(node.value.value)
    return ""


@cache
def _tree(module: str) -> ast.Module:
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))
