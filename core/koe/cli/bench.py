"""`koe bench`: how a running server does under load."""

import asyncio
import json as jsonlib
import math
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import Parameter

from koe.bench.connection import Place
from koe.bench.plot import draw, require_matplotlib
from koe.bench.sweep import PASSES, Pass, Plan, Sweep, described
from koe.bench.target import Asking, BenchError
from koe.bench.timeline import FORMATS
from koe.cli.options import positive_seconds
from koe.cli.table import print_rows
from koe.cli.texts import STDIN, given_text
from koe.errors import InvalidRequestError, UnsupportedFormatError

_DEFAULT_URL = "http://127.0.0.1:8354"
_DEFAULT_REQUESTS = 50
_MOST_CLIENTS = 1000
_SEEDS = 1_000_000
_COLUMNS = (
    "pass", "clients", "answers", "refused", "failed", "first audio p50", "p95", "p99", "rtf p50", "rtf p95",
    "rtf p99", "audio s/s", "answers/s", "ran dry",
)  # fmt: skip


def bench(
    *,
    url: str = _DEFAULT_URL,
    api_key: Annotated[str, Parameter(env_var="KOE_API_KEY", show_default=False)] = "",
    concurrency: str = "1,2,4,8",
    requests: int | None = None,
    duration: float | None = None,
    passes: str = "cold,cached",
    texts: Path | None = None,
    format: str = "pcm",  # noqa: A002 - the option is called --format
    stream: Annotated[bool, Parameter(negative="--whole")] = True,
    voice: str = "",
    model: str = "",
    timeout: float = 120.0,
    seed: int | None = None,
    json: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    plot: Path | None = None,
) -> int:
    """Measure a running server under load: koe, or any with OpenAI's speech API.

    Parameters
    ----------
    url: str
        Of the server; the /v1 at the end of base URLs may be there or not.
    api_key: str
        Sent as a bearer token. Best put into the environment, where other users of the machine do not see it.
    concurrency: str
        Numbers of clients, with commas; each is measured after the other.
    requests: int
        Of each level, all its clients together (50).
    duration: float
        Seconds in which each level begins requests, instead of a number of them.
    passes: str
        cold (each text once), cached (the same texts over and over), or both with a comma.
    texts: Path
        What is asked for: a UTF-8 file with one text a line, "-" for standard input. Made up without it.
    format: str
        Response format: pcm, wav, mp3, opus, vorbis, flac or aac.
    stream: bool
        Take answers as they are made, or ask for whole ones (which is koe's extension of the API).
    voice: str
        A voice of the server, instead of its default.
    model: str
        A model of the server, instead of its default.
    timeout: float
        Seconds after which an answer counts as failed.
    seed: int
        Of the made-up texts. By default another one each time, so that no cache knows them.
    json: Path
        Write the report, with all percentiles and the definitions, to this file; "-" for standard output.
    plot: Path
        Draw the figures into this PNG, SVG or PDF file (needs the extra koe[bench]).
    """
    if plot is not None:
        _check_plot(plot)
    plan = Plan(
        asking=_asking(url, api_key, format, stream=stream, fields={"voice": voice, "model": model}),
        url=url.rstrip("/").removesuffix("/v1"),
        levels=_clients(concurrency),
        passes=_passes(passes),
        requests=_requests(requests, duration),
        duration_s=positive_seconds("duration", math.inf if duration is None else duration),
        timeout_s=positive_seconds("timeout", timeout),
        lines=_lines(texts),
        seed=random.randrange(_SEEDS) if seed is None else seed,  # noqa: S311 - no secret
    )
    sweep = Sweep(plan, _tell)
    ended: KeyboardInterrupt | BenchError | None = None
    try:
        asyncio.run(sweep.run())
    except (KeyboardInterrupt, BenchError) as error:
        if isinstance(error, BenchError) and not sweep.levels:
            raise
        ended = error
    report = sweep.report(interrupted=ended is not None)
    _show(report, json)
    if plot is not None and sweep.levels:
        draw(report, plot)
    if ended is not None:
        raise ended
    return 1 if any(level["errors"] for level in sweep.levels) else 0


