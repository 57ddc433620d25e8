"""What the code has, read from its source: error codes, headers, log events, environment variables."""

import ast
import re
from collections.abc import Iterable, Iterator
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
    for path in paths:
        yield ast.parse(path.read_text(encoding="utf-8"))


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
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        target = statement.target if isinstance(statement, ast.AnnAssign) else target
        if isinstance(target, ast.Name) and isinstance(statement.value, ast.Constant):
            own[target.id] = statement.value.value
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
    places: list[ast.expr] = []
    if isinstance(node, ast.Dict):
        if len(node.keys) and all(_is_header(one) for one in node.keys):
            places = [one for one in node.keys if one is not None]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"get", "getlist", "setdefault", "pop"} and _of_headers(node.func.value):
            places = node.args[:1]
    elif isinstance(node, ast.Subscript) and _of_headers(node.value):
        places = [node.slice]
    elif isinstance(node, ast.Compare) and any(_of_headers(one) for one in node.comparators):
        places = [node.left]
    elif isinstance(node, ast.Tuple | ast.Compare):
        inside = node.elts[:1] if isinstance(node, ast.Tuple) else [node.left, *node.comparators]
        places = [one for one in inside if isinstance(one, ast.Constant) and isinstance(one.value, bytes)]
    for place in places:
        if isinstance(place, ast.Constant) and isinstance(place.value, str | bytes):
            yield place.value if isinstance(place.value, str) else place.value.decode("latin-1")


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
