"""Keys and servers for the tests."""

from contextlib import contextmanager

from koe.api import KeyScope, structure
from koe.testing.fakes import FakePlugin
from koe_auth.config import AuthConfig
from koe_auth.keys import KeyConfig, KeyHash, new_key
from koe_auth.plugin import AuthPlugin

from tests.server.live import live

SPEECH = "/v1/audio/speech"
BODY = {"input": "hello", "response_format": "wav"}


class KeyChain(dict[str, str]):
    """Keys by name; `config` has their hashes."""

    def __init__(self, **scopes: str):
        super().__init__({name: new_key() for name in scopes})
        self.scopes = scopes

    @property
    def configs(self):
        scopes: dict[str, tuple[KeyScope, ...]] = {}
        for name in self:
            scopes[name] = structure(self.scopes[name].split(), tuple[KeyScope, ...])
        return {name: KeyConfig(KeyHash.of(self[name]), scopes[name]) for name in self}

    @property
    def config(self):
        return AuthConfig(keys=self.configs)

    def write(self, path, *names):
        """A keys file with these keys."""
        tables = []
        for name in names:
            digits, scopes = self.configs[name].hash.reveal(), self.scopes[name].split()
            tables.append(f'[keys.{name}]\nhash = "{digits}"\nscopes = {scopes}\n')
        path.write_text("\n".join(tables), encoding="utf-8")

    def header(self, name):
        return bearer(self[name])


def bearer(key):
    return {"authorization": f"Bearer {key}"}


@contextmanager
def guarded(config, *plugins, **options):
    with live(FakePlugin(), AuthPlugin(config), *plugins, **options) as server:
        yield server
