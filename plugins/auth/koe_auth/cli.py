"""`koe auth`: make keys, and look at those there are."""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from koe.api import InvalidRequestError, KeyScope

from koe_auth.keyring import Keyring
from koe_auth.keys import Key, KeyHash, Keys, check_name, new_key, weakness

_LONGEST_KEY = 4096


def auth_app(keyring: Keyring) -> App:
    """The command and its two sub-commands."""
    app = App(name="auth", help="Make API keys, and check those there are.")

    @app.command
    def new(
        name: str,
        /,
        *,
        scopes: Annotated[tuple[KeyScope, ...], Parameter(consume_multiple=True)] = ("speech",),
        stdin: bool = False,
    ) -> int:
        """Make a key: it goes to standard error, this once; what to keep of it goes to standard output.

        Parameters
        ----------
        name: str
            Whose key it is; logs and limits call it so.
        scopes: tuple[KeyScope, ...]
            What it is for: speech, detect, admin.
        stdin: bool
            Take a key that exists already from standard input, instead of making one.
        """
        _refuse_name(name, keyring)
        key = _given_key() if stdin else new_key()
        if not stdin:
            _say(f"The key of {name}, which is not kept anywhere: {key}")
            _say(f"{_destination(keyring)}:")
        print(_table(name, key, scopes, keyring), end="")  # noqa: T201 - the command's output
        return 0

    @app.command
    def check(*, stdin: bool = False) -> int:
        """Check the keys of the configuration and of the keys file, and list them.

        Parameters
        ----------
        stdin: bool
            Read a key from standard input, and list only this one.
        """
        keys = keyring.open()
        listed = (_presented(keys),) if stdin else keys.keys
        for key in listed:
            scopes = " ".join(sorted(key.scopes))
            shown = KeyHash(f"sha256:{key.digest.hex()}").shown()
            print(f"{key.name}\t{scopes}\t{shown}")  # noqa: T201 - the command's output
        return 0

    return app


def _refuse_name(name: str, keyring: Keyring) -> None:
    try:
        check_name(name)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from None
    if name in _known_names(keyring):
        raise InvalidRequestError(
            f"There is a key called {name!r} already; choose another name, or remove it"
        )


def _known_names(keyring: Keyring) -> Collection[str]:
    """A keys file has none while it is missing, or empty because the shell's `>>` has just made it."""
    path = keyring.config.keys_file
    if path and not (Path(path).exists() and Path(path).stat().st_size):
        return keyring.config.keys.keys()
    return [key.name for key in keyring.read().keys]


def _given_key() -> str:
    key = sys.stdin.read(_LONGEST_KEY).strip()
    reason = weakness(key)
    if reason is not None:
        raise InvalidRequestError(f"The key on standard input cannot be taken: {reason}")
    return key


def _presented(keys: Keys) -> Key:
    found = keys.find(sys.stdin.read(_LONGEST_KEY).strip().encode())
    if found is None:
        raise InvalidRequestError("The key on standard input is not in force")
    return found


def _destination(keyring: Keyring) -> str:
    path = keyring.config.keys_file
    return f"Append this to {path}" if path else "Put this into the configuration"


def _table(name: str, key: str, scopes: tuple[KeyScope, ...], keyring: Keyring) -> str:
    quoted = name if "." not in name else f'"{name}"'
    place = "keys" if keyring.config.keys_file else "plugins.auth.keys"
    listed = ", ".join(f'"{scope}"' for scope in dict.fromkeys(scopes))
    return f'[{place}.{quoted}]\nhash = "{KeyHash.of(key).reveal()}"\nscopes = [{listed}]\n'


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - the command's own words
