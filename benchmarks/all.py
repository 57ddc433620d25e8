"""Everything that docs/performance.md shows: every benchmark in turn, then the pictures and the tables.

    python -m benchmarks.all --model kokoro-v1.0.onnx --voices voices-v1.0.bin --about "Kokoro-82M, released"

Wants a machine that does nothing else, `wrk`, and the optimized model beside the given one (`koe model
optimize`). Takes about half an hour on two cores. With `--long` the counts are those of acceptance (500
players for each load, more runs), which takes more than an hour; `--short` only shows that all of it runs.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.plots import FOLDER, ROOT, draw
from benchmarks.report import options, tell, variants, with_model
from benchmarks.tables import write_tables

WITHOUT_MODEL = ("cached",)
USUAL: Mapping[str, Sequence[str]] = {
    "startup": ("--runs", "5"),
    "engine": ("--runs", "3", "--lengths", "10,50"),
    "first_audio": ("--rounds", "8"),
    "cached": ("--seconds", "4"),
    "scaling": (),
    "memory": (),
    "concurrency": ("--players", "40", "--each", "1", "--seconds", "10"),
}
SHORT: Mapping[str, Sequence[str]] = {
    "startup": ("--runs", "1"),
    "engine": ("--runs", "1", "--lengths", "10,50"),
    "first_audio": ("--rounds", "2", "--heard", "1"),
    "cached": ("--seconds", "1"),
    "scaling": ("--longest", "100", "--batches", "3", "--batch", "10", "--entries", "1000"),
    "memory": ("--requests", "40", "--characters", "200"),
    "concurrency": ("--short",),
}
LONG: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(USUAL, ()),
    "startup": ("--runs", "9"),
    "first_audio": ("--rounds", "40"),
}


def parsed() -> argparse.Namespace:
    parser = options(__doc__ or "", model=True)
    parser.add_argument("--torch", help="PyTorch weights of the same model")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch and kokoro")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the reports and pictures")
    parser.add_argument("--only", nargs="+", choices=tuple(USUAL), default=tuple(USUAL), metavar="NAME")
    counts = parser.add_mutually_exclusive_group()
    counts.add_argument("--long", action="store_true", help="the counts of acceptance")
    counts.add_argument("--short", action="store_true", help="few of everything, to see that it runs")
    return with_model(parser)


def command(name: str, given: argparse.Namespace) -> list[str]:
    """One benchmark as a command line."""
    counts = LONG if given.long else SHORT if given.short else USUAL
    parts = [
        sys.executable,
        "-m",
        f"benchmarks.{name}",
        *counts[name],
        "--json",
        str(given.out / f"{name}.json"),
    ]
    if name in WITHOUT_MODEL:
        return parts
    model = given.model
    if name == "concurrency":
        variant, path = list(variants(given.model).items())[-1]
        parts, model = [*parts, "--variant", variant], str(path)
    if name == "engine" and given.torch:
        parts += ["--torch", given.torch, "--torch-python", given.torch_python]
    return [*parts, "--model", model, "--voices", given.voices, "--about", given.about]


def main() -> None:
    given = parsed()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        start = time.monotonic()
        subprocess.run(command(name, given), stdout=subprocess.DEVNULL, check=True)
        tell(f"{name}: {time.monotonic() - start:.0f} s")
    for picture in draw(given.out):
        tell(f"{picture}: {picture.stat().st_size:,} bytes")
    if given.out.resolve() == FOLDER:
        write_tables(ROOT, given.out)


if __name__ == "__main__":
    main()
