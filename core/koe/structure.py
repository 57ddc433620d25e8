"""The strict converter: plain data from TOML and JSON into typed, frozen values.

Nothing is converted but integers to floats, lists to the declared container, strings to paths, and values to
enum members. All mistakes of a value are found together, each with its place, what was expected and given.
"""

import math
from collections.abc import Callable, KeysView, Mapping, Sequence
from enum import EnumType
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, overload

from cattrs import Converter

from koe.attrs_class import ClassHook, Hook
from koe.errors import InvalidRequestError
from koe.problems import Problem, StructureError, UnsupportedTypeError, each, shortened, under, wrong
from koe.secret import Secret, is_secret
from koe.spelling import nearest
from koe.wording import allowed_values, is_class, is_list, is_mapping, is_union, shown, unwrapped

T = TypeVar("T")


@overload
def structure(value: object, type_: type[T], where: str = "") -> T: ...
@overload
def structure(value: object, type_: Any, where: str = "") -> Any: ...
def structure(value: object, type_: Any, where: str = "") -> Any:
    """Turn plain data into `type_`; `where` stands before the place of every problem.

    Raises:
        StructureError: all mistakes of the value.
        UnsupportedTypeError: `type_` holds an annotation without a rule.
    """
    try:
        return _hook(type_)(value, type_)
    except StructureError as error:
        if not where:
            raise
        raise StructureError(under(where, error)) from None


def structure_body(data: object, cls: type[T], *, allow_unknown: bool) -> tuple[T, tuple[str, ...]]:
    """Turn a parsed JSON request body into the attrs class `cls`; also return the names it does not know.

    `allow_unknown` concerns the body's own keys; nested objects are always strict.

    Raises:
        InvalidRequestError: all mistakes of the body; `param` is the path of the first.
    """
    if not isinstance(data, Mapping):
        raise InvalidRequestError(f"The request body must be a JSON object, given {shown(data)}")
    unknown: tuple[str, ...] = ()
    if allow_unknown:
        known = keys(cls)
        unknown = tuple(name for name in data if name not in known)
        data = {name: value for name, value in data.items() if name in known} if unknown else data
    try:
        return structure(data, cls), unknown
    except StructureError as error:
        problems = [shortened(problem) for problem in error.problems]
        raise InvalidRequestError(_listed(problems), param=problems[0].where or None) from None


def keys(cls: type[Any]) -> KeysView[str]:
    """The keys that an attrs class reads, in its order."""
    hook = _hook(cls)
    if not isinstance(hook, ClassHook):
        _unsupported(cls)
    return hook.keys.keys()


def _listed(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return str(problems[0])
    return f"{len(problems)} mistakes in the request: {'; '.join(map(str, problems))}"


def _anything(value: Any, _: Any) -> Any:
    return value


def _boolean(value: Any, type_: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(type_, value)


def _integer(value: Any, type_: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong(type_, value)


def _number(value: Any, type_: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong(type_, value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StructureError([Problem((), f"expected a finite number, given {shown(value)}")])
    return number


def _string(value: Any, type_: Any) -> str:
    if isinstance(value, str):
        return value
    raise wrong(type_, value)


def _path(value: Any, type_: Any) -> Path:
    if isinstance(value, str):
        return Path(value)
    raise wrong(type_, value)


def _secret(value: Any, type_: type[Secret]) -> Secret:
    if not isinstance(value, str):
        raise wrong(type_, value)
    try:
        return type_(value)
    except ValueError as error:
        raise StructureError([Problem((), str(error))]) from None


def _null(value: Any, type_: Any) -> None:
    if value is not None:
        raise wrong(type_, value)


def _choice_hook(type_: Any) -> Hook:
    values = allowed_values(type_)
    members = tuple(type_) if isinstance(type_, EnumType) else values
    by_value = {(type(value), value): member for value, member in zip(values, members, strict=True)}
    names = [value for value in values if isinstance(value, str)]

    def hook(value: Any, _: Any) -> Any:
        try:
            return by_value[type(value), value]
        except (KeyError, TypeError):
            near = nearest(value, names) if isinstance(value, str) else []
            raise wrong(type_, value, f"; did you mean {near[0]!r}?" if near else "") from None

    return hook


def _union_hook(type_: Any) -> Hook:
    # Floats last: 1 stays an integer in `float | int`.
    members = sorted(get_args(type_), key=lambda member: member is float)
    hooks = [(member, _hook(member)) for member in members]

    def hook(value: Any, _: Any) -> Any:
        errors = []
        for member, member_hook in hooks:
            try:
                return member_hook(value, member)
            except StructureError as error:
                errors.append(error)
        inside = [error for error in errors if any(problem.path for problem in error.problems)]
        raise inside[0] if len(inside) == 1 else wrong(type_, value)

    return hook


def _list_hook(type_: Any) -> Hook:
    arguments = get_args(type_)
    origin = get_origin(type_) or type_
    if origin is tuple and arguments and arguments[-1] is not ...:
        return _tuple_hook(type_)
    item_type = arguments[0] if arguments else Any
    item_hook = _hook(item_type)
    build: Callable[[list[Any]], Any] = tuple if origin is Sequence else origin

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise wrong(type_, value)
        return build(each(enumerate(value), lambda item: item_hook(item, item_type)))

    return hook


def _tuple_hook(type_: Any) -> Hook:
    hooks = [(member, _hook(member)) for member in get_args(type_)]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(hooks):
            raise wrong(type_, value)
        paired = enumerate(zip(hooks, value, strict=True))
        return tuple(each(paired, lambda pair: pair[0][1](pair[1], pair[0][0])))

    return hook


def _mapping_hook(type_: Any) -> Hook:
    key_type, item_type = get_args(type_) or (str, Any)
    key_hook, item_hook = _hook(key_type), _hook(item_type)

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise wrong(type_, value)
        names = each(((str(key), key) for key in value), lambda key: key_hook(key, key_type))
        items = each(value.items(), lambda item: item_hook(item, item_type))
        return dict(zip(names, items, strict=True))

    return hook


def _unsupported(type_: Any) -> NoReturn:
    raise UnsupportedTypeError(f"the strict converter has no rule for the annotation {type_!r}")


_SCALARS: Mapping[Any, Hook] = {
    Any: _anything,
    object: _anything,
    NoneType: _null,
    bool: _boolean,
    int: _integer,
    float: _number,
    str: _string,
    Path: _path,
}


def _hook(type_: Any) -> Hook:
    """The rule for a type. Scalars and enums never reach cattrs, which takes a `StrEnum` for a `str`."""
    type_ = unwrapped(type_)
    if type_ in _SCALARS:
        return _SCALARS[type_]
    if allowed_values(type_):
        return _choice_hook(type_)
    if is_secret(type_):
        return _secret
    return _converter.get_structure_hook(type_)


def _strict_converter() -> Converter:
    """A converter whose every rule is ours: cattrs gives the dispatch and the cache."""
    converter = Converter()
    register = converter.register_structure_hook_factory
    register(lambda _: True, _unsupported)
    register(is_class, lambda cls: ClassHook(cls, _hook))
    register(is_mapping, _mapping_hook)
    register(is_list, _list_hook)
    register(is_union, _union_hook)
    for lenient in (str, bytes, int, float, Path):
        converter.register_structure_hook(lenient, lambda _, type_: _unsupported(type_))
    return converter


_converter = _strict_converter()
