"""`koe cache`: looking inside, emptying, and speaking texts before anybody asks."""

import json

import httpx
import pytest
from koe.cli.main import main
from koe.testing.fakes import FakePlugin
from koe_auth import AuthPlugin
from koe_auth.config import AuthConfig
from koe_auth.keys import KeyConfig, KeyHash
from koe_cache import CachePlugin

from tests.server.live import KoeServer, live

ESPEAK = ("--set", "engine.default=espeak", "--enable", "cache")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "segments.sqlite3"
    return (*ESPEAK, "--set", "cache.tiers=['disk']", "--set", f"plugins.cache.disk.path='{path}'")


@pytest.fixture
def texts(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("Hello there.\n\nHello there. And goodbye.\n", encoding="utf-8")
    return str(file)


def _stats(capsys, *options):
    capsys.readouterr()
    assert main(["cache", "stats", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_was_warmed_is_known_to_a_server(disk, texts, capsys):
    assert main(["cache", "warm", texts, *disk]) == 0
    assert "2 of 2 texts" in capsys.readouterr().out
    (tier,) = _stats(capsys, *disk)["tiers"]
    assert tier["stats"]["entries"] >= 2
    with KoeServer(*disk) as server:
        body = {"input": "Hello there.", "response_format": "wav", "stream": False}
        answer = httpx.post(f"{server.ready().url}/v1/audio/speech", json=body)
    assert answer.headers["koe-cache"] == "hit"


def test_warming_twice_makes_nothing_anew(disk, texts, capsys):
    main(["cache", "warm", texts, *disk])
    capsys.readouterr()
    assert main(["cache", "warm", texts, *disk]) == 0
    assert ": 0 segments made" in capsys.readouterr().out


def test_clear_forgets_everything(disk, texts, capsys):
    main(["cache", "warm", texts, *disk])
    assert main(["cache", "clear", *disk]) == 0
    assert _stats(capsys, *disk)["tiers"][0]["stats"]["entries"] == 0


def test_the_table_names_each_tier(disk, capsys):
    assert main(["cache", "stats", *disk]) == 0
    head, _, row = capsys.readouterr().out.splitlines()[:3]
    assert head.split()[:3] == ["tier", "state", "entries"]
    assert row.split()[:3] == ["disk", "ok", "0"]


def test_a_text_that_cannot_be_spoken_is_named_with_its_line_and_the_others_are_spoken(
    disk, tmp_path, capsys
):
    file = tmp_path / "tags.txt"
    file.write_text("Hello.\nOh[/voice]\nGoodbye.\n", encoding="utf-8")
    assert main(["cache", "warm", str(file), "--markup", "tags", *disk]) == 1
    out = capsys.readouterr().out
    assert f"{file}:2: " in out
    assert "2 of 3 texts" in out


@pytest.mark.parametrize("command", [["stats"], ["clear"], ["warm"]])
def test_tiers_that_end_with_the_command_are_refused(command, texts, capsys):
    arguments = [*command, *([texts] if command == ["warm"] else [])]
    assert main(["cache", *arguments, *ESPEAK]) == 2
    said = capsys.readouterr().err
    assert "names no tier that outlives a process" in said
    assert "--url" in said


def test_a_running_server_can_be_asked(texts, capsys):
    with KoeServer(*ESPEAK) as server:
        url = server.ready().url
        assert main(["cache", "warm", texts, "--url", url]) == 0
        report = _stats(capsys, "--url", url)
        assert report["answers"]["entries"] == 4
        assert report["tiers"][0]["stats"]["entries"] >= 2
        assert main(["cache", "stats", "--url", url]) == 0
        assert "whole answers" in capsys.readouterr().out
        assert main(["cache", "clear", "--url", url]) == 0
        assert _stats(capsys, "--url", url)["answers"]["entries"] == 0


def test_a_server_that_refuses_says_why(texts, tmp_path, capsys):
    file = tmp_path / "one.txt"
    file.write_text("Hello.\n", encoding="utf-8")
    with KoeServer("--set", "engine.default=espeak") as server:
        url = server.ready().url
        assert main(["cache", "stats", "--url", url]) == 1
        assert "404" in capsys.readouterr().err
        assert main(["cache", "warm", str(file), "--voice", "nobody", "--url", url]) == 1
        assert "nobody" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_told(capsys):
    assert main(["cache", "stats", "--url", "http://127.0.0.1:9"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_server_that_asks_for_keys_gets_the_one_of_the_environment(capsys, monkeypatch):
    key = KeyConfig(KeyHash.of("koe_" + "Aa0" * 14), ("admin",))
    with live(FakePlugin(), CachePlugin(), AuthPlugin(AuthConfig(keys={"me": key}))) as server:
        assert main(["cache", "stats", "--url", server.url]) == 1
        assert "401" in capsys.readouterr().err
        monkeypatch.setenv("KOE_API_KEY", "koe_" + "Aa0" * 14)
        assert main(["cache", "stats", "--url", server.url]) == 0
        assert "memory" in capsys.readouterr().out
        monkeypatch.setenv("KOE_API_KEY", "koe_secret\n")
        assert main(["cache", "stats", "--url", server.url]) == 2
        said = capsys.readouterr().err
        assert "KOE_API_KEY has characters" in said
        assert "secret" not in said
