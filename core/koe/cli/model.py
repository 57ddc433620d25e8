"""`koe model`: the released model files on this machine."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from attrs import asdict, evolve
from cyclopts import App, Parameter

from koe.cli.download_progress import reporting
from koe.cli.model_bench import bench
from koe.cli.model_optimize import optimize
from koe.cli.model_options import Folder, Json, VariantName, asked
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.kokoro.catalog import DEFAULT_VARIANT, OPTIMIZED, VARIANTS, Variant, downloadable_variant
from koe.kokoro.config import KokoroConfig
from koe.kokoro.download import download as download_file
from koe.kokoro.download import mirror_url
from koe.kokoro.files import ModelFiles, find, locate, model_folder
from koe.kokoro.verify import FileCheck, verify_optimized
from koe.kokoro.verify import verify as verify_files

app = App(name="model", help="List, download, verify, find, optimize and measure Kokoro's model files.")
app.command(optimize)
app.command(bench)

BaseUrl = Annotated[
    str, Parameter(name="--base-url", help="A mirror of the model folder; without it KOE_MODEL_BASE_URL.")
]


@app.command(name="list")
def list_variants(*, folder: Folder = "", as_json: Json = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """Show the variants, their sizes, which are here, and when to choose which."""
    place = model_folder(asked(options, folder).dir)
    rows = [(variant, find(variant.name, place, VARIANTS)) for variant in VARIANTS]
    optimized = {name: find(name, place, VARIANTS) for name in _optimized_names()}
    if as_json:
        described = [_described(variant, files) for variant, files in rows]
        described += [_described_optimized(name, files) for name, files in optimized.items()]
        _say(json.dumps(described, indent=2))
        return 0
    for variant, files in rows:
        where = str(files.model) if files else "not downloaded"
        _say(f"{variant.name:<10} {variant.size_bytes / 1e6:>4.0f} MB  {where}\n{'':<20} {variant.note}")
    for name, files in optimized.items():
        where = str(files.model) if files else "not made"
        _say(f"{name:<10} {'':>4}     {where}\n{'':<20} {_optimized_note(name)}")
    _say(f"\nModel folder: {place}")
    return 0


@app.command
def download(
    *,
    variant: VariantName = "",
    folder: Folder = "",
    base_url: BaseUrl = "",
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Fetch a variant's files; what is here and intact is left alone, what was cut is continued."""
    config = asked(options, folder, variant)
    chosen, place = downloadable_variant(config.variant, VARIANTS), model_folder(config.dir)
    with reporting() as report:
        for file in chosen.files:
            download_file(file, place, base_url=mirror_url(base_url), report=report)
    return _print_paths(locate(evolve(config, model="", voices=""), VARIANTS))


@app.command
def verify(
    *,
    variant: Annotated[str, Parameter(name="--variant", help="Only the files of this variant.")] = "",
    folder: Folder = "",
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Hash the released and optimized files that are here, or one variant's.

    Exits with 1 if any is missing or corrupt.
    """
    place = model_folder(asked(options, folder).dir)
    checks = _optimized_checks(place, variant)
    if variant not in OPTIMIZED:
        released = downloadable_variant(variant, VARIANTS) if variant else None
        checks = (*verify_files(place, released, VARIANTS), *checks)
    for check in checks:
        _say(_line(check))
    return _verdict(checks, variant, folder)


@app.command
def path(*, variant: VariantName = "", folder: Folder = "", options: ConfigOptions = NO_OPTIONS) -> int:
    """Print the files that the Kokoro engine would load, one a line: model, voices, vocabulary if any."""
    return _print_paths(locate(asked(options, folder, variant), VARIANTS))


def _optimized_checks(place: Path, variant: str) -> tuple[FileCheck, ...]:
    """Those of the optimized models that are here; of one that is asked for and missing, that it is."""
    if variant in OPTIMIZED:
        files = find(variant, place, VARIANTS) or locate(
            KokoroConfig(dir=str(place), variant=variant), VARIANTS
        )
        return verify_optimized(files.model)
    if variant:
        return ()
    found = (find(name, place, VARIANTS) for name in _optimized_names())
    return tuple(check for files in found if files for check in verify_optimized(files.model))


def _optimized_names() -> list[str]:
    known = {variant.name for variant in VARIANTS}
    return [name for name, base in OPTIMIZED.items() if base in known]


def _print_paths(files: ModelFiles) -> int:
    for found in (files.model, files.voices, files.vocabulary):
        if found is not None:
            _say(str(found))
    return 0


def _verdict(checks: Sequence[FileCheck], variant: str, folder: str) -> int:
    bad = sum(check.status != "ok" for check in checks)
    if not bad:
        return 0
    options = (f" --variant {variant}" if variant else "") + (f" --dir {folder}" if folder else "")
    repair = f"`koe model download{options}` repairs what it put there, `koe model optimize` what it made"
    sys.stderr.write(f"{bad} of {len(checks)} files missing or corrupt; {repair}\n")
    return 1


def _line(check: FileCheck) -> str:
    return f"{check.status:<8} {check.path}" + (f": {check.detail}" if check.detail else "")


def _described(variant: Variant, files: ModelFiles | None) -> dict[str, object]:
    return {
        "variant": variant.name,
        "default": variant.name == DEFAULT_VARIANT,
        "size_bytes": variant.size_bytes,
        "note": variant.note,
        "downloaded": files is not None,
        "files": None if files is None else asdict(files, value_serializer=_text),
        "released": [asdict(file) | {"url": file.url()} for file in variant.files],
    }


def _described_optimized(name: str, files: ModelFiles | None) -> dict[str, object]:
    return {
        "variant": name,
        "default": False,
        "note": _optimized_note(name),
        "made_of": OPTIMIZED[name],
        "downloaded": files is not None,
        "files": None if files is None else asdict(files, value_serializer=_text),
    }


def _optimized_note(name: str) -> str:
    return f"what `koe model optimize` makes of {OPTIMIZED[name]}: about twice as fast on a processor"


def _text(_owner: object, _field: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
