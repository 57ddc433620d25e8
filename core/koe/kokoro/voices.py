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
_RAW_BYTES = ROWS * STYLE * 4
_WAY_OUT = "`koe model download` fetches sound files"
# What numpy and zipfile raise on files that are cut short or not archives at all.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


@frozen
class VoiceTables:
    """The loaded voices in the order of their file. Safe to use from any thread.

    `tables` are float32 of shape `(510, 256)`, read-only.
    """

    tables: Mapping[str, Samples] = field(repr=lambda tables: f"<{len(tables)} voices>")

    def style(self, mix: VoiceMix, tokens: int) -> Samples:
        """The style for a segment of `tokens` symbols (pads not counted), shape `(1, 256)`.

        The row is `tokens - 1`, as in Kokoro's reference code; a mix is the weighted sum of that row.
        """
        row = np.zeros((1, STYLE), np.float64)
        for name, weight in mix.terms:
            row += weight * self._table(name)[tokens - 1]
        return row.astype(np.float32)

    def _table(self, name: str) -> Samples:
        if name not in self.tables:
            raise KoeError(f"Kokoro has no voice {name!r}; it has {', '.join(self.tables)}")
        return self.tables[name]


def load_voices(path: Path) -> VoiceTables:
    """Read an npz archive (`voices-v1.0.bin`) or a folder of `<name>.bin`.

    Raises:
        ModelFileError: it is missing, cut short, or holds something other than voices.
    """
    tables = _read_folder(path) if path.is_dir() else _read_archive(path)
    for table in tables.values():
        table.setflags(write=False)
    return VoiceTables(tables)


def _read_folder(folder: Path) -> dict[str, Samples]:
    tables = {file.stem: _read_raw(file) for file in sorted(folder.glob("*.bin"))}
    if not tables:
        raise _wrong(folder, "a folder with <name>.bin voice files", "none")
    return tables


def _read_raw(file: Path) -> Samples:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise _wrong(file, "a readable voice file", str(error)) from error
    if len(raw) != _RAW_BYTES:
        expected = f"{_RAW_BYTES:,} bytes (float32, {ROWS} x 1 x {STYLE})"
        raise _wrong(file, expected, f"{len(raw):,} bytes")
    return _checked(np.frombuffer(raw, "<f4").reshape(_SHAPE), str(file))


def _read_archive(file: Path) -> dict[str, Samples]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            names = list(getattr(archive, "files", ()))
            tables = {name: archive[name] for name in names}
    except (*_UNREADABLE, AttributeError, TypeError) as error:
        raise _wrong(file, "an npz archive of voices", _found(file, error)) from error
    if not tables:
        raise _wrong(file, "an npz archive with at least one voice", "none")
    return {name: _checked(table, f"{file}, voice {name!r}") for name, table in tables.items()}


def _found(file: Path, error: Exception) -> str:
    if not file.is_file():
        return "no such file"
    return f"{file.stat().st_size:,} bytes that cannot be read as one ({type(error).__name__}: {error})"


def _checked(table: NDArray[np.generic] | bytes, where: str) -> Samples:
    expected = f"float32 of shape {_SHAPE}"
    if not isinstance(table, np.ndarray):
        raise _wrong(where, expected, "something that is no array")
    if table.dtype != np.float32 or table.shape != _SHAPE:
        raise _wrong(where, expected, f"{table.dtype} of shape {table.shape}")
    if not np.isfinite(table).all():
        raise _wrong(where, "finite numbers", "NaN or infinity")
    return table.reshape(ROWS, STYLE).astype(np.float32, copy=False)


def _wrong(where: Path | str, expected: str, found: str) -> ModelFileError:
    return ModelFileError(f"{where}: expected {expected}, found {found}. {_WAY_OUT}")
