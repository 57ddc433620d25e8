"""Reading one voice file that somebody dropped into a folder, trusting nothing about it."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import TypeAlias

import numpy as np
from numpy.lib import format as npy

from koe.kokoro.voices import RAW_BYTES, ROWS, STYLE, VoiceFileError, check_shape, styles, styles_of_bytes
from koe.types import Samples

MAX_PACK_VOICES = 500
SUFFIXES = (".bin", ".npy", ".npz")
FOREIGN_SUFFIXES = (".pt", ".pth", ".safetensors")
"""Formats that voices are published in and that koe does not read."""

_HEADER_BYTES = 4096
_ZIP_MAGIC = b"PK"
_NPY_VERSION = (1, 0)
# What zipfile and its decompressors raise on archives that are damaged, encrypted or of rare methods.
_DAMAGED = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, OverflowError, struct.error)
_UNREADABLE = (*_DAMAGED, zlib.error, lzma.LZMAError, OSError)
# What numpy raises on headers, which it reads as Python's literals.
_NO_HEADER = (ValueError, SyntaxError, TokenError, TypeError, RecursionError, MemoryError)
_LARGEST = 100.0
"""Released voices stay within a few units; numbers far beyond are no style table."""

Read: TypeAlias = Mapping[str, Samples | VoiceFileError]


def read_voice_file(file: Path) -> Read:
    """The voices of a file by name, each with its table or with what is wrong with it.

    `<name>.bin` is raw float32, 510 x 256; `<name>.npy` the same as numpy saves it; an npz archive, of
    whatever suffix, holds several.

    Raises:
        VoiceFileError: it is none of these.
        OSError: it cannot be read.
    """
    suffix = file.suffix.lower()
    if suffix in FOREIGN_SUFFIXES:
        raise VoiceFileError(
            f"one of {', '.join(SUFFIXES)}",
            f"{suffix}, which needs PyTorch. Where that is installed, convert the voice with "
            '`torch.load(file, weights_only=True).numpy().tofile("name.bin")`',
        )
    with file.open("rb") as opened:
        start = opened.read(len(_ZIP_MAGIC))
    if suffix == ".npz" or (suffix == ".bin" and start == _ZIP_MAGIC and file.stat().st_size != RAW_BYTES):
        return _read_pack(file)
    raw = _read_at_most(file, RAW_BYTES + _HEADER_BYTES)
    return {file.stem: _plausible(_array(raw) if suffix == ".npy" else styles_of_bytes(raw))}


def _read_at_most(file: Path, limit: int) -> bytes:
    with file.open("rb") as opened:
        raw = opened.read(limit + 1)
    if len(raw) > limit:
        raise VoiceFileError(f"{RAW_BYTES:,} bytes of numbers", f"{file.stat().st_size:,} bytes")
    return raw


def _read_pack(file: Path) -> Read:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            voices = {
                member.filename.removesuffix(".npy"): _member(archive, member)
                for member in members[:MAX_PACK_VOICES]
            }
    except _DAMAGED as error:
        raise VoiceFileError("an npz archive of voices", f"none ({error})") from error
    if not 0 < len(members) <= MAX_PACK_VOICES:
        raise VoiceFileError(f"1 to {MAX_PACK_VOICES} voices", f"{len(members)}")
    return voices


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Samples | VoiceFileError:
    try:
        with archive.open(member) as opened:
            return _plausible(_array(opened.read(RAW_BYTES + _HEADER_BYTES)))
    except VoiceFileError as error:
        return error
    except _UNREADABLE as error:
        return VoiceFileError("a readable array", f"{type(error).__name__}: {error}")


def _array(raw: bytes) -> Samples:
    """What `numpy.save` wrote; nothing is read, let alone unpickled, before type and shape are right."""
    opened = io.BytesIO(raw)
    try:
        version = npy.read_magic(opened)
        header = npy.read_array_header_1_0(opened) if version == _NPY_VERSION else None
    except _NO_HEADER as error:
        raise VoiceFileError("an array as numpy.save writes it", f"none ({error})") from error
    if header is None:
        raise VoiceFileError("version 1.0 of numpy's format", ".".join(map(str, version)))
    shape, fortran, dtype = header
    check_shape(dtype, shape)
    body = raw[opened.tell() :]
    if len(body) != RAW_BYTES:
        raise VoiceFileError(f"{RAW_BYTES:,} bytes of numbers", f"{len(body):,} bytes")
    return styles(np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C"))


def _plausible(table: Samples) -> Samples:
    largest = float(np.abs(table).max())
    if largest > _LARGEST:
        raise VoiceFileError(f"numbers from {-_LARGEST:g} to {_LARGEST:g}", f"{largest:g}")
    empty = ROWS - int(table.any(axis=1).sum())
    if empty:
        raise VoiceFileError(f"{ROWS} rows of {STYLE} numbers", f"nothing but zeros in {empty} of them")
    return table
