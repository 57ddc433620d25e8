"""A real nginx with the configuration of the compose files, in front of servers of this process."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from tests.plugins.cache.redis_process import free_port
from tests.server.harness import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy/compose/nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package nginx-light)")


def local(folder: Path, upstreams: Sequence[str], ports: Mapping[str, int]) -> str:
    """The configuration with the addresses, ports and folders of this machine.

    Debian 12's nginx is older than the image's, and asks for HTTP/2 in another place.
    """
    text = CONFIG.read_text(encoding="utf-8")
    for number, address in enumerate(re.findall(r"^\s*server (\S+:\d+)", text, re.MULTILINE)):
        text = text.replace(address, upstreams[number])
    for port, other in ports.items():
        text = re.sub(rf"listen (127\.0\.0\.1:)?{port}\b", f"listen 127.0.0.1:{other}", text)
    text = text.replace(" /tmp/", f" {folder}/")
    text = text.replace("/etc/nginx/tls", str(folder)).replace("/dev/stdout", f"{folder}/access.log")
    if _version() < (1, 25, 1):
        text = re.sub(r"(listen \S+ ssl);\s*http2 on;", r"\1 http2;", text)
    return text


@contextmanager
def nginx(folder: Path, *upstreams: str) -> Iterator[tuple[str, httpx.Client]]:
    """nginx before `upstreams` (`host:port`); gives its URL, and a client that trusts its certificate."""
    ports = {"8080": free_port(), "8081": free_port(), "8443": free_port()}
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "tls.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "tls.crt"))
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    config = folder / "nginx.conf"
    config.write_text(local(folder, upstreams, ports), encoding="utf-8")
    with (folder / "error.log").open("wb") as log:
        process = subprocess.Popen(_command(config), stderr=log)
    try:
        with httpx.Client(verify=trusting(folder), timeout=PATIENCE_S) as client:
            health = f"http://127.0.0.1:{ports['8081']}/"
            wait_until(lambda: process.poll() is not None or _answers(client, health), "nginx answers")
            assert process.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
            yield f"https://127.0.0.1:{ports['8443']}", client
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def trusting(folder: Path) -> ssl.SSLContext:
    """TLS that trusts nginx's certificate."""
    return ssl.create_default_context(cafile=folder / "ca.crt")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """`nginx -t`."""
    config = folder / "nginx.conf"
    return subprocess.run([*_command(config), "-t"], capture_output=True, text=True, check=False)


def _command(config: Path) -> list[str]:
    assert NGINX
    # Its workers have to read the test's folder; who is not root is warned of `user`.
    user = "user root;" if os.geteuid() == 0 else ""
    return [NGINX, "-e", "stderr", "-p", str(config.parent), "-c", str(config), "-g", f"daemon off; {user}"]


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == 204
    except httpx.TransportError:
        return False


def _version() -> tuple[int, ...]:
    assert NGINX
    said = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/([\d.]+)", said)
    assert found
    return tuple(map(int, found[1].split(".")))
