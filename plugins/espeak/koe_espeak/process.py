"""A running process of espeak-ng, as koe sees it: a question, an answer, and an end."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from koe_espeak.files import EspeakFiles, unavailable
from koe_espeak.frames import EndedError, packed, unpacked

LIMIT_S = 30.0
"""An answer takes milliseconds; what takes so long will never come."""
_COMMAND = (sys.executable, "-P", "-m", "koe_espeak.worker")
_FAULTS = frozenset(
    getattr(signal, name, None) for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP")
) - {None}
_READ_BYTES = 1 << 20
_ASK_EVERY_S = 0.1


class GivenUpError(Exception):
    """The answer was no longer wanted. The process, which was at work on it, is gone."""


class ProcessLostError(Exception):
    """There is no answer, and the process is gone or had to go.

    Attributes:
        faulty: whether it was what it had to read, rather than somebody who ended it.
    """

    def __init__(self, how: str, *, faulty: bool) -> None:
        super().__init__(how)
        self.faulty = faulty


class EspeakProcess:
    """espeak-ng in a process of its own, for one thread at a time. It ends with `end`, and with koe.

    Raises:
        EngineUnavailableError: espeak-ng cannot be loaded; no process is left.
    """

    def __init__(self, files: EspeakFiles) -> None:
        self.files = files
        self.owner = os.getpid()
        self._made: list[str] = []
        self._process = subprocess.Popen(  # noqa: S603 - our own
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **_apart()
        )
        self._questions, self._answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._kill = weakref.finalize(self, _kill, self._process, self.owner, self._made)
        try:
            opened, _ = self.ask("open", library=str(files.library), data=str(files.data))
        except ProcessLostError as error:
            raise unavailable(f"cannot be loaded from {files.library}: its process {error}") from error
        except BaseException:
            self._kill()
            raise
        self.version: str = opened["version"]
        self._made += filter(None, [opened["folder"]])

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, what: str, stop: Callable[[], bool] = lambda: False, **arguments: Any) -> tuple[Any, bytes]:
        """The answer, and audio where there is some. Blocks without Python's lock, for `LIMIT_S` at most.

        Raises:
            GivenUpError: `stop`, which is asked ten times a second, said so.
            ProcessLostError: there was none; the process is gone.
            RuntimeError: espeak-ng refused.
        """
        ends_at = time.monotonic() + LIMIT_S
        with suppress(BrokenPipeError):  # then the answer ends, too
            _write(self._questions, packed({"do": what, **arguments}))
        try:
            head, audio = unpacked(lambda count: self._read(count, ends_at, stop))
        except EndedError:
            raise self._lost() from None
        except BaseException:
            self._kill()  # the rest of the answer must not become that of the next question
            raise
        if "unavailable" in head:
            raise unavailable(head["unavailable"])
        if "error" in head:
            raise RuntimeError(head["error"])
        return head["result"], audio

    def end(self) -> None:
        """Let it go, and wait for it. Twice does no harm."""
        with suppress(OSError):
            self._questions.close()
        try:
            self._process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._kill()

    def _read(self, count: int, ends_at: float, stop: Callable[[], bool]) -> bytes:
        if sys.platform != "win32":  # whose pipes cannot be waited for with a limit
            self._wait(ends_at, stop)
        return os.read(self._answers.fileno(), min(count, _READ_BYTES))

    def _wait(self, ends_at: float, stop: Callable[[], bool]) -> None:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while not poll.poll(_ASK_EVERY_S * 1_000):
            if stop():
                raise self._given_up(GivenUpError())
            if time.monotonic() >= ends_at:
                raise self._given_up(ProcessLostError(f"did not answer for {LIMIT_S:g} s", faulty=True))

    def _given_up(self, error: Exception) -> Exception:
        self._kill()
        return error

    def _lost(self) -> ProcessLostError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LIMIT_S)
        code = self._process.returncode
        self._kill()
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return ProcessLostError(f"was ended by {name}", faulty=-code in _FAULTS)
        return ProcessLostError(f"ended with exit code {code}", faulty=sys.platform == "win32")


def _apart() -> dict[str, Any]:
    """Out of reach of the terminal's Ctrl-C, which is for koe."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a process was started without a pipe")
    return stream


def _write(stream: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def _kill(process: "subprocess.Popen[bytes]", owner: int, made: Sequence[str]) -> None:
    """End it, and remove what it has made, which it could not do itself."""
    if os.getpid() != owner:  # a fork of koe: the process is its parent's
        return
    process.kill()
    with process:  # which closes the pipes, and waits
        pass
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
