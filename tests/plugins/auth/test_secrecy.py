"""Keys appear nowhere: not in logs of any kind and level, not in errors, listings or `config show`."""

import io
import json
import subprocess
import sys

import httpx
import pytest
from koe.cli.main import main
from koe_auth.keys import new_key
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.plugins.auth.build import BODY, SPEECH, KeyChain, bearer
from tests.server.harness import ROOT, wait_until
from tests.server.live import KoeServer

CHAIN = KeyChain(alice="speech", bob="detect")
PASSWORD = new_key()
STREAM = "/v1/audio/speech/stream"


@pytest.fixture
def koe(capsys, monkeypatch):
    """The command line, in this process."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(list(arguments))
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run


def secrets_of(chain, *more):
    hashes = [config.hash.reveal().removeprefix("sha256:")[8:] for config in chain.configs.values()]
    return [*chain.values(), *hashes, *more]


def leaked(text, secrets):
    """Also parts of keys count: nothing may be cut from one and shown."""
    return [secret for secret in secrets if any(secret[at : at + 12] in text for at in range(4, 28, 4))]


@pytest.fixture
def config(tmp_path):
    CHAIN.write(tmp_path / "keys.toml", "bob")
    alice = CHAIN.configs["alice"].hash.reveal()
    path = tmp_path / "koe.toml"
    path.write_text(
        '[plugins]\nenabled = ["text", "espeak", "formats", "auth", "ratelimit"]\n'
        f'[plugins.auth]\nkeys_file = "{tmp_path / "keys.toml"}"\n'
        f'[plugins.auth.keys.alice]\nhash = "{alice}"\n'
        f'[plugins.ratelimit]\nstorage = "redis://koe:{PASSWORD}@127.0.0.1:1/0"\ntimeout_s = 0.1\n'
    )
    return path


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_key_is_logged_or_answered(config, log_format, tmp_path):
    """Debug level, HTTP/1.1, HTTP/2 and WebSockets; right, wrong and scope-less keys; keys in odd places."""
    wrong = new_key()
    secrets = secrets_of(CHAIN, wrong, PASSWORD)
    answers = []
    options = ("--config", str(config), "--set", f"log.format={log_format}", "--set", "log.level=debug")
    with KoeServer(*options, KOE_MODEL_DIR=str(tmp_path)) as server:
        server.ready()
        for version in ("1.1", "2"):
            with server.client(version) as client:
                for key in (CHAIN["alice"], CHAIN["bob"], wrong):
                    answers.append(client.post(SPEECH, json=BODY, headers=bearer(key)))
                    answers.append(client.post(SPEECH, params={"api_key": key}, json=BODY))
                    answers.append(client.post(SPEECH, content=b"{", headers=bearer(key)))
                    answers.append(client.get("/v1/models", headers=bearer(key)))
                answers.append(client.get("/openapi.json"))
                answers.append(client.get("/status", headers=CHAIN.header("alice")))
        for key in (CHAIN["bob"], wrong):
            with pytest.raises(InvalidStatus):
                connect(server.url.replace("http", "ws") + STREAM, additional_headers=bearer(key))
        wait_until(lambda: server.logged().count(STREAM) >= 2, "the sessions are in the log")
        logged = server.logged()
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 403}
    assert leaked(logged, secrets) == []
    for answer in answers:
        assert leaked(f"{answer.headers} {answer.text}", secrets) == []
    assert "alice" in logged  # names are meant to be there


def test_config_show_has_no_secrets_whether_the_plugins_are_enabled_or_not(koe, config):
    for options in ([], ["--disable", "auth", "--disable", "ratelimit"]):
        shown = koe("config", "show", "--config", str(config), *options)
        assert shown.returncode == 0, shown.stderr
        assert leaked(shown.stdout + shown.stderr, secrets_of(CHAIN, PASSWORD)) == []
        assert "127.0.0.1:1/0" in shown.stdout
        assert "plugins.auth.keys.alice" in shown.stdout


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("config", 'keys.alice.hash = "{}"'),
        ("serve", 'keys.alice.hash = "{}"'),
        ("config", 'keys.alice = "{}"'),
        ("config", 'keys.alice.hash = ["{}"]'),
        ("config", 'keys = "{}"'),
    ],
)
def test_mistakes_never_quote_a_key_that_was_put_where_its_hash_belongs(koe, config, command, line):
    """A key in the wrong place is a mistake that is reported without it."""
    key = CHAIN["alice"]
    config.write_text(f"[plugins]\nenabled = ['auth']\n[plugins.auth]\n{line.format(key)}\n")
    said = koe(command, *(["check"] if command == "config" else []), "--config", str(config))
    assert said.returncode == 2
    assert leaked(said.stdout + said.stderr, [key]) == []
    assert "plugins.auth.keys" in said.stderr


class TestCommands:
    def test_new_prints_the_key_once_and_a_table_that_lets_it_in(self, koe, tmp_path):
        made = koe("auth", "new", "dora", "--scopes", "speech", "admin", "--enable", "auth")
        key = made.stderr.split("anywhere: ")[1].split()[0]
        assert made.returncode == 0
        assert key not in made.stdout
        (tmp_path / "dora.toml").write_text(made.stdout)
        options = ("--config", str(tmp_path / "dora.toml"), "--enable", "auth")
        assert koe("auth", "check", *options).stdout.split("\t")[:2] == ["dora", "admin speech"]
        assert koe("auth", "check", "--stdin", *options, stdin=key).stdout.startswith("dora\t")
        refused = koe("auth", "check", "--stdin", *options, stdin=key[:-1])
        assert (refused.returncode, leaked(refused.stderr, [key])) == (2, [])

    def test_what_new_prints_can_be_appended_to_the_keys_file(self, koe, config, tmp_path):
        made = koe("auth", "new", "dora", "--config", str(config))
        with (tmp_path / "keys.toml").open("a") as file:
            file.write(made.stdout)
        checked = koe("auth", "check", "--config", str(config))
        assert [line.split("\t")[0] for line in checked.stdout.splitlines()] == ["alice", "bob", "dora"]

    def test_a_keys_file_can_be_begun_with_the_first_key(self, koe, tmp_path):
        """The shell has made an empty file before koe looks."""
        options = ("--enable", "auth", "--set", f"plugins.auth.keys_file={tmp_path / 'new.toml'}")
        with (tmp_path / "new.toml").open("a") as file:
            command = [sys.executable, "-m", "koe.cli", "auth", "new", "dora", *options]
            subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.DEVNULL, timeout=60, check=True)
        assert koe("auth", "check", *options).stdout.startswith("dora\t")

    def test_a_name_is_given_once(self, koe, config):
        said = koe("auth", "new", "alice", "--config", str(config))
        assert (said.returncode, said.stdout) == (2, "")
        assert "alice" in said.stderr

    def test_a_key_that_exists_is_taken_from_standard_input_unless_it_is_weak(self, koe):
        good, weak = new_key(), "correct-horse"
        taken = koe("auth", "new", "dora", "--stdin", "--enable", "auth", stdin=good)
        assert "sha256:" in taken.stdout
        assert leaked(taken.stdout + taken.stderr, [good]) == []
        refused = koe("auth", "new", "dora", "--stdin", "--enable", "auth", stdin=weak)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert weak not in refused.stderr

    def test_serving_without_any_key_is_a_mistake(self, koe):
        said = koe("serve", "--port", "0", "--enable", "auth", "--disable", "kokoro")
        assert said.returncode == 2
        assert "koe auth new" in said.stderr


def test_the_document_and_the_capabilities_name_no_key(config, tmp_path):
    with KoeServer("--config", str(config), KOE_MODEL_DIR=str(tmp_path)) as server:
        server.ready()
        told = httpx.get(f"{server.url}/openapi.json").text + httpx.get(f"{server.url}/v1/capabilities").text
    assert leaked(told, secrets_of(CHAIN)) == []
    assert json.dumps("alice") not in told
