"""The names of a new plugin: in config, on PyPI, in imports and of its classes."""

import re

from attrs import frozen

from koe.errors import InvalidRequestError

LONGEST = 24
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PREFIX = "koe-"
_RESERVED = frozenset({"enabled", "testing", "server", "auto", "default"})
"""A key of `[plugins]`, distributions or extras of koe's own, and words of `[engine]` that name no engine."""


@frozen
class PluginName:
    """`my-words` in the config: distribution `koe-my-words`, package `koe_my_words`, classes `MyWords…`."""

    name: str

    @classmethod
    def of(cls, given: str) -> "PluginName":
        """The name as the user wrote it.

        Raises:
            InvalidRequestError: it cannot be one, or it would be mistaken for something else.
        """
        if given.startswith((_PREFIX, "koe_")):
            rest = given[len(_PREFIX) :]
            raise InvalidRequestError(
                f"{given!r} cannot be a plugin's name: the distribution is called {_PREFIX}NAME already; "
                f"leave the prefix out: {rest}"
            )
        if not _NAME.fullmatch(given) or len(given) > LONGEST:
            raise InvalidRequestError(
                f"{given!r} cannot be a plugin's name: it takes lower-case letters and digits, a letter "
                f"first, in words joined by single hyphens, at most {LONGEST} characters, such as my-words"
            )
        if given in _RESERVED:
            raise InvalidRequestError(
                f"{given!r} cannot be a plugin's name: it means something else to koe; take another name"
            )
        return cls(given)

    @property
    def distribution(self) -> str:
        return f"{_PREFIX}{self.name}"

    @property
    def package(self) -> str:
        return self.distribution.replace("-", "_")

    @property
    def classes(self) -> str:
        """What the names of its classes begin with."""
        return "".join(part.capitalize() for part in self.name.split("-"))
