"""A container that runs: waiting until it is healthy, commands inside, stopping."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.deploy.contain import Container
from tests.server.harness import PATIENCE_S, wait_until


class Running:
    """`docker run` of a `Container`, without a network but its own loopback."""

    def __init__(self, container: Container) -> None:
        self.container = container
        container.prepare()
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            container.arguments(network=False), stdout=self._output, stderr=self._output
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._output.close()

    def logged(self) -> str:
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`docker exec`: a command beside the one that runs, with the same user and environment."""
        user = str(self.container.user)
        enter = ["--mount", "--net", "--ipc", "--pid", "--root", "--wd", "--setuid", user, "--setgid", user]
        nsenter = shutil.which("nsenter")
        assert nsenter
        return subprocess.run(
            [nsenter, "--target", str(self._first()), *enter, *command],
            env=self.container.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def wait_until_healthy(self, health: list[str]) -> None:
        """Wait until the health check's command succeeds."""

        def healthy() -> bool:
            assert self._process.poll() is None, f"it ended:\n{self.logged()}"
            return self.execute(*health).returncode == 0

        wait_until(healthy, "it is healthy")

    def stop(self, name: str) -> int:
        """`docker stop`: the signal to process 1, and its exit code."""
        os.kill(self._first(), signal.Signals[name])
        return self._process.wait(PATIENCE_S)

    def exit_code(self) -> int:
        return self._process.wait(PATIENCE_S)

    def _first(self) -> int:
        """Process 1 of the container, as this machine numbers it."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(wait_until(children.read_text, "the container has begun").split()[0])
