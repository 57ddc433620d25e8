"""With the real library: English, which takes half a minute to build once, and Chinese, which takes 2 s."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from koe_nemo.building import GrammarBuildError, build
from koe_nemo.folders import GrammarFolders
from koe_nemo.grammars import Grammars
from koe_nemo.normalizer import Nemo
from koe_nemo.process import ProcessLostError
from koe_nemo.reader import Reader
from koe_nemo.worker import reader

from tests.plugins.nemo.build import one, segment

pytest.importorskip("nemo_text_processing")
pytestmark = pytest.mark.timeout(300)

SENTENCES = (
    (
        "It costs $5 million on 12/5/2024.",
        "It costs five million dollars on december fifth twenty twenty four.",
    ),
    (
        "Call 555-123-4567 at 9:30 a.m.",
        "Call five five five, one two three, four five six seven at nine thirty AM",
    ),
    ("Chapter IV: 60 km/h for 10MB", "Chapter four: sixty kilometers per hour for ten megabytes"),
    ("Dr. Smith lives at 1428 Elm St.", "doctor Smith lives at fourteen twenty eight Elm Street"),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory, pytestconfig):
    """Where English is built: the user's folder, else pytest's cache, which is there the next time, too."""
    built = GrammarFolders.of()
    if built.is_built("en"):
        return built
    cache = getattr(pytestconfig, "cache", None)
    made = GrammarFolders(cache.mkdir("nemo") if cache else tmp_path_factory.mktemp("nemo"))
    if not made.is_built("en"):
        build(made, "en")
    return made


@pytest.fixture(scope="module")
def normalizer(folders):
    grammars = Grammars(folders, ("en",), Reader())
    yield Nemo(grammars, budget_s=60.0)
    grammars.reader.close()


@pytest.mark.parametrize(("written", "spoken"), SENTENCES)
def test_it_is_read_right(normalizer, written, spoken):
    assert one(normalizer, segment(written)).text == spoken


def test_words_point_to_what_was_written(normalizer):
    written = SENTENCES[0][0]
    made = one(normalizer, segment(written))
    for word, source in (("five", "$5"), ("dollars", "million"), ("december", "12/5/2024")):
        start = made.text.index(word)
        span = made.source(start, start + len(word))
        assert written[span.start : span.end] == source


def test_eight_threads_read_as_one_does(normalizer):
    texts = [written.replace("5", str(number)) for number in range(12) for written, _ in SENTENCES]
    alone = [one(normalizer, segment(text)).text for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: one(normalizer, segment(text)).text, texts)) == alone


def test_what_nemo_warns_of_is_an_error_without_the_text(folders, capfd):
    read = reader("en", folders.path("en"))
    assert read("It is 5.") == "It is five."
    with pytest.raises(ValueError, match=r"^NeMo warned in test_worker\.test_what_nemo_warns_of") as caught:
        logging.getLogger("NeMo-text-processing").warning("Failed text: secret")
    assert "secret" not in str(caught.value)
    assert "secret" not in "".join(capfd.readouterr())


def test_what_is_built_is_complete_and_reads(tmp_path):
    made = GrammarFolders(tmp_path)
    build(made, "zh")
    assert [folder.name for folder in made.folder.iterdir()] == ["zh"]
    grammars = Grammars(made, ("zh",), Reader())
    grammars.load(build_missing=False)
    assert one(Nemo(grammars, budget_s=60.0), segment("我有5本书", "zh-CN")).text == "我有五本书"
    grammars.reader.close()


def test_a_language_that_nemo_cannot_build_says_why(tmp_path):
    with pytest.raises(GrammarBuildError, match="xx has not been supported"):
        build(GrammarFolders(tmp_path), "xx")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_grammars_that_are_no_grammars_are_not_loaded(folders, tmp_path):
    for file in folders.path("en").iterdir():
        (tmp_path / file.name).write_bytes(b"no grammar")
    reader = Reader()
    with pytest.raises(ProcessLostError) as caught:
        reader.load("en", tmp_path)
    assert caught.value.reason in ("not_loaded", "died")
    reader.close()
