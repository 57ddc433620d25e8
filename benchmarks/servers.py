"""A `koe serve` as a process of its own, for benchmarks that ask over HTTP."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from attrs import frozen

BYTES_PER_S = 24_000 * 2
"""Of `pcm` at 24 kHz."""


@frozen
class Server:
    """A server that listens.

    Attributes:
        process: the server's.
        ready_s: seconds from the start of the process until `/health/ready` was 200.
        log: the file into which it logs.
    """

    url: str
    process: psutil.Process
    ready_s: float
    log: Path

    def logged(self) -> str:
        """All that it has logged so far."""
        return self.log.read_text("utf-8")


def speaking(model: Path, voices: str | Path) -> dict[str, Any]:
    """The settings of a server that speaks with this model."""
    files = {"plugins.kokoro.model": str(model), "plugins.kokoro.voices": str(voices)}
    return {"engine.default": "kokoro", **files}


EMBEDDED: Mapping[str, Any] = {"engine.default": "espeak"}


@contextmanager
def serving(settings: Mapping[str, Any], *further: str) -> Iterator[Server]:
    """A server on a free port, which logs warnings only; they are shown where it does not start.

    Args:
        settings: by key, as values of Python.
        further: command-line options.
    """
    values = {"log.level": "warning", **settings}
    command = [sys.executable, "-m", "koe.cli", "serve", "--port", "0", *sets(values), *further]
    with tempfile.NamedTemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"koe listens on (\S+)\n", line)
            if match is None:
                raise SystemExit(f"koe serve said {line!r}\n{Path(log.name).read_text('utf-8')}")
            wait_until_ready(match[1])
            ready_s = time.perf_counter() - start
            yield Server(match[1], psutil.Process(process.pid), ready_s, Path(log.name))
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


def wait_until_ready(url: str) -> None:
    """Return at the first 200 of `/health/ready`. The server listens already."""
    while httpx.get(f"{url}/health/ready", timeout=60).status_code != httpx.codes.OK:
        time.sleep(0.005)


def audio_s(url: str, body: Mapping[str, Any]) -> float:
    """Seconds of audio of an answer as PCM, read to its end and kept nowhere."""
    count = 0
    form = {"response_format": "pcm", **body}
    with httpx.stream("POST", f"{url}/v1/audio/speech", json=form, timeout=3600) as response:
        if response.is_error:
            response.read()
            raise SystemExit(f"{response.status_code} from koe serve: {response.text}")
        for piece in response.iter_raw():
            count += len(piece)
    return count / BYTES_PER_S


def cpu_s(process: psutil.Process) -> float:
    """The processor time that the process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def sets(settings: Mapping[str, Any]) -> list[str]:
    """`--set` for every setting."""
    return assignments([f"{key}={json.dumps(value)}" for key, value in settings.items()])


def assignments(values: Sequence[str]) -> list[str]:
    """`--set` for every `KEY=VALUE`, to hand through."""
    return [part for value in values for part in ("--set", value)]
