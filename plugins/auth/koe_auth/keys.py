"""API keys: how they are made, what is kept of them, and how one is recognised.

A key is 256 random bits. Nobody guesses that, so one round of SHA-256 protects it as well as a slow hash
would, which is for passwords that people choose; and a slow hash would let strangers burn the processor.
For the same reason there is no salt: two keys are never equal.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from attrs import field, frozen
from koe.api import KeyScope, Secret

PREFIX: Final = "koe_"
_RANDOM_BYTES: Final = 32
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHOWN_DIGITS: Final = 8
_MIN_CHARACTERS: Final = 32
_MIN_DIFFERENT: Final = 12


class KeyHash(Secret):
    """`sha256:` and the digits, as they stand in the configuration. A part of them is shown."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        if not _HASH.fullmatch(text):
            raise ValueError(
                "expected 'sha256:' and 64 hexadecimal digits, as `koe auth new` prints them; the key itself "
                "belongs to its owner, not here"
            )
        super().__init__(text)

    @classmethod
    def of(cls, key: str) -> "KeyHash":
        return cls(f"sha256:{sha256(key.encode()).hexdigest()}")

    @property
    def digest(self) -> bytes:
        return bytes.fromhex(self.reveal().removeprefix("sha256:"))

    def shown(self) -> str:
        return self.reveal()[: len("sha256:") + _SHOWN_DIGITS] + "…"


@frozen
class KeyConfig:
    """One API key.

    Attributes:
        hash: what `koe auth new` printed.
        scopes: what the key is for.
    """

    hash: KeyHash
    scopes: tuple[KeyScope, ...] = ("speech",)


@frozen
class Key:
    """A key that is in force."""

    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[str]


@frozen
class Keys:
    """All keys in force."""

    keys: tuple[Key, ...] = ()

    @classmethod
    def of(cls, configs: Mapping[str, KeyConfig]) -> "Keys":
        return cls(tuple(Key(name, one.hash.digest, frozenset(one.scopes)) for name, one in configs.items()))

    def find(self, presented: bytes) -> Key | None:
        """The key that was presented.

        Takes as long for any: every digest is compared, in constant time, whatever matches before.
        """
        digest = sha256(presented).digest()
        found: Key | None = None
        for key in self.keys:
            if compare_digest(key.digest, digest):
                found = key
        return found


def new_key() -> str:
    """A new random key."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def weakness(key: str) -> str | None:
    """Why a key that somebody brings is too easy to guess; None where nothing speaks against it."""
    if not key.isascii() or not key.isprintable() or " " in key:
        return "a key is made of visible ASCII characters without spaces"
    if len(key) < _MIN_CHARACTERS:
        return f"a key has {_MIN_CHARACTERS} characters or more, this one {len(key)}"
    if len(set(key.removeprefix(PREFIX))) < _MIN_DIFFERENT:
        return f"a key has {_MIN_DIFFERENT} different characters or more; take a random one"
    return None


def check_name(name: str) -> None:
    """Raise `ValueError` for a name that could not be told apart in logs and files."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"names of keys have up to 64 letters, digits and . _ -, and begin with one of the first two, "
            f"not {name!r:.80}"
        )


def check_keys(_: Any, _attribute: Any, keys: Mapping[str, KeyConfig]) -> None:
    """Raise `ValueError` for names that are none, and for one key under two names."""
    for name in keys:
        check_name(name)
    twice = _doubles(keys.items())
    if twice:
        raise ValueError(f"{twice[0]!r} and {twice[1]!r} have the same hash; give each its own key")


def _doubles(keys: Iterable[tuple[str, KeyConfig]]) -> tuple[str, str] | None:
    seen: dict[KeyHash, str] = {}
    for name, key in keys:
        if key.hash in seen:
            return seen[key.hash], name
        seen[key.hash] = name
    return None
