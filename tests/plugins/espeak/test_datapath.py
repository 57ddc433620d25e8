import shutil
import tempfile
from pathlib import Path

import pytest
from koe_espeak.datapath import DataPath
from koe_espeak.files import EspeakFiles
from koe_espeak.library import Library

from .build import DEFAULTS


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "lang" / "gmw").mkdir(parents=True)
    (folder / "lang" / "gmw" / "en-US").write_text("voice")
    return folder


@pytest.fixture
def folder():
    """One with a short path, as espeak-ng needs it."""
    made = Path(tempfile.mkdtemp(prefix="koe-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_short_path_stays_as_it_is(data, folder):
    assert DataPath(data, folder).path == data


def test_a_voice_file_has_a_short_name_in_lower_case(data, folder):
    file = DataPath(data, folder).voice_file("gmw/en-US+Annie") or ""
    link, _, variant = file.partition("+")
    assert variant == "Annie"
    assert (link == link.lower(), len(file) < 40) == (True, True)
    assert Path(link).read_text() == "voice"


def test_a_name_for_which_espeak_has_no_room_goes_by_name(data, folder):
    assert DataPath(data, folder).voice_file("gmw/en-US+" + "x" * 40) is None


def test_a_temporary_folder_with_capitals_goes_by_name(data, folder):
    (folder / "T").mkdir()
    assert DataPath(data, folder / "T").voice_file("gmw/en-US") is None


def test_without_a_temporary_folder_everything_goes_by_name(data):
    path = DataPath(data, None)
    assert (path.path, path.voice_file("gmw/en-US")) == (data, None)
    path.close()


def test_closing_removes_the_links_and_twice_does_no_harm(data, folder):
    path = DataPath(data, folder)
    assert path.voice_file("gmw/en-US")
    path.close()
    path.close()
    assert not folder.exists()
    assert (data / "lang" / "gmw" / "en-US").exists()


def test_espeak_reads_data_whose_path_is_too_long_for_it(tmp_path, folder):
    files = EspeakFiles.of(DEFAULTS)
    long = tmp_path / ("long" * 40)
    long.symlink_to(files.data)
    library = Library(EspeakFiles(files.library, long), folder)
    library.set_voice("gmw/en-US")
    assert library.phonemes("hello") == ["həlˈoʊ"]
    library.close()


def test_espeak_speaks_the_same_by_name_and_by_file(folder):
    files = EspeakFiles.of(DEFAULTS)

    def made(folder):
        library = Library(files, folder)
        library.set_voice("gmw/en-US+Annie")
        made = library.synthesize("Hello there, 12.")
        library.close()
        return made.audio

    assert made(folder) == made(None)
