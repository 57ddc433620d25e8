from koe.kokoro.verify import FileCheck, verify

from tests.core.kokoro.small_catalogue import FP32, FP32_OLD, INT8, SMALL, everything
from tests.core.kokoro.test_files import downloaded, put

BODIES = everything()


def test_an_empty_folder_lacks_the_default_variant(tmp_path):
    assert verify(tmp_path, variants=SMALL) == (
        FileCheck(tmp_path / FP32.model.path, "missing"),
        FileCheck(tmp_path / FP32.voices.path, "missing"),
    )


def test_only_what_is_there_and_what_belongs_to_it_is_checked(tmp_path):
    downloaded(tmp_path, INT8)
    checks = verify(tmp_path, variants=SMALL)
    assert {check.path for check in checks} == {tmp_path / file.path for file in INT8.files}
    assert {check.status for check in checks} == {"ok"}


def test_a_model_without_its_voices_is_incomplete(tmp_path):
    put(tmp_path / INT8.model.path, BODIES[INT8.model.path])
    assert [check.status for check in verify(tmp_path, variants=SMALL)] == ["ok", "missing"]


def test_a_truncated_file_is_corrupt_with_both_sizes(tmp_path):
    downloaded(tmp_path, INT8)
    put(tmp_path / INT8.model.path, b"short")
    check = next(check for check in verify(tmp_path, INT8, SMALL) if check.status != "ok")
    assert (check.status, check.detail) == ("corrupt", "expected 70,000 bytes, found 5")


def test_a_flipped_byte_is_corrupt_with_both_digests(tmp_path):
    downloaded(tmp_path, INT8)
    body = BODIES[INT8.model.path]
    put(tmp_path / INT8.model.path, bytes([body[0] ^ 1]) + body[1:])
    check = next(check for check in verify(tmp_path, INT8, SMALL) if check.status != "ok")
    assert check.status == "corrupt"
    assert check.detail.startswith(f"expected SHA-256 {INT8.model.sha256}, found ")


def test_a_file_of_a_variant_that_is_not_there_as_a_whole_is_checked_all_the_same(tmp_path):
    downloaded(tmp_path, INT8)
    stray = put(tmp_path / SMALL[3].voices.path, b"bad")
    assert [check.path for check in verify(tmp_path, variants=SMALL) if check.status == "corrupt"] == [stray]


def test_a_flat_file_may_be_of_either_release(tmp_path):
    put(tmp_path / "kokoro-v1.0.onnx", BODIES[FP32_OLD.model.path])
    put(tmp_path / "voices-v1.0.bin", BODIES[FP32.voices.path])
    assert [check.status for check in verify(tmp_path, variants=SMALL)] == ["ok", "ok"]
    assert [check.status for check in verify(tmp_path, FP32, SMALL)] == ["ok", "ok"]


def test_a_flat_file_of_the_newer_release_is_not_the_older_one(tmp_path):
    put(tmp_path / "kokoro-v1.0.onnx", BODIES[FP32.model.path])
    assert verify(tmp_path, FP32_OLD, SMALL)[0].status == "corrupt"


def test_one_variant_is_checked_without_the_others(tmp_path):
    downloaded(tmp_path, INT8)
    put(tmp_path / FP32.model.path, b"bad")
    assert {check.status for check in verify(tmp_path, INT8, SMALL)} == {"ok"}
