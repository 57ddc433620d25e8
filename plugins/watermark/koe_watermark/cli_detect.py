"""`koe watermark detect`: looks for marks in files."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
from cyclopts import App, Parameter
from koe.api import KoeError

from koe_watermark.detector import Detection, Detector
from koe_watermark.finding import detect as look

STDIN: Final = "-"
MARKED, NOT_MARKED, UNCLEAR, FAILED = range(4)


def add_detect_command(app: App, detector: Callable[[], Detector]) -> None:
    """Give `app` the command `detect`, which asks `detector()`."""

    @app.command
    def detect(
        *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
        json: Annotated[bool, Parameter(negative=())] = False,
    ) -> int:
        """Look for the watermark in audio files.

        Exit codes: 0 all files are marked, at least in part; 1 one is not; 2 one could not be told;
        3 one could not be read. The highest of all files counts.

        Args:
            files: audio files; - reads one from standard input.
            json: one line of JSON for each file instead of words.
        """
        if not files:
            sys.stderr.write("koe watermark detect: name at least one audio file, or - for standard input\n")
            return FAILED
        return max(_one(name, detector(), json=json) for name in files)


def _one(name: str, detector: Detector, *, json: bool) -> int:
    try:
        found = look(_source(name), detector=detector)
    except KoeError as error:
        if json:
            _print_json(name, {"error": {"message": error.message, "code": error.code}})
        else:
            sys.stderr.write(f"{name}: {error.message}\n")
        return FAILED
    if json:
        _print_json(name, msgspec.to_builtins(found))
    else:
        sys.stdout.write("\n".join([f"{name}: {described(found)}", *map("  {}".format, _details(found)), ""]))
    return UNCLEAR if found.watermarked is None else MARKED if found.watermarked else NOT_MARKED


def _source(name: str) -> BinaryIO | Path:
    return io.BytesIO(sys.stdin.buffer.read()) if name == STDIN else Path(name)


def _print_json(name: str, found: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode({"file": name, **found}).decode() + "\n")


def described(found: Detection) -> str:
    """The verdict in one line."""
    if found.watermarked is None:
        return f"cannot tell ({found.reason}), confidence {found.confidence:.2f}"
    said = "watermarked" if found.watermarked else "no watermark found"
    return f"{said}, confidence {found.confidence:.2f} (threshold {found.threshold:g})"


def _details(found: Detection) -> list[str]:
    spans = [
        f"{span.start:.2f}-{span.end:.2f} s, confidence {span.confidence:.2f}" for span in found.segments
    ]
    return [*spans, *found.warnings]
