"""What the code has, read from its source: error codes, headers, log events, environment variables."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
_HEADER = re.compile(
    r"(accept|access|cache|content|if|koe|last|permissions|proxy|referrer|retry|sec|server|strict|transfer"
    r"|www|x)(-[a-z0-9]+)+"
)
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
_LOGS = {"log", "_log", "logger"}
_VARIABLE = re.compile(r"KOE_[A-Z][A-Z_]*[A-Z]")


def sources(*left_out: str) -> Iterator[Path]:
    """The modules of koe and of its plugins; none whose path holds one of `left_out`."""
    for folder in (ROOT / "core/koe", *sorted(ROOT.glob("plugins/*/koe_*"))):
        for path in sorted(folder.rglob("*.py")):
            if not any(part in str(path.relative_to(ROOT)) for part in left_out):
                yield path


def parsed(paths: Iterable[Path]) -> Iterator[ast.Module]:
    yield from map(_tree, paths)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@frozen
class Code:
    """An error code, the HTTP status that its class has or inherits, and its type."""

    code: str
    status: int
    type: str


def error_codes(trees: Iterable[ast.Module]) -> set[Code]:
    """Of every class that is, by the names of its bases, a `KoeError`."""
    classes: dict[str, ast.ClassDef] = {}
    found: list[ast.ClassDef] = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.bases:
                classes.setdefault(node.name, node)
                found.append(node)
    codes = set()
    for node in found:
        facts = _inherited(node, classes)
        if facts is not None:
            codes.add(Code(str(facts["code"]), int(str(facts["status"])), str(facts["type"])))
    return codes


def _inherited(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> dict[str, object] | None:
    """What the class says of `code`, `status` and `type`, over what its bases say; None if it is no error."""
    names = [ast.unparse(base).split(".")[-1] for base in node.bases]
    if node.name == "KoeError":
        above: dict[str, object] | None = {}
    else:
        above = next(
            (facts for name in names if name in classes and (facts := _inherited(classes[name], classes))),
            None,
        )
    if above is None:
        return None
    own = {}
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                own[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                own[name] = value
    return above | {name: own[name] for name in ("code", "status", "type") if name in own}


def headers(trees: Iterable[ast.Module]) -> set[str]:
    """Every header that is named: by its shape wherever it stands, single words where headers are handled."""
    found = set()
    for tree in trees:
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        strings = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        ]
        handled = [name for node in ast.walk(tree) for name in _handled(node)]
        found |= {one.lower() for one in strings if _HEADER.fullmatch(one.lower())}
        found |= {one.lower() for one in handled}
    return found


def _handled(node: ast.AST) -> Iterator[str]:
    """The strings that are taken from headers, put into them, looked for in them or compared with them."""
    for place in (*_read(node), *_written(node)):
        if isinstance(place, ast.Constant) and isinstance(place.value, str | bytes):
            yield place.value if isinstance(place.value, str) else place.value.decode("latin-1")


def _read(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(value=of, attr="get" | "getlist" | "setdefault" | "pop"), args=args):
            return args[:1] if _of_headers(of) else []
        case ast.Subscript(value=of, slice=name) if _of_headers(of):
            return [name]
        case ast.Compare(left=left, comparators=others) if any(map(_of_headers, others)):
            return [left]
        case ast.Compare(left=left, comparators=others):
            return [one for one in (left, *others) if _is_bytes(one)]
    return []


def _written(node: ast.AST) -> Sequence[ast.expr | None]:
    match node:
        case ast.Dict(keys=names) if names and all(map(_is_header, names)):
            return names
        case ast.keyword(arg="headers", value=ast.Dict(keys=names)):
            return names
        case ast.Tuple(elts=[name, _]) if _is_bytes(name):
            return [name]
    return []


def _is_bytes(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bytes)


def _is_header(node: ast.expr | None) -> bool:
    """Whether a key of a dictionary is a header's name, or `etag`, which does not look like one."""
    return isinstance(node, ast.Constant) and (
        node.value == "etag" or bool(_HEADER.fullmatch(str(node.value)))
    )


def _of_headers(node: ast.expr) -> bool:
    return "headers" in ast.unparse(node).lower()


def log_events(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """The levels of every event that is logged, also through a name such as `say = log.debug`."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        aliases: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                levels = {level for one in ast.walk(node.value) for level in _level(one)}
                aliases[node.targets[0].id] = levels
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                for event in _strings(node.args[0]):
                    if levels := set(_level(node.func)) | aliases.get(name, set()):
                        found.setdefault(event, set()).update(levels)
    return found


def _level(node: ast.AST) -> Iterator[str]:
    """The level of `log.<method>`; `exception` logs errors."""
    logs = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _LOGS
    if isinstance(node, ast.Attribute) and logs and node.attr in _LEVELS:
        yield "error" if node.attr == "exception" else node.attr


def _strings(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def environment_variables(trees: Iterable[ast.Module]) -> set[str]:
    """Every `KOE_…` that is read, or told to processes below."""
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _VARIABLE.fullmatch(node.value)
    }
