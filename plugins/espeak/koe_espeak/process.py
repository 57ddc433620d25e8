"""A running process of espeak-ng, as koe sees it: a question, an answer, and an end."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from koe.api import EngineUnavailableError

from koe_espeak.files import EspeakFiles, unavailable
from koe_espeak.frames import LIMIT_S, EndedError, packed, unpacked

_COMMAND = (sys.executable, "-P", "-m", "koe_espeak.worker")
_FAULTS = frozenset(
    getattr(signal, name, None) for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP")
) - {None}
_READ_BYTES = 1 << 20
_WRITE_BYTES: int = getattr(select, "PIPE_BUF", 512)
"""What a pipe that is ready for more takes without blocking."""
_ASK_EVERY_S = 0.1
_END_S = 5.0

Stop = Callable[[], bool]


class GivenUpError(Exception):
    """The answer was no longer wanted. The process, which was at work on it, is gone."""


class ProcessLostError(Exception):
    """There is no answer, and the process is gone or had to go.

    Attributes:
        faulty: it was what it had to read.
        killed: it was somebody who ended it.
    """

    def __init__(self, how: str, *, faulty: bool = False, killed: bool = False) -> None:
        super().__init__(how)
        self.faulty = faulty
        self.killed = killed


class EspeakProcess:
    """espeak-ng in a process of its own, for one thread at a time. It ends with `end`, and with koe.

    Raises:
        EngineUnavailableError: the process cannot be started, or cannot load espeak-ng; none is left.
        ProcessLostError: somebody ended it before it was ready.
    """

    def __init__(self, files: EspeakFiles) -> None:
        self.files = files
        self._process = _started()
        self._questions, self._answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        folder = _folder()
        self._kill = weakref.finalize(self, _kill, self._process, os.getpid(), folder)
        try:
            self.ask("open", library=str(files.library), data=str(files.data), folder=folder)
        except ProcessLostError as error:
            if error.killed:
                raise
            raise unavailable(f"cannot be loaded from {files.library}: its process {error}") from error
        except BaseException:
            self._kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it was ended here. One that somebody ended is noticed with the next question."""
        return not self._kill.alive

    def ask(self, what: str, stop: Stop = lambda: False, **arguments: Any) -> tuple[Any, bytes]:
        """The answer, and audio where there is some. Blocks without Python's lock, for `LIMIT_S` at most.

        Raises:
            GivenUpError: `stop`, which is asked ten times a second, said so; the process is gone.
            ProcessLostError: there was none; the process is gone.
            RuntimeError: espeak-ng refused.
        """
        question, ends_at = packed({"do": what, **arguments}), time.monotonic() + LIMIT_S
        try:
            with suppress(BrokenPipeError):  # then the answer ends, too
                self._write(question, ends_at, stop)
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
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self._kill()

    def disown(self) -> None:
        """In a fork of koe, whose parent has the process: let go of the pipes to it."""
        self._kill.detach()
        self._questions.close()
        self._answers.close()

    def _write(self, data: bytes, ends_at: float, stop: Stop) -> None:
        rest = memoryview(data)
        while rest:
            _wait(self._questions, ends_at, stop)
            rest = rest[os.write(self._questions.fileno(), rest[:_WRITE_BYTES]) :]

    def _read(self, count: int, ends_at: float, stop: Stop) -> bytes:
        _wait(self._answers, ends_at, stop)
        return os.read(self._answers.fileno(), min(count, _READ_BYTES))

    def _lost(self) -> ProcessLostError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        code = self._process.returncode
        self._kill()
        if code is not None and code < 0:
            faulty = -code in _FAULTS
            return ProcessLostError(f"was ended by {_signal(-code)}", faulty=faulty, killed=not faulty)
        return ProcessLostError(f"ended with exit code {code}", faulty=sys.platform == "win32")


def _started() -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - our own
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **_apart()
        )
    except OSError as error:
        raise EngineUnavailableError(
            f"espeak-ng's own process cannot be started: {error}. Free what there is too little of, or raise "
            f"its limit"
        ) from error


def _apart() -> dict[str, Any]:
    """Out of reach of the terminal's Ctrl-C, which is for koe."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a process was started without a pipe")
    return stream


def _wait(stream: IO[bytes], ends_at: float, stop: Stop) -> None:
    """Wait until the pipe can be used without blocking. Raises what `ask` does."""
    if sys.platform != "win32":  # whose pipes cannot be waited for with a limit
        poll = select.poll()
        poll.register(stream, select.POLLOUT if stream.writable() else select.POLLIN)
        while not poll.poll(_ASK_EVERY_S * 1_000):
            if stop():
                raise GivenUpError
            if time.monotonic() >= ends_at:
                raise ProcessLostError(f"did not answer for {LIMIT_S:g} s", faulty=True)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return f"signal {number}"


def _folder() -> str | None:
    """For the links that it makes; None where there is nowhere to write."""
    try:
        return tempfile.mkdtemp(prefix="koe-")
    except OSError:
        return None


def _kill(process: "subprocess.Popen[bytes]", owner: int, folder: str | None) -> None:
    """End it, and remove its folder, which it may not have come to."""
    if os.getpid() != owner:  # a fork of koe: the process is its parent's
        return
    process.kill()
    with process:  # which closes the pipes, and waits
        pass
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
