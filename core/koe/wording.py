"""Words for types, limits and values in error messages and in the reference."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from enum import Enum
from itertools import islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import attrs

from koe.secret import holds_secret, is_secret

Validator: TypeAlias = Callable[[Any, Any, Any], Any]

_LONGEST_STRING = 60
_MOST_ITEMS = 3
_MOST_BITS = 200

_NAMES: Mapping[Any, tuple[str, str]] = {
    Any: ("any value", "values"),
    object: ("any value", "values"),
    NoneType: ("null", "nulls"),
    bool: ("true or false", "true or false values"),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    Path: ("a path", "paths"),
}


def shown(value: object, depth: int = 2) -> str:
    """A value as it stands in an error message: on one line, printable and short whatever it holds."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value[:_LONGEST_STRING]) + ("…" if len(value) > _LONGEST_STRING else "")
    if isinstance(value, int | float):
        return _shown_number(value)
    if isinstance(value, Mapping | list | tuple):
        return _shown_items(value, depth)
    return value.isoformat() if isinstance(value, date | time) else f"a {type(value).__name__}"


def given(type_: Any, value: object) -> str:
    """A value that was given where a `type_` is wanted: shown, unless secrets are wanted there."""
    return "a value that is not shown here" if holds_secret(type_) else shown(value)


def _shown_number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def _shown_items(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> str:
    most = _MOST_ITEMS if depth else 0
    rest = ["…"] if len(value) > most else []
    if isinstance(value, Mapping):
        pairs = islice(value.items(), most)
        return f"{{{', '.join([f'{shown(key)}: {shown(item, depth - 1)}' for key, item in pairs] + rest)}}}"
    return f"[{', '.join([shown(item, depth - 1) for item in value[:most]] + rest)}]"


def expected(type_: Any) -> str:
    """What a value of this type is called: `an integer`, `a list of strings`, `one of 'a', 'b'`."""
    return _named(type_, plural=False)


def _named(type_: Any, *, plural: bool) -> str:
    type_ = unwrapped(type_)
    if is_secret(type_):
        return _NAMES[str][plural]
    if type_ in _NAMES:
        return _NAMES[type_][plural]
    if is_union(type_):
        return " or ".join(_named(member, plural=plural) for member in get_args(type_))
    if choices := allowed_values(type_):
        one, several = _choice(choices)
    elif is_mapping(type_):
        one, several = f"a mapping of names to {_items(get_args(type_)[1:])}", "mappings"
    elif is_list(type_):
        one, several = f"a list of {_items(get_args(type_))}", "lists"
    elif is_class(type_):
        one, several = "a mapping", "mappings"
    else:
        one = several = getattr(type_, "__name__", str(type_))
    return several if plural else one


def _choice(choices: tuple[Any, ...]) -> tuple[str, str]:
    listed = ", ".join(map(shown, choices))
    return listed if len(choices) == 1 else f"one of {listed}", f"values out of {listed}"


def _items(arguments: tuple[Any, ...]) -> str:
    if not arguments:
        return "values"
    if len(arguments) == 1 or arguments[1] is ...:
        return _named(arguments[0], plural=True)
    return f"{len(arguments)} values: {', '.join(map(expected, arguments))}"


def unwrapped(type_: Any) -> Any:
    """The type behind `Annotated`, `NewType` and `type X = …`."""
    while True:
        if get_origin(type_) is Annotated:
            type_ = get_args(type_)[0]
        elif hasattr(type_, "__supertype__"):
            type_ = type_.__supertype__
        elif hasattr(type_, "__value__") and hasattr(type_, "__type_params__"):
            type_ = type_.__value__
        else:
            return type_


def allowed_values(type_: Any) -> tuple[Any, ...]:
    """The values of a `Literal` or an `Enum`; none for other types."""
    if get_origin(type_) is Literal:
        return get_args(type_)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return tuple(member.value for member in type_)
    return ()


def is_union(type_: Any) -> bool:
    return get_origin(type_) in (Union, UnionType)


def is_mapping(type_: Any) -> bool:
    return _generic(type_) in (dict, Mapping)


def is_list(type_: Any) -> bool:
    """Whether a list is wanted, in whatever container."""
    return _generic(type_) in (list, tuple, set, frozenset, Sequence)


def is_class(type_: Any) -> bool:
    return isinstance(type_, type) and attrs.has(type_)


def _generic(type_: Any) -> Any:
    return get_origin(type_) or type_


def limit(validator: Any) -> str | None:
    """The words for what attrs' own number, choice and length validators ask; None for any other."""
    bounds: dict[str, Any] = {}
    words: list[str] = []
    for part in getattr(validator, "_validators", (validator,)):
        if type(part).__module__ != "attr.validators":
            return None
        if hasattr(part, "bound") and hasattr(part, "compare_op"):
            bounds[part.compare_op] = part.bound
        elif (word := _other_limit(part)) is not None:
            words.append(word)
        else:
            return None
    return ", ".join([*_range(bounds), *words])


def _other_limit(validator: Any) -> str | None:
    if hasattr(validator, "options"):
        return f"out of {', '.join(map(shown, validator.options))}"
    if hasattr(validator, "min_length"):
        return f"of length {validator.min_length} or more"
    if hasattr(validator, "max_length"):
        return f"of length {validator.max_length} or less"
    return None


def _range(bounds: Mapping[str, Any]) -> list[str]:
    if set(bounds) == {">=", "<="}:
        return [f"from {bounds['>=']} to {bounds['<=']}"]
    words = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
    parts = [f"{word} {bounds[compare]}" for compare, word in words.items() if compare in bounds]
    return [" and ".join(parts)] if parts else []
