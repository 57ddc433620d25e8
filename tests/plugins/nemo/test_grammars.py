"""Grammars are loaded once, and are there before the first request."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from koe.api import ConfigError
from koe_nemo import grammars as module
from koe_nemo.grammars import Grammars

from tests.plugins.nemo.build import folders, grammars


def test_missing_grammars_are_an_error_that_names_the_command(tmp_path):
    made = grammars(tmp_path, str, languages=("en", "de", "hi"), built=("de",))
    with pytest.raises(ConfigError) as caught:
        made.load(build_missing=False)
    (problem,) = caught.value.problems
    assert "`koe nemo build en hi --enable nemo`" in problem
    assert str(tmp_path) in problem


def test_they_are_built_at_the_start_where_the_config_says_so(tmp_path, monkeypatch):
    built = []

    def build(where, language):
        built.append(language)
        where.path(language).mkdir(parents=True)

    monkeypatch.setattr(module, "build", build)
    made = grammars(tmp_path, str, languages=("en", "de"), built=("de",))
    made.load(build_missing=True)
    assert built == ["en"]
    assert made.reader("en") is str


def test_a_language_that_is_not_configured_has_no_reader(tmp_path):
    assert grammars(tmp_path, str).reader("fr") is None


def test_a_language_is_loaded_once_for_all_threads(tmp_path):
    opened = []

    def open_reader(language, folder):
        opened.append((language, folder))
        return str

    made = Grammars(folders(tmp_path, "en"), ("en",), open_reader)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(made.reader, ["en"] * 32))
    assert opened == [("en", made.folders.path("en"))]


def test_the_first_text_is_an_error_too_where_nothing_was_loaded(tmp_path):
    with pytest.raises(ConfigError, match="not built"):
        grammars(tmp_path, str, built=()).reader("en")
