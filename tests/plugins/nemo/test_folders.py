"""A language's folder is complete, or it is not there."""

import os
import time

import pytest
from koe_nemo.folders import GrammarFolders

from tests.plugins.nemo.build import VERSION, folders


def test_what_was_built_is_put_in_place_at_the_end(tmp_path):
    made = folders(tmp_path)
    with made.being_built("ja") as folder:
        (folder / "zh_tn.far").write_bytes(b"1234")
        assert not made.is_built("ja")
    assert made.is_built("ja")
    assert made.size_bytes("ja") == 4
    assert [one.name for one in made.folder.iterdir()] == ["ja"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_nothing(tmp_path, error):
    made = folders(tmp_path)
    with pytest.raises(error), made.being_built("en") as folder:
        (folder / "half.far").write_bytes(b"1")
        raise error
    assert not made.is_built("en")
    assert list(made.folder.iterdir()) == []


def test_building_again_replaces_what_there_was(tmp_path):
    made = folders(tmp_path, "en")
    with made.being_built("en") as folder:
        (folder / "new.far").write_bytes(b"1")
    assert [one.name for one in made.path("en").iterdir()] == ["new.far"]
    assert [one.name for one in made.folder.iterdir()] == ["en"]


def test_each_language_and_each_version_of_nemo_has_a_folder_of_its_own(tmp_path):
    made = folders(tmp_path)
    assert made.path("ja") == tmp_path / VERSION / "ja"
    assert made.path("zh") != made.path("ja")


def test_what_a_killed_build_left_goes_with_the_next_one(tmp_path):
    made = folders(tmp_path)
    old, running = made.folder / ".en-old", made.folder / ".de-running"
    for folder in (old, running):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 7_200,) * 2)
    with made.being_built("en") as folder:
        (folder / "grammar.far").write_bytes(b"1")
    assert (old.exists(), running.exists()) == (False, True)


def test_the_config_comes_before_the_environment_and_that_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KOE_NEMO_DIR", str(tmp_path / "environment"))
    assert GrammarFolders.of(str(tmp_path / "config")).root == tmp_path / "config"
    assert GrammarFolders.of().root == tmp_path / "environment"
    monkeypatch.delenv("KOE_NEMO_DIR")
    assert GrammarFolders.of().root.parts[-2:] == ("koe", "nemo")
