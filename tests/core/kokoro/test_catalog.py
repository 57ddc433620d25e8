import re

import pytest
from koe.errors import ModelFileError
from koe.kokoro.catalog import (
    AUTO,
    COMMUNITY_MODELS,
    DEFAULT_VARIANT,
    VARIANTS,
    downloadable_variant,
    released_variant,
    variant_names,
)
from koe.kokoro.config import KokoroConfig

FILES = tuple(dict.fromkeys(file for variant in VARIANTS for file in variant.files))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_every_file_has_a_size_a_sha256_and_an_https_address(file):
    assert file.size_bytes > 0
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert re.fullmatch(r"https://[^ ]+/" + re.escape(file.name), file.url())


def test_no_two_files_share_a_place_or_a_digest():
    assert len({file.path for file in FILES}) == len(FILES)
    assert len({file.sha256 for file in FILES}) == len(FILES)


def test_the_two_releases_of_one_name_are_told_apart():
    """kokoro-v1.0.onnx was published twice, with different bytes."""
    new, old = downloadable_variant("fp32").model, downloadable_variant("fp32-v1.0").model
    assert new.name == old.name
    assert new.path != old.path
    assert (new.size_bytes, new.sha256) != (old.size_bytes, old.sha256)


def test_a_file_comes_from_its_release():
    assert downloadable_variant("fp32").model.url() == (
        "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.1/kokoro-v1.0.onnx"
    )


def test_a_mirror_holds_what_a_model_folder_holds():
    file = downloadable_variant("zh").vocabulary
    assert file is not None
    assert file.url("http://mirror/koe/") == f"http://mirror/koe/{file.path}"


def test_only_the_chinese_model_has_a_vocabulary_of_its_own():
    assert [variant.name for variant in VARIANTS if variant.vocabulary] == ["zh"]


def test_the_default_variant_is_the_one_of_the_config():
    assert released_variant(DEFAULT_VARIANT) is not None
    assert KokoroConfig().variant == AUTO
    assert downloadable_variant(AUTO).name == DEFAULT_VARIANT


def test_older_names_a_variant_of_the_same_file_name():
    for variant in VARIANTS:
        if variant.older:
            assert downloadable_variant(variant.older).model.name == variant.model.name


def test_names_are_listed_once():
    names = variant_names()
    assert len(set(names)) == len(names)
    assert {"fp32", "zh", "q8f16"} <= set(names)


def test_an_unknown_variant_is_answered_with_the_list_and_a_near_spelling():
    with pytest.raises(ModelFileError, match=r"'fp61'.*Did you mean 'fp16'\?.*fp32, fp16, int8"):
        released_variant("fp61")


def test_a_name_like_none_gets_no_suggestion():
    with pytest.raises(ModelFileError) as caught:
        released_variant("huge")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in COMMUNITY_MODELS if name not in ("fp32", "fp16", "int8")])
def test_a_variant_that_only_the_community_publishes_is_known_but_not_downloaded(name):
    assert released_variant(name) is None
    with pytest.raises(ModelFileError, match=rf"{COMMUNITY_MODELS[name]}.*voices"):
        downloadable_variant(name)
