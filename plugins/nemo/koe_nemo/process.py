"""The process that `worker.py` runs in, as koe sees it: a question, an answer, and an end."""

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("worker.py")))
"""Without the folder of the script, whose modules have names that others may have too."""

_READ_BYTES = 65_536
_GRACE_S = 1.0
"""How much later than koe gives up on it a process ends itself; it does so where koe is gone."""


class ProcessLostError(Exception):
    """A text was not read because the process is gone, or had to go.

    Attributes:
        reason: `over_budget`, `died`, `not_loaded` or `no_process`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class NemoProcess:
    """A running worker, for one thread at a time. It ends with `end`, with this object, and with koe.

    It has standard error in common with koe, nothing else: no sockets, and not the terminal's signals.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, process_group=0
        )
        self._requests = _open(self._process.stdin)
        self._answers = _open(self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        self.end = weakref.finalize(self, _end, self._process)
        """Kills the process, if it is still there, and waits for it."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], limit_s: float) -> dict[str, str]:
        """The answer; blocks for `limit_s` at most, without Python's lock.

        Raises:
            ProcessLostError: there was none. The process is of no more use: `end` it.
        """
        ends_at = time.monotonic() + limit_s
        line = json.dumps({**request, "ends_after_s": limit_s + _GRACE_S}).encode("ascii") + b"\n"
        with suppress(BrokenPipeError):  # then the answer ends, too
            self._requests.write(line)
        answer = bytearray()
        while not answer.endswith(b"\n"):
            left_s = max(0.0, ends_at - time.monotonic())
            if not self._poll.poll(left_s * 1_000):
                raise ProcessLostError("over_budget", f"NeMo took more than {limit_s:g} s for it")
            chunk = os.read(self._answers.fileno(), _READ_BYTES)
            if not chunk:
                raise ProcessLostError("died", f"NeMo's process {self._ended()}")
            answer += chunk
        answered: dict[str, str] = json.loads(answer)
        return answered

    def _ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            return f"ended with exit code {self._process.wait(_GRACE_S)}"
        return "closed its output"


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a process was started without a pipe")
    return stream


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    with process:  # which closes the pipes, and waits
        pass
