"""Where the model files lie on this machine."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve, frozen
from platformdirs import user_cache_path

from koe.errors import ModelFileError
from koe.kokoro.catalog import (
    AUTO,
    COMMUNITY_MODELS,
    COMMUNITY_REPOSITORY,
    DEFAULT_VARIANT,
    OPTIMIZED,
    VARIANTS,
    ReleasedFile,
    Variant,
    released_variant,
    variant_names,
)
from koe.kokoro.config import KokoroConfig
from koe.kokoro.measured import FAITHFUL, choose
from koe.kokoro.optimized import check_optimized, is_optimized, optimized_path

FOLDER_VARIABLE = "KOE_MODEL_DIR"


@frozen
class ModelFiles:
    """The files of one variant.

    `voices` is an npz file, or a folder of `<name>.bin` in onnx-community's layout. `vocabulary` is the
    model's own `config.json`; None where the package's vocabulary fits. `variant` is what the model file
    was recognised as, by name and size, else what was asked for.
    """

    model: Path
    voices: Path
    vocabulary: Path | None
    variant: str

    @property
    def missing(self) -> tuple[Path, ...]:
        voices_exist = self.voices.is_file() or any(self.voices.glob("*.bin"))
        gone = [] if self.model.is_file() else [self.model]
        gone += [] if voices_exist else [self.voices]
        gone += [self.vocabulary] if self.vocabulary and not self.vocabulary.is_file() else []
        return tuple(gone)


def model_folder(config_dir: str = "") -> Path:
    """The given folder, else the one that `KOE_MODEL_DIR` names, else `koe/models` in the user's cache."""
    given = config_dir or os.environ.get(FOLDER_VARIABLE, "")
    if given:
        return Path(given).expanduser()
    return user_cache_path("koe", appauthor=False) / "models"


def locate(config: KokoroConfig, variants: Sequence[Variant] = VARIANTS) -> ModelFiles:
    """The files that the config asks for, looked up by name and size, and an optimized model's graph.

    Searched are, in this order, the layout that `koe model download` makes (`<release>/<file>`), the
    released names flat in the folder, and onnx-community's (`onnx/model*.onnx` with `voices/*.bin`).
    `config.model` and `config.voices` win; where only the model is given, the other files may lie beside it.

    Raises:
        ModelFileError: a file is missing or, in the download layout, not of the released size; or the
            variant is unknown; or an optimized model is damaged or made for other processors.
    """
    released_variant(config.variant, variants)
    folder = model_folder(config.dir)
    if config.variant == AUTO:
        config = evolve(config, variant=DEFAULT_VARIANT if config.model else _chosen(folder, variants))
    candidates = list(_candidates(config, folder, variants))
    for files in candidates:
        if not files.missing:
            _check_sizes(files, folder, variants)
            if is_optimized(files.model):
                check_optimized(files.model)
            return files
    raise _missing(config, folder, candidates, variants)


def find(name: str, folder: Path, variants: Sequence[Variant] = VARIANTS) -> ModelFiles | None:
    """The files of one variant where they are all there, in whatever layout; sizes are not checked."""
    return next((files for files in _layouts(name, folder, variants) if not files.missing), None)


def download_layout(variant: Variant, folder: Path) -> ModelFiles:
    """Where `koe model download` puts the variant's files."""
    vocabulary = folder / variant.vocabulary.path if variant.vocabulary else None
    return ModelFiles(folder / variant.model.path, folder / variant.voices.path, vocabulary, variant.name)


def _candidates(config: KokoroConfig, folder: Path, variants: Sequence[Variant]) -> Iterator[ModelFiles]:
    name, folders = config.variant, [folder]
    if config.model:
        model = Path(config.model).expanduser()
        recognised = _recognise(model, variants)
        name = recognised.name if recognised else name
        folders.insert(0, model.parent.parent if model.parent.name == "onnx" else model.parent)
    for place in folders:
        for files in _layouts(name, place, variants):
            yield evolve(
                files,
                model=Path(config.model).expanduser() if config.model else files.model,
                voices=Path(config.voices).expanduser() if config.voices else files.voices,
                variant=name if config.model else files.variant,
            )


