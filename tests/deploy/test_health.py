"""The image's health check asks the server in its own container, however that is set up."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import trustme
from attrs import evolve
from koe.testing.build import FAKE_SETTINGS
from koe.testing.fakes import FakePlugin

from tests.server.live import live

SCRIPT = Path(__file__).parents[2] / "deploy/docker/health.py"


def checked(**environ: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env=os.environ | {name: str(value) for name, value in environ.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_it_asks_the_port_of_the_variable_and_the_address_of_the_other():
    with live(FakePlugin()) as server:
        port = urlsplit(server.url).port
        assert checked(KOE_SERVER__PORT=port) == (0, "")
        missing = f"{server.url}/health/nothing"
        assert checked(KOE_HEALTH_URL=missing) == (1, f"{missing}: HTTP Error 404: \n")


def test_it_asks_through_no_proxy():
    """Docker gives containers the variables of its client's configuration."""
    nowhere = "http://127.0.0.1:9"
    with live(FakePlugin()) as server:
        port = urlsplit(server.url).port
        assert checked(KOE_SERVER__PORT=port, http_proxy=nowhere, no_proxy="") == (0, "")


def test_it_asks_a_server_with_a_certificate_of_any_name(tmp_path):
    certificate = trustme.CA().issue_cert("koe.example.com")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    both = str(tmp_path / "both.pem")
    server_settings = evolve(FAKE_SETTINGS.server, certfile=both, keyfile=both)
    with live(FakePlugin(), settings=evolve(FAKE_SETTINGS, server=server_settings)) as server:
        assert server.url.startswith("https://")
        assert checked(KOE_HEALTH_URL=f"{server.url}/health/ready") == (0, "")
