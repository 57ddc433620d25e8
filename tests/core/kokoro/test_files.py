from pathlib import Path
from typing import Any

import pytest
from koe.errors import ModelFileError
from koe.kokoro.config import KokoroConfig
from koe.kokoro.files import ModelFiles, find, locate, model_folder

from tests.core.kokoro.small_catalogue import FP32, FP32_OLD, INT8, NEW, OLD, SMALL, ZH, everything

BODIES = everything()


def put(path: Path, body: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def downloaded(folder: Path, *variants) -> Path:
    for file in (file for variant in variants for file in variant.files):
        put(folder / file.path, BODIES[file.path])
    return folder


def config(folder: Path, variant: str = "fp32", **given: Any) -> KokoroConfig:
    return KokoroConfig(dir=str(folder), variant=variant, **given)


def test_the_given_folder_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("KOE_MODEL_DIR", "/from/environment")
    assert model_folder("/given") == Path("/given")
    assert model_folder() == Path("/from/environment")


def test_without_a_word_the_folder_is_in_the_users_cache(monkeypatch):
    monkeypatch.delenv("KOE_MODEL_DIR", raising=False)
    assert model_folder().parts[-1] == "models"
    assert "koe" in model_folder().parts


def test_a_tilde_is_the_home_folder():
    assert model_folder("~/voices") == Path.home() / "voices"


def test_downloaded_files_are_found_by_release(tmp_path):
    downloaded(tmp_path, FP32, FP32_OLD)
    assert locate(config(tmp_path, "fp32-v1.0"), SMALL) == ModelFiles(
        tmp_path / OLD / "kokoro-v1.0.onnx", tmp_path / NEW / "voices-v1.0.bin", None, "fp32-v1.0"
    )


def test_the_chinese_model_comes_with_its_vocabulary(tmp_path):
    downloaded(tmp_path, ZH)
    assert locate(config(tmp_path, "zh"), SMALL).vocabulary == tmp_path / "Kokoro-82M-v1.1-zh" / "config.json"


def test_the_chinese_model_without_its_vocabulary_is_missing_a_file(tmp_path):
    downloaded(tmp_path, ZH)
    (tmp_path / "Kokoro-82M-v1.1-zh" / "config.json").unlink()
    with pytest.raises(ModelFileError, match=r"config\.json.*koe model download --variant zh"):
        locate(config(tmp_path, "zh"), SMALL)


def test_an_export_of_the_users_own_may_lie_flat_in_the_folder(tmp_path):
    model, voices = put(tmp_path / "kokoro-v1.0.onnx"), put(tmp_path / "voices-v1.0.bin")
    assert locate(config(tmp_path), SMALL) == ModelFiles(model, voices, None, "fp32")


def test_an_older_release_in_the_users_folder_is_taken_and_called_by_its_name(tmp_path):
    put(tmp_path / "kokoro-v1.0.onnx", BODIES[FP32_OLD.model.path])
    put(tmp_path / "voices-v1.0.bin")
    assert locate(config(tmp_path), SMALL).variant == "fp32-v1.0"


def test_a_newer_release_is_not_taken_for_the_older_one_that_was_asked_for(tmp_path):
    put(tmp_path / "kokoro-v1.0.onnx", BODIES[FP32.model.path])
    put(tmp_path / "voices-v1.0.bin")
    with pytest.raises(ModelFileError, match="Variants that are there: fp32 "):
        locate(config(tmp_path, "fp32-v1.0"), SMALL)


@pytest.mark.parametrize(
    ("variant", "name"),
    [("fp32", "model.onnx"), ("int8", "model_quantized.onnx"), ("q8f16", "model_q8f16.onnx")],
)
def test_the_layout_of_onnx_community_is_read_by_suffix(tmp_path, variant, name):
    model = put(tmp_path / "onnx" / name)
    put(tmp_path / "voices" / "af_heart.bin")
    assert locate(config(tmp_path, variant), SMALL) == ModelFiles(model, tmp_path / "voices", None, variant)


def test_a_voices_folder_without_voices_is_missing(tmp_path):
    put(tmp_path / "onnx" / "model.onnx")
    (tmp_path / "voices").mkdir()
    with pytest.raises(ModelFileError, match="missing voices"):
        locate(config(tmp_path), SMALL)


def test_an_empty_folder_is_an_error_that_names_files_folder_and_command(tmp_path):
    with pytest.raises(ModelFileError) as caught:
        locate(config(tmp_path), SMALL)
    message = str(caught.value)
    assert f"{NEW}/kokoro-v1.0.onnx and {NEW}/voices-v1.0.bin" in message
    assert f"folder {tmp_path}" in message
    assert f"`koe model download --dir {tmp_path}`" in message


def test_only_what_is_missing_is_named(tmp_path):
    downloaded(tmp_path, FP32)
    (tmp_path / VOICES_PATH).unlink()
    with pytest.raises(ModelFileError, match=rf"missing {VOICES_PATH}\. "):
        locate(config(tmp_path), SMALL)


VOICES_PATH = FP32.voices.path


def test_a_missing_variant_is_answered_with_those_that_are_there(tmp_path):
    downloaded(tmp_path, INT8)
    with pytest.raises(ModelFileError, match="Variants that are there: int8 "):
        locate(config(tmp_path), SMALL)


def test_a_variant_that_koe_does_not_download_is_answered_with_its_source(tmp_path):
    with pytest.raises(
        ModelFileError, match=r"onnx/model_q4\.onnx and voices.*huggingface\.co/onnx-community"
    ):
        locate(config(tmp_path, "q4"), SMALL)


def test_an_unknown_variant_is_an_error(tmp_path):
    with pytest.raises(ModelFileError, match=r"Did you mean 'int8'\?"):
        locate(config(tmp_path, "in8"), SMALL)


def test_a_truncated_download_is_an_error_with_both_sizes(tmp_path):
    downloaded(tmp_path, INT8)
    put(tmp_path / INT8.model.path, b"x" * 1234)
    with pytest.raises(
        ModelFileError, match=r"expected 70,000 bytes, found 1,234\. `koe model verify`.*int8"
    ):
        locate(config(tmp_path, "int8"), SMALL)


def test_truncated_voices_are_an_error_too(tmp_path):
    downloaded(tmp_path, FP32)
    put(tmp_path / VOICES_PATH, b"")
    with pytest.raises(ModelFileError, match="expected 5,000 bytes, found 0"):
        locate(config(tmp_path), SMALL)


def test_explicit_files_win(tmp_path):
    downloaded(tmp_path, FP32)
    model, voices = put(tmp_path / "mine.onnx"), put(tmp_path / "mine.bin")
    found = locate(config(tmp_path, model=str(model), voices=str(voices)), SMALL)
    assert (found.model, found.voices) == (model, voices)


def test_an_explicit_model_finds_its_voices_beside_it(tmp_path):
    model = put(tmp_path / "own" / "tuned.onnx")
    voices = put(tmp_path / "own" / "voices-v1.0.bin")
    assert locate(config(tmp_path / "elsewhere", model=str(model)), SMALL).voices == voices


def test_an_explicit_model_finds_its_voices_in_the_community_layout(tmp_path):
    model = put(tmp_path / "onnx" / "model_q4.onnx")
    put(tmp_path / "voices" / "af_heart.bin")
    assert locate(config(tmp_path / "elsewhere", model=str(model)), SMALL).voices == tmp_path / "voices"


def test_an_explicit_model_else_uses_the_voices_of_the_model_folder(tmp_path):
    folder = downloaded(tmp_path / "models", FP32)
    model = put(tmp_path / "tuned.onnx")
    assert locate(config(folder, model=str(model)), SMALL).voices == folder / VOICES_PATH


def test_an_explicit_released_model_is_recognised_and_gets_what_belongs_to_it(tmp_path):
    """The Chinese model with the default vocabulary would speak gibberish."""
    folder = downloaded(tmp_path, ZH)
    found = locate(config(folder, "fp32", model=str(folder / ZH.model.path)), SMALL)
    assert found.variant == "zh"
    assert found.vocabulary == folder / "Kokoro-82M-v1.1-zh" / "config.json"


def test_an_explicit_model_without_voices_anywhere_is_an_error_that_says_where_they_may_lie(tmp_path):
    model = put(tmp_path / "tuned.onnx")
    with pytest.raises(
        ModelFileError, match=r"tuned\.onnx needs voices-v1\.0\.bin beside it.*`voices` names"
    ):
        locate(config(tmp_path / "elsewhere", model=str(model)), SMALL)


@pytest.mark.parametrize("key", ["model", "voices"])
def test_an_explicit_file_that_is_not_there_is_named_with_its_key(tmp_path, key):
    downloaded(tmp_path, FP32)
    with pytest.raises(ModelFileError, match=rf"nowhere, given as `{key}`.*no such file") as caught:
        locate(config(tmp_path, **{key: str(tmp_path / "nowhere")}), SMALL)
    assert caught.value.param == key


def test_find_looks_without_complaining(tmp_path):
    assert find("fp32", tmp_path, SMALL) is None
    downloaded(tmp_path, FP32)
    found = find("fp32", tmp_path, SMALL)
    assert found is not None
    assert found.model == tmp_path / FP32.model.path
