"""A `koe serve` that tells when each phase of its start had ended, and stops once it listens.

    python -m benchmarks.startup_trace SECONDS [OPTIONS OF KOE SERVE]

`SECONDS` is the time (Unix) at which the process was started. Part of `benchmarks.startup`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any


def main(begun: float, arguments: list[str]) -> int:
    names = ("koe.cli.main", "koe.cli.serve", "koe.http.serve", "koe.synthesizer")
    modules: list[Any] = [import_module(name) for name in names]
    cli, command, server, synthesizer = modules
    marks = {"imports": time.time() - begun}

    def marking(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            result = function(*given, **named)
            marks[name] = time.time() - begun
            return result

        return called

    def announce(_url: str) -> None:
        marks["rest"] = time.time() - begun
        print(json.dumps(marks))
        os.kill(os.getpid(), signal.SIGTERM)

    command.load = marking("plugins", command.load)
    synthesizer.EngineSet.open = marking("model", synthesizer.EngineSet.open)
    synthesizer.measured_rtf = marking("warm-up", synthesizer.measured_rtf)
    server.announce_address = announce
    return int(cli.main(["serve", "--port", "0", "--set", "log.level='warning'", *arguments]))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
