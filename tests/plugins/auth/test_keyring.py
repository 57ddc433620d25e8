"""The keys file: read again when it changes, and never forgotten because of a mistake."""

import os

import httpx
import pytest
from koe.api import ConfigError
from koe_auth.config import AuthConfig
from koe_auth.keyring import Keyring
from structlog.testing import capture_logs

from tests.plugins.auth.build import BODY, SPEECH, KeyChain, guarded

CHAIN = KeyChain(alice="speech", bob="speech", carol="speech")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys.toml"
    CHAIN.write(path, "alice", "bob")
    return path


@pytest.fixture
def ring(path):
    ring = Keyring(AuthConfig(keys_file=str(path)))
    ring.open()
    return ring


def status(client, name):
    return client.post(SPEECH, json=BODY, headers=CHAIN.header(name)).status_code


def names(ring):
    return {key.name for key in ring.now().keys}


def test_a_change_is_seen_with_the_next_request(ring, path):
    assert names(ring) == {"alice", "bob"}
    CHAIN.write(path, "bob", "carol")
    assert names(ring) == {"bob", "carol"}


def test_the_log_names_the_keys_that_came_went_or_became_others(ring, path):
    KeyChain(alice="speech", bob="detect").write(path, "alice", "bob")
    with capture_logs() as events:
        ring.now()
        CHAIN.write(path, "carol")
        ring.now()
    assert [event["changed"] for event in events] == [["alice", "bob"], ["alice", "bob", "carol"]]


def test_a_file_that_looks_the_same_right_after_it_was_written_is_read_again(ring, path):
    """Same size, same time, same inode: what a clock of coarse ticks makes of two writes in a row."""
    before = path.stat()
    path.write_text(path.read_text().replace("keys.alice", "keys.alicf"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(ring) == {"alicf", "bob"}


def test_a_file_that_was_settled_is_not_read_again(ring, path, monkeypatch):
    os.utime(path, (1, 1))
    ring.now()
    monkeypatch.setattr(Keyring, "read", None)
    assert names(ring) == {"alice", "bob"}


@pytest.mark.parametrize(
    "broken", ["not toml", "[keys.alice]\nhash = 5", "keys = 3", "[keys.alice]\nhsh = 'x'", "\xff"]
)
def test_a_broken_file_keeps_the_keys_it_had_and_is_logged_once(ring, path, broken):
    path.write_text(broken, encoding="latin-1")
    with capture_logs() as events:
        assert names(ring) == {"alice", "bob"} == names(ring)
    assert [event["event"] for event in events] == ["keys_file_refused"]
    assert str(path) in events[0]["reason"]
    CHAIN.write(path, "carol")
    assert names(ring) == {"carol"}


def test_a_file_that_is_gone_keeps_the_keys_it_had(ring, path):
    path.unlink()
    assert names(ring) == {"alice", "bob"}
    CHAIN.write(path, "bob")
    assert names(ring) == {"bob"}


def test_an_emptied_file_takes_all_keys_away(ring, path):
    path.write_text("[keys]\n")
    assert names(ring) == set()


@pytest.mark.parametrize("broken", [None, "not toml", "[keys.alice]\nhash = 'sha256:12'"])
def test_at_the_start_the_file_must_be_right(path, broken):
    path.unlink() if broken is None else path.write_text(broken)
    with pytest.raises(ConfigError, match=str(path)):
        Keyring(AuthConfig(keys_file=str(path))).open()


def test_without_any_key_nothing_starts():
    with pytest.raises(ConfigError, match="koe auth new"):
        Keyring(AuthConfig()).open()


def test_names_in_both_places_are_a_mistake(path):
    with pytest.raises(ConfigError, match="alice, bob: also in plugins.auth.keys"):
        Keyring(AuthConfig(keys=CHAIN.configs, keys_file=str(path))).open()


def test_a_revoked_key_is_refused_by_the_running_server(path):
    with guarded(AuthConfig(keys_file=str(path))) as server:
        with httpx.Client(base_url=server.url) as client:
            assert (status(client, "alice"), status(client, "carol")) == (200, 401)
            CHAIN.write(path, "bob", "carol")
            assert (status(client, "alice"), status(client, "carol")) == (401, 200)
