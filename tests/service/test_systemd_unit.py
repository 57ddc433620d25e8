"""deploy/systemd/koe.service fits the config it starts, and systemd understands it."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from koe.config import load as load_config
from koe.http import supervisor
from koe.plugins import load as load_plugins

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/systemd/koe.service"
PRODUCTION = ROOT / "config/production.toml"
CREDENTIALS = "/run/credentials/koe.service"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def options(section):
    """Each key of a section with all of its values, in order; systemd lets keys repeat."""
    found, here = defaultdict(list), ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif line and not line.startswith(("#", ";")) and here == section:
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


SERVICE = options("Service")


def one(key):
    (value,) = SERVICE[key]
    return value


def environment():
    """What `Environment=` says, with systemd's specifiers."""
    return dict(value.replace("%d", CREDENTIALS).partition("=")[::2] for value in SERVICE["Environment"])


@pytest.fixture
def runnable(tmp_path):
    """The unit with a program that exists here."""
    program = one("ExecStart").split()[0]
    text = UNIT.read_text(encoding="utf-8").replace(program, sys.executable)
    copy = tmp_path / "koe.service"
    copy.write_text(text, encoding="utf-8")
    return copy


@needs_systemd
def test_systemd_finds_nothing_wrong(runnable):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", runnable], capture_output=True, text=True, check=False
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "koe.service" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
def test_systemd_calls_its_exposure_ok(runnable):
    """Of 0 (sandboxed) to 10; services that say nothing have 9.6."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", runnable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "offline" in done.stderr:
        pytest.skip("this systemd-analyze knows no --offline")
    assert done.returncode == 0, done.stdout[-500:]


def test_it_starts_the_server_with_a_config():
    program, *arguments = one("ExecStart").split()
    assert Path(program).name == "koe"
    assert arguments == ["serve", "--config", "/etc/koe/koe.toml"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("User", "koe"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("SystemCallFilter", "@system-service"),
        ("KillSignal", "SIGTERM"),
        ("Restart", "on-failure"),
    ],
)
def test_it_may_do_no_more_than_it_must(key, value):
    assert one(key) == value


def test_systemd_waits_longer_than_koe_drains():
    settings = load_config([PRODUCTION]).settings
    longest_s = settings.server.drain_timeout_s + supervisor._STOP_MARGIN_S
    assert float(one("TimeoutStopSec")) > longest_s


def test_there_are_descriptors_for_all_connections():
    """And for files, of each of the processes: the limit is a process'."""
    assert int(one("LimitNOFILE")) > 2 * load_config([PRODUCTION]).settings.server.max_connections


def test_a_wrong_config_is_not_tried_again():
    assert one("RestartPreventExitStatus") == "2"
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert re.search(r"^\| 2 \| wrong usage or configuration", page, re.MULTILINE)


def test_the_keys_come_as_a_credential():
    """The variable names a setting that exists, and what it says is where systemd puts the file."""
    name, _, source = one("LoadCredential").partition(":")
    assert source == load_config([PRODUCTION]).plugin_table("auth")["keys_file"]
    configuration = load_config([PRODUCTION], environ=environment())
    assert configuration.problems == ()
    (auth,) = (plugin for plugin in load_plugins(configuration).plugins if plugin.name == "auth")
    assert auth.config.keys_file == f"{CREDENTIALS}/{name}"


def test_it_can_write_where_the_config_says_and_nowhere_else():
    configuration = load_config([PRODUCTION])
    state, cache = f"/var/lib/{one('StateDirectory')}", f"/var/cache/{one('CacheDirectory')}"
    assert Path(configuration.plugin_table("kokoro")["dir"]).is_relative_to(state)
    assert Path(configuration.plugin_table("cache")["disk"]["path"]).is_relative_to(cache)
    assert f"{environment()['XDG_CACHE_HOME']}/koe" == cache, "koe model bench keeps its results there"
    assert "ReadWritePaths" not in SERVICE


def test_secrets_of_the_environment_are_a_file_of_their_own():
    assert one("EnvironmentFile") == "-/etc/koe/environment"
    assert not any(re.search(r"://|koe_", value) for value in SERVICE["Environment"])


def test_the_docs_say_how():
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## Run it as a service\n(.*?)^## ", page, re.DOTALL | re.MULTILINE)
    for file in ("config/production.toml", "deploy/systemd/koe.service"):
        assert file in section
        assert (ROOT / file).exists()
    for path in ("/opt/koe/bin/koe", "/etc/koe/koe.toml", "/etc/koe/keys.toml", "/var/lib/koe/models"):
        assert path in section
