"""A dropped file is a sound voice or is refused with what was expected and what was found."""

import io
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from koe.kokoro.voice_files import MAX_PACK_VOICES, read_voice_file
from koe.kokoro.voices import RAW_BYTES, VoiceFileError
from koe.testing.tiny_model import voice_table

TABLE = voice_table("af_heart")


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def npy_header(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def read(folder, name, content):
    file = folder / name
    file.write_bytes(content)
    return read_voice_file(file)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.bin", TABLE.tobytes()),
        ("x.BIN", TABLE.tobytes()),
        ("x.npy", npy_bytes(TABLE)),
        ("x.npy", npy_bytes(TABLE.reshape(510, 256))),
        ("x.npy", npy_bytes(np.asfortranarray(TABLE.reshape(510, 256)))),
        ("pack.npz", npz_bytes(x=TABLE)),
        ("voices-v1.0.bin", npz_bytes(x=TABLE)),
    ],
)
def test_each_kind_gives_the_same_read_only_table(tmp_path, name, content):
    (voice, table) = next(iter(read(tmp_path, name, content).items()))
    assert voice == "x"
    np.testing.assert_array_equal(table, TABLE.reshape(510, 256))
    assert not table.flags.writeable


def changed(index, value):
    table = TABLE.copy()
    table[index] = value
    return table


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.bin", TABLE.tobytes()[:-4], r"expected 522,240 bytes .*, found 522,236 bytes"),
        ("x.bin", b"", "found 0 bytes"),
        ("x.bin", b"x" * 600_000, "expected 522,240 bytes.*found 600,000 bytes"),
        ("x.bin", changed((3, 0, 4), np.nan).tobytes(), "expected finite numbers, found NaN"),
        ("x.bin", changed((3, 0, 4), 101).tobytes(), "expected numbers from -100 to 100, found 101"),
        ("x.bin", changed(slice(400, 510), 0).tobytes(), "found nothing but zeros in 110 of them"),
        ("x.bin", bytes(RAW_BYTES), "zeros in 510 of them"),
        ("x.npy", npy_bytes(TABLE.astype(np.float64)), "found 1,04.,... bytes"),
        ("x.npy", npy_bytes(TABLE[:509]), r"found float32 of shape \(509, 1, 256\)"),
        ("x.npy", npy_bytes(TABLE.astype(">f4")), "found >f4 of shape"),
        ("x.npy", npy_bytes(TABLE)[:-1], "found 522,239 bytes"),
        ("x.npy", TABLE.tobytes()[:1000], "expected an array as numpy.save writes it"),
        ("x.npy", npy_header(b"-" * 3_900 + b"1"), "expected an array as numpy.save writes it"),
        ("x.npy", npy_header(b"{1: 2, 'shape': 3}"), "expected an array as numpy.save writes it"),
        ("x.npy", b"\x93NUMPY\x09\x00" + bytes(100), "expected version 1.0 of numpy's format, found 9.0"),
        ("pack.npz", b"PK\x03\x04 and no more", "expected an npz archive of voices"),
        ("pack.npz", npz_bytes(x=TABLE)[:-30], "expected an npz archive of voices"),
        ("pack.npz", npz_bytes(), "expected 1 to 500 voices, found 0"),
        ("x.pt", b"PK", r"needs PyTorch.*numpy\(\)\.tofile"),
        ("x.safetensors", b"", "needs PyTorch"),
    ],
)
def test_anything_else_is_refused(tmp_path, name, content, said):
    with pytest.raises(VoiceFileError, match=said):
        read(tmp_path, name, content)


def test_a_bad_voice_in_a_pack_is_told_apart_from_the_good_ones(tmp_path):
    voices = read(
        tmp_path, "pack.npz", npz_bytes(good=TABLE, bad=TABLE[:9], odd=np.array([print], dtype=object))
    )
    assert isinstance(voices["good"], np.ndarray)
    assert "found float32 of shape (9, 1, 256)" in str(voices["bad"])
    assert "found object of shape (1,)" in str(voices["odd"])


def test_a_pack_of_too_many_voices_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "pack.npz", "w") as archive:
        for n in range(MAX_PACK_VOICES + 1):
            archive.writestr(f"v{n}.npy", b"")
    with pytest.raises(VoiceFileError, match="expected 1 to 500 voices, found 501"):
        read_voice_file(tmp_path / "pack.npz")


def test_a_member_that_claims_to_be_huge_is_never_unpacked(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 256)}
    )
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(50_000_000))
    assert "found float32 of shape" in str(read_voice_file(tmp_path / "bomb.npz")["x"])


@pytest.mark.parametrize("whole", [npz_bytes(x=TABLE[:2]), npy_bytes(TABLE)[:600]], ids=["npz", "npy"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(cuts=st.lists(st.tuples(st.integers(0, 599), st.binary(min_size=1, max_size=4)), max_size=6))
def test_damage_anywhere_is_refused_and_nothing_worse(tmp_path, whole, cuts):
    damaged = bytearray(whole)
    for position, patch in cuts:
        damaged[position : position + len(patch)] = patch
    suffix = "npz" if whole.startswith(b"PK") else "npy"
    with suppress(VoiceFileError):
        for table in read(tmp_path, f"x.{suffix}", bytes(damaged)).values():
            assert isinstance(table, VoiceFileError)