def _asking(url: str, api_key: str, name: str, *, stream: bool, fields: Mapping[str, str]) -> Asking:
    if name not in FORMATS:
        raise UnsupportedFormatError(
            f"--format: koe bench cannot tell audio from headers in {name!r}; it can in {', '.join(FORMATS)}"
        )
    api_key = api_key.strip()
    if not api_key.isprintable() or not api_key.isascii():
        raise InvalidRequestError("The API key has characters that no header can hold")
    given = {key: value for key, value in fields.items() if value}
    return Asking(Place.of(url), api_key, name, stream, given)


def _clients(given: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in given.split(","))
    except ValueError:
        counts = ()
    if not counts or not all(0 < count <= _MOST_CLIENTS for count in counts):
        raise InvalidRequestError(
            f"--concurrency: expected whole numbers from 1 to {_MOST_CLIENTS} with commas, got {given!r}"
        )
    return tuple(dict.fromkeys(counts))


def _passes(given: str) -> Sequence[Pass]:
    names = tuple(dict.fromkeys(part.strip() for part in given.split(",")))
    if not set(names) <= set(PASSES):
        raise InvalidRequestError(
            f"--passes: expected {' or '.join(PASSES)}, or both with a comma, got {given!r}"
        )
    return cast("Sequence[Pass]", names)


def _requests(requests: int | None, duration: float | None) -> int:
    if requests is not None and duration is not None:
        raise InvalidRequestError("Give either --requests or --duration, not both")
    if requests is not None and requests < 1:
        raise InvalidRequestError(f"--requests: expected at least 1, got {requests}")
    return 0 if duration is not None else requests or _DEFAULT_REQUESTS


def _lines(file: Path | None) -> tuple[str, ...]:
    if file is None:
        return ()
    source = None if str(file) == STDIN else file
    content = given_text("bench", STDIN if source is None else "", source, "")
    lines = tuple(line.strip() for line in content.splitlines() if line.strip())
    if not lines:
        raise InvalidRequestError(f"--texts: {file} holds no text")
    return lines


def _check_plot(file: Path) -> None:
    if file.suffix.lower() not in {".png", ".svg", ".pdf"}:
        raise InvalidRequestError(
            f"--plot: expected a name that ends in .png, .svg or .pdf, got {str(file)!r}"
        )
    if not file.absolute().parent.is_dir():
        raise InvalidRequestError(f"--plot: there is no folder {file.absolute().parent}")
    require_matplotlib()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress


def _show(report: Mapping[str, Any], file: Path | None) -> None:
    encoded = jsonlib.dumps(report, indent=2, ensure_ascii=False) + "\n"
    if str(file) == STDIN:
        sys.stdout.write(encoded)
        return
    if report["levels"]:
        print_rows(_COLUMNS, [_row(level) for level in report["levels"]], as_json=False)
        sys.stdout.write("first audio in ms; rtf: answer time by audio time\n")
    for level in report["levels"]:
        for why, count in level["errors"].items():
            sys.stdout.write(f"failed: {described(level)}: {count} times {why}\n")
    for note in report["notes"]:
        sys.stdout.write(f"note: {note}\n")
    if report["interrupted"]:
        sys.stdout.write("interrupted: the last level is what was complete by then\n")
    if file is not None:
        try:
            file.write_text(encoded, encoding="utf-8")
        except OSError as error:
            raise InvalidRequestError(f"--json: {file} cannot be written: {error.strerror}") from None


def _row(level: Mapping[str, Any]) -> dict[str, Any]:
    first, rtf = level["first_audio_ms"] or {}, level["rtf"] or {}
    return {
        "pass": level["pass"],
        "clients": level["clients"],
        "answers": level["answers"],
        "refused": sum(level["refused"].values()),
        "failed": sum(level["errors"].values()),
        "first audio p50": first.get("p50"),
        "p95": first.get("p95"),
        "p99": first.get("p99"),
        "rtf p50": rtf.get("p50"),
        "rtf p95": rtf.get("p95"),
        "rtf p99": rtf.get("p99"),
        "audio s/s": level["audio_s_per_s"],
        "answers/s": level["answers_per_s"],
        "ran dry": level["ran_dry"],
    }
