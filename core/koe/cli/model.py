"""`koe model`: the released model files on this machine."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from attrs import asdict, evolve
from cyclopts import App, Parameter

from koe.cli.download_progress import reporting
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.config import structure_plugin_config
from koe.errors import ConfigError
from koe.kokoro.catalog import DEFAULT_VARIANT, VARIANTS, Variant, downloadable_variant
from koe.kokoro.config import KokoroConfig
from koe.kokoro.download import download as download_file
from koe.kokoro.download import mirror_url
from koe.kokoro.files import ModelFiles, find, locate, model_folder
from koe.kokoro.verify import FileCheck
from koe.kokoro.verify import verify as verify_files

app = App(name="model", help="List, download, verify and find Kokoro's model files.")

Folder = Annotated[str, Parameter(name="--dir", help="Model folder, instead of the configured one.")]
VariantName = Annotated[
    str, Parameter(name="--variant", help="One of `koe model list`; without it the configured one.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
BaseUrl = Annotated[
    str, Parameter(name="--base-url", help="A mirror of the model folder; without it KOE_MODEL_BASE_URL.")
]


@app.command(name="list")
def list_variants(*, folder: Folder = "", as_json: Json = False, options: ConfigOptions = NO_OPTIONS) -> int:
    """Show the variants, their sizes, which are here, and when to choose which."""
    place = model_folder(_asked(options, folder).dir)
    rows = [(variant, find(variant.name, place, VARIANTS)) for variant in VARIANTS]
    if as_json:
        _say(json.dumps([_described(variant, files) for variant, files in rows], indent=2))
        return 0
    for variant, files in rows:
        where = str(files.model) if files else "not downloaded"
        _say(f"{variant.name:<10} {variant.size_bytes / 1e6:>4.0f} MB  {where}\n{'':<20} {variant.note}")
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
    config = _asked(options, folder, variant)
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
    """Hash the released files that are here, or one variant's; exit with 1 if any is missing or corrupt."""
    place = model_folder(_asked(options, folder).dir)
    checks = verify_files(place, downloadable_variant(variant, VARIANTS) if variant else None, VARIANTS)
    for check in checks:
        _say(_line(check))
    return _verdict(checks, variant, folder)


@app.command
def path(*, variant: VariantName = "", folder: Folder = "", options: ConfigOptions = NO_OPTIONS) -> int:
    """Print the files that the Kokoro engine would load, one a line: model, voices, vocabulary if any."""
    return _print_paths(locate(_asked(options, folder, variant), VARIANTS))


def _asked(options: ConfigOptions, folder: str, variant: str = "") -> KokoroConfig:
    """What `[plugins.kokoro]` says; a folder or variant of the command line replaces explicit files, too."""
    configuration = options.load()
    config, mistakes = structure_plugin_config(configuration, "kokoro", KokoroConfig)
    problems = (*configuration.problems, *mistakes)
    if problems:
        raise ConfigError(problems)
    assert isinstance(config, KokoroConfig)
    if folder or variant:
        config = evolve(config, model="", voices="")
    return evolve(config, dir=folder or config.dir, variant=variant or config.variant)


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
    repair = f"`koe model download{options}` repairs what it put there"
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


def _text(_owner: object, _field: object, value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
