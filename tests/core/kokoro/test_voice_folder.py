"""What lies in the folder can be spoken, unless it is unsound, unnamed, taken or still being written."""

import os
import shutil
import time

import numpy as np
import pytest
from koe.kokoro.voice_folder import VoiceFolder
from koe.testing.tiny_model import voice_table, write_voices_npz
from structlog.testing import capture_logs

AGO_S = 3600


@pytest.fixture
def folder(tmp_path):
    return VoiceFolder(tmp_path, {"af_heart": "one of the model's own voices"})


def drop(folder, name, content=None, age_s=AGO_S):
    """Put a file there that was last changed `age_s` ago."""
    file = folder.path / name
    file.write_bytes(voice_table(file.stem).tobytes() if content is None else content)
    then = time.time() - age_s
    os.utime(file, (then, then))
    return file


def names(found):
    return list(found.tables)


def reasons(found):
    return {refused.file: refused.reason for refused in found.refused}


def test_sound_files_give_voices_and_others_are_left_alone(folder):
    for name in ("b.bin", "a.bin", "readme.txt", ".hidden.bin", "c.bin.part"):
        drop(folder, name)
    (folder.path / "sub.bin").mkdir()
    found = folder.scan()
    assert (names(found), found.refused) == (["a", "b"], ())
    np.testing.assert_array_equal(found.tables["a"], voice_table("a").reshape(510, 256))


def test_a_bad_file_is_refused_once_in_the_log_and_as_long_as_it_is_there(folder):
    drop(folder, "bad.bin", b"too short")
    with capture_logs() as logs:
        found = [folder.scan(), folder.scan()]
    assert reasons(found[0]) == reasons(found[1])
    assert "found 9 bytes" in reasons(found[0])["bad.bin"]
    [event] = [log for log in logs if log["event"] == "voice_file_refused"]
    assert (event["log_level"], event["file"]) == ("warning", "bad.bin")
    (folder.path / "bad.bin").unlink()
    assert folder.scan().refused == ()


def test_names_that_are_taken_or_cannot_stand_in_a_mix_are_refused(folder):
    for name in ("af_heart.bin", "one.bin", "one.npy", "my-voice.bin", "zwei drei.bin"):
        drop(folder, name, voice_table("x").tobytes() if name.endswith("bin") else None)
    np.save(folder.path / "one.npy", voice_table("one"))
    found = folder.scan(settled_only=False)
    assert names(found) == ["one"]
    said = reasons(found)
    assert said["af_heart.bin"].startswith("the voice 'af_heart' is there already: one of the model's own")
    assert said["one.npy"] == "the voice 'one' is there already: one.bin; rename one of them"
    assert "found 'my-voice'; rename the file" in said["my-voice.bin"]
    assert "found 'zwei drei'" in said["zwei drei.bin"]


def test_the_voices_of_a_pack_are_refused_one_by_one(folder):
    write_voices_npz(folder.path / "pack.npz", ["af_heart", "af_new", "bf_new"])
    found = folder.scan(settled_only=False)
    assert names(found) == ["af_new", "bf_new"]
    assert list(reasons(found)) == ["pack.npz"]


def test_a_file_is_read_again_only_when_it_has_changed(folder):
    file = drop(folder, "a.bin")
    first = folder.scan().tables["a"]
    assert folder.scan().tables["a"] is first
    drop(folder, "a.bin", voice_table("b").tobytes(), AGO_S - 60)
    np.testing.assert_array_equal(folder.scan().tables["a"], voice_table("b").reshape(510, 256))
    file.unlink()
    assert names(folder.scan()) == []


def test_a_file_that_is_still_being_copied_is_neither_served_nor_refused_until_it_is_whole(folder):
    whole = voice_table("a").tobytes()
    drop(folder, "a.bin", whole[:1000], age_s=0)
    assert (names(folder.scan()), folder.scan().refused) == ([], ())
    drop(folder, "a.bin", whole)
    assert names(folder.scan()) == ["a"]


def test_a_half_written_file_that_has_come_to_rest_is_refused_and_served_once_it_is_whole(folder):
    whole = voice_table("a").tobytes()
    drop(folder, "a.bin", whole[:1000])
    assert list(reasons(folder.scan())) == ["a.bin"]
    drop(folder, "a.bin", whole[:1000] + bytes(len(whole) - 1000), AGO_S - 1)
    assert "nothing but zeros" in reasons(folder.scan())["a.bin"]
    drop(folder, "a.bin", whole, AGO_S - 2)
    assert (names(folder.scan()), folder.scan().refused) == (["a"], ())


def test_a_voice_that_is_being_overwritten_stays_as_it_was_until_the_new_one_is_whole(folder):
    drop(folder, "a.bin")
    before = folder.scan().tables["a"]
    drop(folder, "a.bin", b"new", age_s=0)
    assert folder.scan().tables["a"] is before
    drop(folder, "a.bin", voice_table("b").tobytes())
    assert folder.scan().tables["a"] is not before


def test_at_the_start_also_a_file_that_is_brand_new_is_read(folder):
    drop(folder, "a.bin", age_s=0)
    assert names(folder.scan(settled_only=False)) == ["a"]


def test_a_folder_that_goes_away_takes_its_voices_along_and_brings_them_back(folder, tmp_path):
    drop(folder, "a.bin")
    folder.scan()
    away = tmp_path.with_name("away")
    shutil.move(tmp_path, away)
    gone = folder.scan()
    assert (names(gone), list(reasons(gone))) == ([], [tmp_path.name])
    assert "expected a folder of voices, found No such file" in reasons(gone)[tmp_path.name]
    shutil.move(away, tmp_path)
    assert names(folder.scan()) == ["a"]


def test_a_file_that_cannot_be_read_is_tried_again(folder):
    link = folder.path / "a.bin"
    link.symlink_to(folder.path / "elsewhere")
    assert folder.scan() == folder.scan(settled_only=False)
    assert names(folder.scan()) == []
    (folder.path / "elsewhere").write_bytes(voice_table("a").tobytes())
    assert names(folder.scan(settled_only=False)) == ["a"]


def test_there_is_an_end_to_how_many_voices_a_folder_has(folder, monkeypatch):
    monkeypatch.setattr("koe.kokoro.voice_folder.MAX_VOICES", 2)
    for name in "abc":
        drop(folder, f"{name}.bin")
    found = folder.scan()
    assert names(found) == ["a", "b"]
    assert reasons(found) == {"c.bin": "the folder has more than 2 voices"}
