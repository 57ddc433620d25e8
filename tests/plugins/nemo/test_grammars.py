"""Grammars are there before the first request."""

import pytest
from koe.api import ConfigError
from koe_nemo import grammars as module
from koe_nemo.process import ProcessLostError
from koe_nemo.reader import Budget

from tests.plugins.nemo.build import FakeReader, grammars


@pytest.fixture
def reader():
    return FakeReader(str.upper)


def test_missing_grammars_are_an_error_that_names_the_command(tmp_path, reader):
    made = grammars(tmp_path, reader, languages=("en", "de", "hi"), built=("de",))
    with pytest.raises(ConfigError) as caught:
        made.load(build_missing=False)
    (problem,) = caught.value.problems
    assert "`koe nemo build en hi --enable nemo`" in problem
    assert str(tmp_path) in problem


def test_they_are_built_at_the_start_where_the_config_says_so(tmp_path, reader, monkeypatch):
    built = []

    def build(where, language):
        built.append(language)
        where.path(language).mkdir(parents=True)

    monkeypatch.setattr(module, "build", build)
    made = grammars(tmp_path, reader, languages=("en", "de"), built=("de",))
    made.load(build_missing=True)
    assert built == ["en"]
    assert reader.loaded == [(language, made.folders.path(language)) for language in ("en", "de")]


def test_grammars_that_cannot_be_loaded_are_an_error_that_says_why(tmp_path, reader, monkeypatch):
    def load(_language, _folder):
        raise ProcessLostError("not_loaded", "FstError: half a file")

    monkeypatch.setattr(reader, "load", load)
    with pytest.raises(ConfigError, match=r"FstError: half a file.*koe nemo build en --again --enable nemo"):
        grammars(tmp_path, reader).load(build_missing=False)


def test_a_text_is_read_by_the_grammars_of_its_language(tmp_path, reader):
    made = grammars(tmp_path, reader)
    assert made.reads("en")
    assert made.read("en", "five", Budget(1.0)) == "FIVE"


def test_a_language_that_is_not_configured_is_not_read(tmp_path, reader):
    assert not grammars(tmp_path, reader).reads("fr")


def test_the_first_text_is_an_error_too_where_nothing_was_loaded(tmp_path, reader):
    with pytest.raises(ConfigError, match="not built"):
        grammars(tmp_path, reader, built=()).reads("en")
