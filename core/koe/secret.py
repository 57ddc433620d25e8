"""Values of the configuration that are never shown: `koe config show` and every error leave them out."""

import re
from typing import Any, Self, get_args

import attrs

HIDDEN = "(hidden)"

_TELLING = re.compile(
    r"(^|[_-])(secret|password|passwd|passphrase|token|key|keys|hash|credentials?|authorization|cookie)($|[_-])",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")
_PARAMETER = re.compile(r"(?<=[?&])([^=&#\s]+)=[^&#\s]*")


class Secret:
    """A string of a plugin's `Config` whose text neither its `repr` nor any message shows.

    A subclass may raise `ValueError` for a text that it does not take; its words become the error and must
    not quote the text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for those who need it."""
        return self._text

    def shown(self) -> str:
        """What may be shown instead."""
        return HIDDEN if self._text else ""

    def __str__(self) -> str:
        return self.shown()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shown()!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        return hash((type(self), self._text))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


class SecretUrl(Secret):
    """A URL that may hold a user and a password, or a parameter such as `password`; the rest is shown."""

    __slots__ = ()

    def shown(self) -> str:
        return without_credentials(self._text)


def without_credentials(text: str) -> str:
    """`text` in which URLs have no user and password, nor values of parameters that sound like secrets."""
    return _PARAMETER.sub(_hidden_parameter, _USER_INFO.sub("***@", text))


def _hidden_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}=***" if _TELLING.search(found[1]) else found[0]


def is_secret(type_: Any) -> bool:
    """Whether `type_` is a kind of `Secret`."""
    return isinstance(type_, type) and issubclass(type_, Secret)


def holds_secret(type_: Any, within: frozenset[Any] = frozenset()) -> bool:
    """Whether values of `type_` have a secret anywhere in them, so that they may not be quoted."""
    if is_secret(type_):
        return True
    if isinstance(type_, type) and attrs.has(type_) and type_ not in within:
        inner = within | {type_}
        return any(holds_secret(_annotation(type_, one), inner) for one in attrs.fields(type_))
    return any(holds_secret(argument, within) for argument in get_args(type_))


def guarded_plain(name: str, value: Any) -> Any:
    """A value of a table that no class describes, such as that of a plugin that is not enabled.

    Whatever has a telling name, and the users of URLs, are left out.
    """
    if isinstance(value, dict):
        return {key: guarded_plain(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [guarded_plain(name, inner) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    return HIDDEN if _TELLING.search(name) else without_credentials(value)


def _annotation(cls: type[Any], attribute: "attrs.Attribute[Any]") -> Any:
    if isinstance(attribute.type, str):
        attrs.resolve_types(cls)
        return attrs.fields_dict(cls)[attribute.name].type
    return attribute.type
