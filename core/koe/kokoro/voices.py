"""The voices' style tables: one row of 256 numbers for every length that a segment can have."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from koe.errors import KoeError, ModelFileError
from koe.types import Samples, VoiceMix

ROWS, STYLE = 510, 256
_SHAPE = (ROWS, 1, STYLE)
RAW_BYTES = ROWS * STYLE * 4
_WAY_OUT = "`koe model download` fetches sound files"
# What numpy and zipfile raise on files that are cut short or not archives at all.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class VoiceFileError(ValueError):
    """Something that is no voice. Says what was expected and what was found, but not in which file."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")


@frozen
class VoiceTables:
    """The loaded voices in the order of their file. Safe to use from any thread.

    `tables` are float32 of shape `(510, 256)`, read-only. `retired` are those that may not be asked for any
    more, kept for requests that began before.
    """

    tables: Mapping[str, Samples] = field(repr=lambda tables: f"<{len(tables)} voices>")
    retired: Mapping[str, Samples] = field(factory=dict, repr=False)

    def style(self, mix: VoiceMix, tokens: int) -> Samples:
        """The style for a segment of `tokens` symbols (pads not counted), shape `(1, 256)`.

        The row is `tokens - 1`, as in Kokoro's reference code; a mix is the weighted sum of that row.
        """
        row = np.zeros((1, STYLE), np.float64)
        for name, weight in mix.terms:
            row += weight * self._table(name)[tokens - 1]
        return row.astype(np.float32)

    def _table(self, name: str) -> Samples:
        table = self.tables.get(name)
        table = self.retired.get(name) if table is None else table
        if table is None:
            raise KoeError(f"Kokoro has no voice {name!r}; it has {', '.join(self.tables)}")
        return table


def load_voices(path: Path) -> VoiceTables:
    """Read an npz archive (`voices-v1.0.bin`) or a folder of `<name>.bin`.

    Raises:
        ModelFileError: it is missing, cut short, or holds something other than voices.
    """
    return VoiceTables(_read_folder(path) if path.is_dir() else _read_archive(path))


def styles_of_bytes(raw: bytes) -> Samples:
    """A voice's table from its raw float32 numbers. Raises `VoiceFileError`."""
    if len(raw) != RAW_BYTES:
        expected = f"{RAW_BYTES:,} bytes (float32, {ROWS} x 1 x {STYLE})"
        raise VoiceFileError(expected, f"{len(raw):,} bytes")
    return styles(np.frombuffer(raw, "<f4").reshape(_SHAPE))


def styles(table: NDArray[np.generic] | bytes) -> Samples:
    """The table as float32 of shape `(510, 256)`, read-only. Raises `VoiceFileError`."""
    if not isinstance(table, np.ndarray):
        raise VoiceFileError(f"float32 of shape {_SHAPE}", "something that is no array")
    check_shape(table.dtype, table.shape)
    if not np.isfinite(table).all():
        raise VoiceFileError("finite numbers", "NaN or infinity")
    values = table.reshape(ROWS, STYLE).astype(np.float32, copy=False)
    values.setflags(write=False)
    return values


def check_shape(dtype: "np.dtype[np.generic]", shape: tuple[int, ...]) -> None:
    """Raise `VoiceFileError` for what is no voice's table."""
    if dtype != np.float32 or shape not in (_SHAPE, (ROWS, STYLE)):
        raise VoiceFileError(f"float32 of shape {_SHAPE}", f"{dtype} of shape {shape}")


def _read_folder(folder: Path) -> dict[str, Samples]:
    tables = {file.stem: _read_raw(file) for file in sorted(folder.glob("*.bin"))}
    if not tables:
        raise _wrong(folder, VoiceFileError("a folder with <name>.bin voice files", "none"))
    return tables


def _read_raw(file: Path) -> Samples:
    try:
        return styles_of_bytes(file.read_bytes())
    except OSError as error:
        raise _wrong(file, VoiceFileError("a readable voice file", str(error))) from error
    except VoiceFileError as error:
        raise _wrong(file, error) from None


def _read_archive(file: Path) -> dict[str, Samples]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            names = list(getattr(archive, "files", ()))
            tables = {name: archive[name] for name in names}
    except (*_UNREADABLE, AttributeError, TypeError) as error:
        raise _wrong(file, VoiceFileError("an npz archive of voices", _found(file, error))) from error
    if not tables:
        raise _wrong(file, VoiceFileError("an npz archive with at least one voice", "none"))
    return {name: _read_table(table, f"{file}, voice {name!r}") for name, table in tables.items()}


def _read_table(table: NDArray[np.generic] | bytes, where: str) -> Samples:
    try:
        return styles(table)
    except VoiceFileError as error:
        raise _wrong(where, error) from None


def _found(file: Path, error: Exception) -> str:
    if not file.is_file():
        return "no such file"
    return f"{file.stat().st_size:,} bytes that cannot be read as one ({type(error).__name__}: {error})"


def _wrong(where: Path | str, error: VoiceFileError) -> ModelFileError:
    return ModelFileError(f"{where}: {error}. {_WAY_OUT}")
