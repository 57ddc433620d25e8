"""`koe model bench`: which model and how many threads are fastest here."""

import sys
from typing import Annotated

from attrs import asdict, evolve
from cyclopts import Parameter

from koe.cli.model_optimize import reporting
from koe.cli.model_options import Folder, Json, asked
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.cli.table import print_rows
from koe.cores import usable_cores
from koe.errors import InvalidRequestError, ModelFileError
from koe.kokoro.catalog import AUTO, DEFAULT_VARIANT, VARIANTS, variant_names
from koe.kokoro.config import KokoroConfig
from koe.kokoro.files import ModelFiles, find, locate, model_folder
from koe.kokoro.measured import benchmark_path
from koe.kokoro.replacing import replace_file
from koe.kokoro.voices import ROWS

_MOST_THREADS = 256
_COLUMNS = ("variant", "threads", "phonemes", "rtf", "load_s")


def bench(
    *,
    variants: Annotated[str, Parameter(help="With commas; without it, all that are here.")] = "",
    threads: Annotated[str, Parameter(help="With commas; without it, 1 and all cores.")] = "",
    phonemes: Annotated[str, Parameter(help="Lengths of segments, with commas.")] = "10,50",
    runs: Annotated[int, Parameter(help="Runs that count; the medians are shown.")] = 3,
    folder: Folder = "",
    as_json: Json = False,
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Measure the models that are here, and store the result for `variant = "auto"`."""
    from koe.kokoro.bench import Plan, measure

    config = asked(options, folder)
    models = _models(config, variants)
    cores = usable_cores()
    counts = _numbers("threads", threads, _MOST_THREADS) if threads else tuple(dict.fromkeys((1, cores)))
    plan = Plan(counts, _numbers("phonemes", phonemes, ROWS), _numbers("runs", str(runs), 1000)[0])
    with reporting() as progress:
        benchmark = measure(models, plan, progress.begin)
    benchmark_path().parent.mkdir(parents=True, exist_ok=True)
    stored = replace_file(benchmark_path(), benchmark.to_json().encode())
    if as_json:
        sys.stdout.write(benchmark.to_json())
        return 0
    print_rows(_COLUMNS, [asdict(each) for each in benchmark.measurements], as_json=False)
    chosen = locate(evolve(config, variant=AUTO, model=""), VARIANTS).variant
    sys.stdout.write(f'\n{chosen} is what `variant = "auto"` takes. Stored in {stored}\n')
    return 0


def _models(config: KokoroConfig, wanted: str) -> dict[str, ModelFiles]:
    """The named variants, or all that are in the folder and usable here.

    Raises:
        ModelFileError: one of the named is missing or may not be used here, or none is there.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if names:
        return {name: locate(evolve(config, variant=name, model=""), VARIANTS) for name in names}
    folder = model_folder(config.dir)
    there = [name for name in variant_names(VARIANTS) if name != AUTO and find(name, folder, VARIANTS)]
    models = {name: files for name in there if (files := _usable(config, name)) is not None}
    return _distinct(models) or {DEFAULT_VARIANT: locate(evolve(config, variant=DEFAULT_VARIANT), VARIANTS)}


def _usable(config: KokoroConfig, name: str) -> ModelFiles | None:
    try:
        return locate(evolve(config, variant=name, model=""), VARIANTS)
    except ModelFileError as error:
        sys.stderr.write(f"left out: {name}: {error}\n")
        return None


def _distinct(models: dict[str, ModelFiles]) -> dict[str, ModelFiles]:
    """One name for each file: a folder of the user's own may hold one under two variants' names."""
    by_file = {files.model: name for name, files in reversed(models.items())}
    return {name: files for name, files in models.items() if by_file[files.model] == name}


def _numbers(name: str, given: str, most: int) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in given.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number <= most for number in numbers):
        raise InvalidRequestError(
            f"--{name}: expected whole numbers from 1 to {most} with commas, got {given!r}", param=name
        )
    return tuple(dict.fromkeys(numbers))