def _chosen(folder: Path, variants: Sequence[Variant]) -> str:
    found = {name: find(name, folder, variants) for name in FAITHFUL if name in variant_names(variants)}
    present = {name: files.model for name, files in found.items() if files is not None}
    return choose(present) or DEFAULT_VARIANT


def _layouts(name: str, folder: Path, variants: Sequence[Variant]) -> Iterator[ModelFiles]:
    if name in OPTIMIZED:
        for files in _layouts(OPTIMIZED[name], folder, variants):
            yield evolve(files, model=optimized_path(files.model), variant=name)
        return
    variant = released_variant(name, variants)
    if variant is not None:
        yield download_layout(variant, folder)
        yield from _flat_layout(variant, folder, variants)
    if name in COMMUNITY_MODELS:
        yield ModelFiles(folder / "onnx" / COMMUNITY_MODELS[name], folder / "voices", None, name)


def _flat_layout(variant: Variant, folder: Path, variants: Sequence[Variant]) -> Iterator[ModelFiles]:
    model = folder / variant.model.name
    recognised = _recognise(model, variants) or variant
    if recognised.name in (variant.name, variant.older):
        vocabulary = folder / variant.vocabulary.name if variant.vocabulary else None
        yield ModelFiles(model, folder / variant.voices.name, vocabulary, recognised.name)


def _recognise(model: Path, variants: Sequence[Variant]) -> Variant | None:
    """The release that a model file comes from; None for an export of the user's own."""
    size_bytes = model.stat().st_size if model.is_file() else -1
    same = (
        variant
        for variant in variants
        if (variant.model.name, variant.model.size_bytes) == (model.name, size_bytes)
    )
    return next(same, None)


def _check_sizes(files: ModelFiles, folder: Path, variants: Sequence[Variant]) -> None:
    released = {folder / file.path: (file, variant) for variant in variants for file in variant.files}
    for path in (files.model, files.voices, files.vocabulary):
        if path in released:
            _check_size(path, *released[path])


def _check_size(path: Path, file: ReleasedFile, variant: Variant) -> None:
    found = path.stat().st_size
    if found != file.size_bytes:
        raise ModelFileError(
            f"{path} is damaged or incomplete: expected {file.size_bytes:,} bytes, found {found:,}. "
            f"`koe model verify` checks every file, `koe model download --variant {variant.name}` repairs"
        )


def _missing(
    config: KokoroConfig, folder: Path, candidates: Sequence[ModelFiles], variants: Sequence[Variant]
) -> ModelFileError:
    nearest = min(candidates, key=lambda files: len(files.missing))
    for key, given in (("model", config.model), ("voices", config.voices)):
        path = Path(given).expanduser()
        if given and path in nearest.missing:
            what = "no such file" if key == "model" else "no such file, nor a folder with *.bin files"
            return ModelFileError(f"{path}, given as `{key}` of the Kokoro engine: {what}", param=key)
    if config.model:
        names = " and ".join(path.name for path in nearest.missing)
        return ModelFileError(
            f"The model {nearest.model} needs {names} beside it, or in the model folder {folder}. "
            f"{_way_out(config, variants)}; `voices` names a voices file elsewhere"
        )
    names = " and ".join(path.relative_to(folder).as_posix() for path in nearest.missing)
    there = [
        name for name in variant_names(variants) if name != config.variant and find(name, folder, variants)
    ]
    offer = f" Variants that are there: {', '.join(there)} (choose one with `variant`)." if there else ""
    return ModelFileError(
        f"Kokoro's model files (variant {config.variant!r}) are not in the folder {folder}: "
        f"missing {names}.{offer} {_way_out(config, variants)}"
    )


def _way_out(config: KokoroConfig, variants: Sequence[Variant]) -> str:
    if config.variant in OPTIMIZED:
        base = OPTIMIZED[config.variant]
        option = "" if base == DEFAULT_VARIANT else f" --variant {base}"
        return f"`koe model optimize{option}` makes it of the variant {base!r}"
    if released_variant(config.variant, variants) is None:
        return f"Put them there from {COMMUNITY_REPOSITORY}: koe does not download this variant"
    option = "" if config.variant == DEFAULT_VARIANT else f" --variant {config.variant}"
    place = f" --dir {config.dir}" if config.dir else ""
    return (
        f"Get them with `koe model download{option}{place}`, or name the folder that holds them with "
        f"`dir` or {FOLDER_VARIABLE}"
    )
