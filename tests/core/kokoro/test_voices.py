import io
import zipfile

import numpy as np
import pytest
from koe.errors import KoeError, ModelFileError
from koe.kokoro.voices import load_voices
from koe.testing.tiny_model import voice_level, voice_table, write_voices_folder, write_voices_npz
from koe.types import VoiceMix

NAMES = ("af_heart", "bm_george", "zf_xiaobei")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write_voices_npz(tmp_path_factory.mktemp("voices") / "voices-v1.0.bin", NAMES)


def test_an_npz_archive_and_a_folder_give_the_same_voices(archive, tmp_path):
    folder = write_voices_folder(tmp_path / "voices", NAMES)
    one, other = load_voices(archive), load_voices(folder)
    assert list(one.tables) == list(other.tables) == list(NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(one.tables[name], other.tables[name])


@pytest.mark.parametrize("length", [1, 2, 255, 510])
def test_the_style_is_the_row_one_below_the_number_of_symbols(archive, length):
    style = load_voices(archive).style(VoiceMix.of("bm_george"), length)
    assert style.shape == (1, 256)
    assert style.dtype == np.float32
    np.testing.assert_array_equal(style, voice_table("bm_george")[length - 1])


def test_a_mix_is_the_weighted_sum_also_with_a_weight_below_zero(archive):
    mix = VoiceMix((("af_heart", 1.5), ("bm_george", -0.5)))
    style = load_voices(archive).style(mix, 11)
    expected = 1.5 * voice_level("af_heart") - 0.5 * voice_level("bm_george")
    assert style[0, 0] == pytest.approx(expected, abs=1e-6)
    assert style[0, 1] == pytest.approx(10 / 10_000, abs=1e-7)


def test_an_unknown_voice_is_named_with_those_there_are(archive):
    with pytest.raises(KoeError, match=r"no voice 'nobody'.*af_heart, bm_george"):
        load_voices(archive).style(VoiceMix.of("nobody"), 1)


def test_the_tables_cannot_be_changed(archive):
    with pytest.raises(ValueError, match="read-only"):
        load_voices(archive).tables["af_heart"][0, 0] = 1


@pytest.mark.parametrize("kept", [0, 10, 1000])
def test_a_truncated_archive_is_an_error_with_its_size(archive, tmp_path, kept):
    cut = tmp_path / "voices-v1.0.bin"
    cut.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(
        ModelFileError, match=rf"voices-v1\.0\.bin: expected an npz archive.*found {kept:,} bytes"
    ):
        load_voices(cut)


def test_a_flipped_byte_in_an_archive_is_found(archive, tmp_path):
    body = bytearray(archive.read_bytes())
    body[len(body) // 2] ^= 0xFF
    broken = tmp_path / "voices.bin"
    broken.write_bytes(body)
    with pytest.raises(ModelFileError, match="voices.bin"):
        load_voices(broken)


def test_something_else_than_an_archive_is_an_error(tmp_path):
    page = tmp_path / "voices.bin"
    page.write_text("<html>Not found</html>")
    with pytest.raises(ModelFileError, match="expected an npz archive of voices, found 22 bytes"):
        load_voices(page)


def test_a_single_array_is_not_an_archive(tmp_path):
    with (tmp_path / "one.bin").open("wb") as file:
        np.save(file, voice_table("af_heart"))
    with pytest.raises(ModelFileError, match="npz archive"):
        load_voices(tmp_path / "one.bin")


def test_a_pickle_in_an_archive_is_refused_and_not_executed(tmp_path):
    with (tmp_path / "evil.bin").open("wb") as file:
        np.savez(file, af_heart=np.array([print], dtype=object))
    with pytest.raises(ModelFileError, match="allow_pickle=False"):
        load_voices(tmp_path / "evil.bin")


def test_an_archive_member_that_is_no_array_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "odd.bin", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelFileError, match="something that is no array"):
        load_voices(tmp_path / "odd.bin")


def test_an_archive_without_voices_is_an_error(tmp_path):
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    (tmp_path / "empty.bin").write_bytes(buffer.getvalue())
    with pytest.raises(ModelFileError, match="at least one voice, found none"):
        load_voices(tmp_path / "empty.bin")


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (np.zeros((510, 255), np.float32), r"float32 of shape \(510, 255\)"),
        (np.zeros((511, 1, 256), np.float32), r"float32 of shape \(511, 1, 256\)"),
        (np.zeros((510, 1, 256), np.float64), r"float64 of shape \(510, 1, 256\)"),
        (np.full((510, 1, 256), np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_a_voice_of_the_wrong_kind_is_an_error_with_expected_and_found(tmp_path, table, found):
    with (tmp_path / "odd.bin").open("wb") as file:
        np.savez(file, af_heart=table)
    with pytest.raises(ModelFileError, match=rf"odd\.bin, voice 'af_heart': expected .*found {found}"):
        load_voices(tmp_path / "odd.bin")


def test_a_raw_voice_of_the_wrong_size_is_an_error_with_both_sizes(tmp_path):
    folder = write_voices_folder(tmp_path / "voices", NAMES)
    (folder / "bm_george.bin").write_bytes(bytes(1000))
    with pytest.raises(ModelFileError, match=r"bm_george\.bin: expected 522,240 bytes.*found 1,000 bytes"):
        load_voices(folder)


def test_a_raw_voice_with_infinity_is_an_error(tmp_path):
    table = voice_table("af_heart")
    table[3, 0, 3] = np.inf
    (tmp_path / "af_heart.bin").write_bytes(table.tobytes())
    with pytest.raises(ModelFileError, match=r"af_heart\.bin: expected finite numbers"):
        load_voices(tmp_path)


def test_an_empty_folder_and_a_missing_file_are_errors(tmp_path):
    with pytest.raises(ModelFileError, match=r"<name>\.bin voice files, found none"):
        load_voices(tmp_path)
    with pytest.raises(ModelFileError, match="found no such file"):
        load_voices(tmp_path / "gone.bin")
