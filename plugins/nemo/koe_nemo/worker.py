"""NeMo in a process of its own: pynini holds Python's lock from begin to end of a call; nobody waits here.

`koe_nemo.process` runs this file as a script. It imports nothing of koe, which would take 40 MB and half a
second. A line of JSON comes in, a line of JSON goes out:

    {"language": "en", "folder": "/grammars/en", "ends_after_s": 61}          {}
    {"language": "en", "text": "It is 5.", "ends_after_s": 2}                 {"spoken": "It is five."}
                                                                              {"error": "ValueError: no path"}

It ends with standard input, and by SIGALRM where a request takes longer than it may: so it outlives koe by a
moment at most, however koe ends and whatever pynini is at.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

Read = Callable[[str], str]

_LOGGER = "NeMo-text-processing"


def open_normalizer(language: str, folder: Path) -> Any:
    """NeMo's normalizer, with the grammars in `folder`; those that are not there are built into it."""
    module = import_module("nemo_text_processing.text_normalization.normalize")
    _quieten()
    return module.Normalizer(input_case="cased", lang=language, cache_dir=str(folder), post_process=True)


def reader(language: str, folder: Path) -> Read:
    """What speaks a text in `language`, with the grammars in `folder`. For one thread.

    The function raises an `Exception` of NeMo's choice for a text that NeMo cannot read.
    """
    normalizer = open_normalizer(language, folder)
    return lambda text: str(normalizer.normalize(text, punct_pre_process=True))


def serve(requests: BinaryIO, answers: BinaryIO, open_reader: Callable[[str, Path], Read]) -> None:
    """Answer `requests` until they end.

    Raises:
        MemoryError: nothing can be relied upon any more.
    """
    readers: dict[str, Read] = {}
    for line in requests:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["ends_after_s"])
        answer = _answer(request, readers, open_reader)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(answer).encode("ascii") + b"\n")
        answers.flush()


def _answer(
    request: dict[str, Any], readers: dict[str, Read], open_reader: Callable[[str, Path], Read]
) -> dict[str, str]:
    language = request["language"]
    try:
        if "folder" in request:
            readers[language] = open_reader(language, Path(request["folder"]))
            return {}
        return {"spoken": readers[language](request["text"])}
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever NeMo raises is koe's to judge
        return {"error": f"{type(error).__name__}: {error}"}


def main(open_reader: Callable[[str, Path], Read] = reader) -> None:
    """Serve standard input; what else would be printed to standard output goes nowhere."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with suppress(BrokenPipeError), os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, answers, open_reader)


class _Refusal(logging.Handler):
    """Makes an error of a warning: NeMo warns, and returns the text as it was, where it fails.

    The message holds that text, so it is not passed on: errors are logged.
    """

    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError(f"NeMo warned in {record.module}.{record.funcName}, line {record.lineno}")


def _quieten() -> None:
    """NeMo writes to stderr by a handler of its own, the user's text among it."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(handler, _Refusal) for handler in logger.handlers):
        logger.handlers[:] = [_Refusal(logging.WARNING)]
        logger.propagate = False


if __name__ == "__main__":
    main()
