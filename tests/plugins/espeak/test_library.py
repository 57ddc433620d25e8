import pytest
from koe_espeak.files import EspeakFiles
from koe_espeak.library import Library, LoadError, Tuning

from .build import DEFAULTS

FILES = EspeakFiles.of(DEFAULTS)
SENTENCE = "Hello, world! The end of the story."


@pytest.fixture
def library():
    library = Library(FILES)
    yield library
    library.close()


def sound(library, text=SENTENCE):
    return library.synthesize(text)


def test_it_states_espeaks_version(library):
    assert library.version.startswith("1.")


def test_phonemes_come_clause_by_clause(library):
    library.set_voice("gmw/en-US")
    assert library.phonemes(SENTENCE) == ["həlˈoʊ", "wˈɜːld", "ðɪ ˈɛnd ʌvðə stˈɔːɹi"]


def test_each_spoken_word_has_its_place(library):
    library.set_voice("gmw/en-US")
    places = [[position for position, _ in clause.words] for clause in sound(library).clauses]
    assert places == [[0], [7], [14, 18, 22, 29]]


@pytest.mark.parametrize("voice", ["gmw/en-US", "gmw/en-US+f2", "gmw/en-US+klatt4", "gmw/en-US+whisper"])
def test_fresh_makes_every_utterance_start_alike(library, voice):
    def made():
        library.fresh()
        library.set_voice(voice)
        library.tune(Tuning())
        return sound(library).audio

    first = made()
    library.set_voice("roa/fr")
    library.tune(Tuning(300, 80, 5))
    sound(library, "Bonjour le monde.")
    assert made() == first


def test_parameters_are_heard(library):
    library.set_voice("gmw/en-US")
    lengths = []
    for tuning in (Tuning(), Tuning(rate_wpm=300), Tuning(word_gap=20)):
        library.tune(tuning)
        lengths.append(len(sound(library).audio))
    assert lengths[1] < lengths[0] < lengths[2]


def test_a_voice_that_espeak_does_not_have_is_an_error(library):
    with pytest.raises(RuntimeError, match="refused its voice 'no/such'"):
        library.set_voice("no/such")


def test_a_file_that_is_no_library_is_named(tmp_path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    with pytest.raises(LoadError, match=r"cannot be loaded from .*broken\.so"):
        Library(EspeakFiles(broken, FILES.data))


def test_data_that_espeak_cannot_read_is_named(tmp_path, capfd):
    (tmp_path / "phontab").write_bytes(b"broken")
    with pytest.raises(LoadError, match="cannot use the data at"):
        Library(EspeakFiles(FILES.library, tmp_path))
    capfd.readouterr()
