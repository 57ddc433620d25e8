"""The keys in force: those of the configuration and those of the keys file, as it is now."""

import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from attrs import define, field, frozen
from koe.api import ConfigError, StructureError, structure

from koe_auth.config import AuthConfig
from koe_auth.keys import KeyConfig, Keys, check_keys

log = structlog.get_logger(__name__)

State: TypeAlias = tuple[int, int, int]
_GONE: Final = (0, 0, -1)
_FRESH_NS: Final = 2_000_000_000
_MOST_BYTES: Final = 10_000_000


@frozen
class KeysFile:
    """The layout of the keys file."""

    keys: Mapping[str, KeyConfig]


@define
class Keyring:
    """Looks at the file with every request, so that a key that is taken out of it is refused at once.

    A file that cannot be read or understood changes nothing: the keys that were in it last stay in force.
    """

    config: AuthConfig
    _keys: Keys | None = field(default=None, init=False)
    _state: State | None = field(default=None, init=False)
    _settled: bool = field(default=False, init=False)

    def open(self) -> Keys:
        """The keys at the start.

        Raises:
            ConfigError: the file is missing or wrong, or there is no key at all.
        """
        if not self.config.keys_file and not self.config.keys:
            raise ConfigError(
                ["plugins.auth: there is no key, so nobody could be answered; make one: `koe auth new NAME`"]
            )
        self._settle(self._look())
        self._keys = self.read()
        return self._keys

    def now(self) -> Keys:
        """The keys in force. Raises `ConfigError` where none were read yet and they cannot be."""
        if self._keys is None:
            return self.open()
        if self.config.keys_file:
            state = self._look()
            if state != self._state or not self._settled:
                self._reread(state, self._keys)
        return self._keys

    def read(self) -> Keys:
        """The keys of the configuration and of the file. Raises `ConfigError` with all that is wrong."""
        given = dict(self.config.keys)
        if self.config.keys_file:
            listed = read_keys_file(Path(self.config.keys_file))
            both = sorted(given.keys() & listed.keys())
            if both:
                raise ConfigError([f"{self.config.keys_file}: {', '.join(both)}: also in plugins.auth.keys"])
            given |= listed
            _check(self.config.keys_file, given)
        return Keys.of(given)

    def _reread(self, state: State, last: Keys) -> None:
        changed = state != self._state
        self._settle(state)
        try:
            self._keys = self.read()
        except ConfigError as error:
            if changed:
                log.error("keys_file_refused", reason=str(error), kept=len(last.keys))  # noqa: TRY400
            return
        if self._keys != last:
            changed_keys = set(self._keys.keys) ^ set(last.keys)
            names = sorted({key.name for key in changed_keys})
            log.info("keys_file_read", keys=len(self._keys.keys), changed=names)

    def _look(self) -> State:
        try:
            found = Path(self.config.keys_file).stat()
        except OSError:
            return _GONE
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _settle(self, state: State) -> None:
        """A file that was written a moment ago may be written again without looking any different."""
        self._state = state
        self._settled = abs(time.time_ns() - state[0]) > _FRESH_NS


def read_keys_file(path: Path) -> Mapping[str, KeyConfig]:
    """The keys of one file. Raises `ConfigError` with all that is wrong, which never quotes a hash."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ConfigError([f"{path}: the keys file has more than {_MOST_BYTES} bytes"])
        found = structure(tomllib.loads(text.decode("utf-8-sig")), KeysFile).keys
    except OSError as error:
        raise ConfigError([f"{path}: the keys file cannot be read: {error.strerror or error}"]) from None
    except StructureError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None
    _check(str(path), found)
    return found


def _check(where: str, keys: Mapping[str, KeyConfig]) -> None:
    try:
        check_keys(None, None, keys)
    except ValueError as error:
        raise ConfigError([f"{where}: keys: {error}"]) from None
