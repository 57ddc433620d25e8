"""A real `redis-server` for tests, and a proxy that makes it slow."""

import asyncio
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager, contextmanager

import pytest

from tests.server.harness import wait_until

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server (Debian's package of that name)"
)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def redis_server(port=None):
    """A server with an empty database; gives its port."""
    port = port or free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port), "redis answers")
        yield port
    finally:
        process.kill()
        process.wait(10)


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.sendall(b"PING\r\n")
            return sock.recv(16).startswith(b"+PONG")
    except OSError:
        return False


class Proxy:
    """Passes bytes on to `port`; those of answers `delay_s` late."""

    def __init__(self, port):
        self.target = port
        self.port = 0
        self.delay_s = 0.0


@asynccontextmanager
async def proxy(port):
    """A `Proxy` in front of `port`."""
    proxied = Proxy(port)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader, writer):
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", proxied.target)
        back = asyncio.ensure_future(_pass_on(upstream_reader, writer, lambda: proxied.delay_s))
        try:
            await _pass_on(reader, upstream_writer, lambda: 0.0)
        finally:
            back.cancel()
            upstream_writer.close()
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxied.port = server.sockets[0].getsockname()[1]
    try:
        yield proxied
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(reader, writer, delay_s):
    try:
        while data := await reader.read(65536):
            if delay_s():
                await asyncio.sleep(delay_s())
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
