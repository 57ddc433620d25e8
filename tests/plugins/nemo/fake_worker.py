"""The real worker with a reader that does what the text says. Run as a script; it imports nothing of koe."""

import os
import re
import runpy
import signal
import socket
import stat
import sys
import time
from pathlib import Path

WORKER = Path(__file__).parents[3] / "plugins/nemo/koe_nemo/worker.py"


def open_reader(language, folder):
    if (folder / "broken").exists() or folder.name == "broken":
        raise FileNotFoundError("no grammar")
    if folder.name == "slow":
        time.sleep(0.5)
    return lambda text: f"{language} {read(text)}"


def read(text):
    if text in ("slow", "hang", "compute"):
        say("begun")
    match text:
        case "slow":
            time.sleep(0.3)
        case "hang":
            time.sleep(60)
        case "compute":
            re.match(r"(a+)+$", "a" * 60 + "b")  # holds Python's lock, as pynini does
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "memory":
            raise MemoryError
        case "fail":
            raise LookupError("no path")
        case "print":
            print("printed")  # noqa: T201 - as a library might
            os.write(1, b"written\n")
        case "sockets":
            return sum(map(is_socket, range(3, socket.SOMAXCONN)))
    return text.upper()


def is_socket(descriptor):
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def say(word):
    sys.stderr.write(f"{word}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    say("started")
    runpy.run_path(str(WORKER))["main"](open_reader)
