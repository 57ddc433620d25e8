import sys

import pytest
from koe.api import EngineUnavailableError
from koe_espeak import EspeakConfig
from koe_espeak.files import EspeakFiles

from .build import DEFAULTS


def test_the_loaders_files_are_the_default():
    files = EspeakFiles.of(DEFAULTS)
    assert files.library.is_file()
    assert (files.data / "phontab").is_file()


def test_the_config_overrides_them(tmp_path):
    loader = EspeakFiles.of(DEFAULTS)
    (tmp_path / "lib.so").symlink_to(loader.library)
    (tmp_path / "data").symlink_to(loader.data)
    config = EspeakConfig(library=str(tmp_path / "lib.so"), data=str(tmp_path / "data"))
    assert EspeakFiles.of(config) == EspeakFiles(tmp_path / "lib.so", tmp_path / "data")


def test_a_missing_library_is_named_with_the_way_out(tmp_path):
    with pytest.raises(EngineUnavailableError, match=r"no library at .*gone\.so.*espeakng-loader"):
        EspeakFiles.of(EspeakConfig(library=str(tmp_path / "gone.so")))


def test_a_folder_without_data_is_named(tmp_path):
    with pytest.raises(EngineUnavailableError, match="no data at .*phontab"):
        EspeakFiles.of(EspeakConfig(data=str(tmp_path)))


def test_a_missing_loader_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(EngineUnavailableError, match="package espeakng-loader is missing"):
        EspeakFiles.of(DEFAULTS)


def test_languages_without_a_dictionary_are_told_apart():
    files = EspeakFiles.of(DEFAULTS)
    assert files.has_dictionary("gmw/en-US")
    assert files.has_dictionary("gmq/nb")
    assert not files.has_dictionary("gmq/fo")


def test_the_digest_follows_the_sounds(tmp_path):
    for name in ("phontab", "phonindex", "phondata", "intonations"):
        (tmp_path / name).write_bytes(b"sound")
    files = EspeakFiles(tmp_path, tmp_path)
    before = files.digest()
    assert files.digest() == before
    (tmp_path / "phondata").write_bytes(b"other")
    assert files.digest() != before
