"""The folder that server processes share."""

import os
import tempfile

import pytest
from koe.http import siblings

OLD_S = 1_000_000_000


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_is_there_and_then_gone():
    with siblings.made_folder() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_folders_of_the_dead_are_removed_and_no_others(tmp_path):
    with siblings.made_folder() as living:
        os.utime(living, (OLD_S, OLD_S))
        dead, young, foreign = (tmp_path / name for name in ("koe-workers-a", "koe-workers-b", "other"))
        for folder in (dead, young, foreign):
            (folder / "metrics").mkdir(parents=True)
        for folder in (dead, foreign):
            os.utime(folder, (OLD_S, OLD_S))
        with siblings.made_folder():
            assert [folder.exists() for folder in (living, dead, young, foreign)] == [True, False, True, True]


def test_a_link_with_such_a_name_is_left_alone(tmp_path):
    (tmp_path / "precious").mkdir()
    os.utime(tmp_path / "precious", (OLD_S, OLD_S))
    (tmp_path / "koe-workers-link").symlink_to(tmp_path / "precious")
    with siblings.made_folder():
        assert (tmp_path / "precious").is_dir()


def test_where_none_can_be_made_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(siblings.SharedFolderError, match="TMPDIR"), siblings.made_folder():
        pass
