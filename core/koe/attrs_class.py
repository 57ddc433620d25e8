"""The rule of the strict converter for attrs classes."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias, get_type_hints

import attrs
from attrs import frozen

from koe.problems import MOST_PROBLEMS, Problem, StructureError, UnsupportedTypeError, under, wrong
from koe.spelling import suggestion
from koe.wording import Validator, expected, given, limit

Hook: TypeAlias = Callable[[Any, Any], Any]


@frozen
class Key:
    """A key that an attrs class reads."""

    attribute: "attrs.Attribute[Any]"
    type: Any
    hook: Hook

    @property
    def required(self) -> bool:
        return self.attribute.default is attrs.NOTHING

    @property
    def validator(self) -> Validator | None:
        """What can be asked on its own; a field with a converter is left to the constructor."""
        return None if self.attribute.converter is not None else self.attribute.validator


class ClassHook:
    """Structures mappings into one attrs class. `hook_for` finds the rule for a field's type."""

    def __init__(self, cls: type[Any], hook_for: Callable[[Any], Hook]) -> None:
        self._cls = cls
        self._hook_for = hook_for

    @cached_property
    def keys(self) -> Mapping[str, Key]:
        """The class's keys; collected on first use, so that a class may refer to itself."""
        try:
            hints = get_type_hints(self._cls, include_extras=True)
        except NameError as error:
            message = f"an annotation of {self._cls.__name__} cannot be read: {error}"
            raise UnsupportedTypeError(message) from error
        return {
            attribute.alias: Key(attribute, hint := hints.get(attribute.name, Any), self._hook_for(hint))
            for attribute in attrs.fields(self._cls)
            if attribute.init
        }

    def __call__(self, value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise wrong(self._cls, value)
        problems: list[Problem] = []
        structured: dict[str, Any] = {}
        for name, key in self.keys.items():
            if name in value:
                try:
                    structured[name] = key.hook(value[name], key.type)
                except StructureError as error:
                    problems.extend(under(name, error))
            elif key.required:
                problems.append(Problem((name,), f"required, but missing (expected {expected(key.type)})"))
        if not value.keys() <= self.keys.keys():
            problems.extend(self._unknown(value))
        return self._built(value, structured, problems)

    def _unknown(self, value: Mapping[Any, Any]) -> list[Problem]:
        unknown = [str(name) for name in value if name not in self.keys]
        named = unknown[:MOST_PROBLEMS]
        problems = [Problem((name,), f"unknown key; {suggestion(name, self.keys)}") for name in named]
        if len(unknown) > len(named):
            problems.append(Problem((), f"{len(unknown) - len(named)} more unknown keys"))
        return problems

    def _built(self, given: Mapping[str, Any], structured: Mapping[str, Any], problems: list[Problem]) -> Any:
        if problems:
            raise StructureError([*problems, *self._violations(given, structured)])
        try:
            return self._cls(**structured)
        except Exception as error:  # noqa: BLE001 - a validator may raise anything; its words become the problem
            violations = self._violations(given, structured) or [Problem((), _words(error))]
            raise StructureError(violations) from None

    def _violations(self, given: Mapping[str, Any], structured: Mapping[str, Any]) -> list[Problem]:
        """What the validators say, each asked on its own: attrs itself stops at the first."""
        instance = self._unchecked(given, structured)
        problems = []
        for name, value in structured.items():
            key = self.keys[name]
            if key.validator is None:
                continue
            try:
                key.validator(instance, key.attribute, value)
            except AttributeError:
                continue  # it looks at a field that is wrong itself, and that one is reported
            except Exception as error:  # noqa: BLE001 - as above
                problems.append(Problem((name,), _violated(key, given[name], error)))
        return problems

    def _unchecked(self, given: Mapping[str, Any], structured: Mapping[str, Any]) -> Any:
        """An instance that no validator has seen, for validators that look at other fields.

        What was given but is wrong is missing in it: nothing is to be judged by its default.
        """
        instance = object.__new__(self._cls)
        for name, key in self.keys.items():
            default = attrs.NOTHING if name in given else default_of(key.attribute)
            value = structured.get(name, default)
            if value is not attrs.NOTHING:
                object.__setattr__(instance, key.attribute.name, value)
        return instance


def default_of(attribute: "attrs.Attribute[Any]") -> Any:
    """The default of a field; `attrs.NOTHING` where it has none or makes it from the instance."""
    default: Any = attribute.default
    if not hasattr(default, "takes_self"):
        return default
    return attrs.NOTHING if default.takes_self else default.factory()


def _violated(key: Key, value: Any, error: Exception) -> str:
    words = limit(key.validator)
    if words is None:
        return f"{_words(error)}, given {given(key.type, value)}"
    return f"expected {expected(key.type)} {words}, given {given(key.type, value)}"


def _words(error: Exception) -> str:
    first = error.args[0] if error.args else None
    return first if isinstance(first, str) and first else f"{type(error).__name__}: {error}"
