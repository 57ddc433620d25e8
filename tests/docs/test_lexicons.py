"""`docs/lexicons.md` against the code."""

import json
import re
import tomllib
from pathlib import Path

import attrs
import pytest
from koe.http.lexicon_body import request_entries
from koe.http.speech_body import SpeechBody
from koe.inspection import LEXICON, InspectedEntry
from koe.lexicon import entries, store
from koe.lexicon.contents import Tables
from koe.lexicon.files import MAX_BYTES
from koe.lexicon.matching import Lexicon
from koe.lexicon.pls import read_pls
from koe.lexicon.toml_file import read_toml
from koe.requests import MAX_REQUEST_ENTRIES
from koe.settings import LexiconSettings
from koe.structure import structure

PAGE = (Path(__file__).parents[2] / "docs" / "lexicons.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
FOUND = PAGE.split("\n## How words are found\n")[1].split("\n## ")[0]


def test_every_key_of_an_entry_is_listed_with_its_default_and_no_other():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .+ \|$", PAGE, re.MULTILINE))
    assert rows.keys() == {field.name for field in attrs.fields(entries.LexiconEntry)}
    assert rows["word"] == "required"
    assert rows["case"] == f"`{attrs.fields(entries.LexiconEntry).case.default}`"


def test_the_limits_are_those_of_the_code():
    assert f"up to {entries.MAX_WORD} characters" in PAGE
    assert PAGE.count(f"up to {entries.MAX_SAY} characters") == 2
    assert entries.MAX_SAY == entries.MAX_IPA
    assert f"up to {MAX_BYTES // 1_000_000} MB" in PAGE
    assert f"up to {MAX_REQUEST_ENTRIES} entries" in PAGE


def test_the_config_of_the_first_example_is_one():
    assert structure(tomllib.loads(EXAMPLES[0])["lexicon"], LexiconSettings).words["nginx"] == "engine ex"


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_the_files_of_the_examples_can_be_read(example):
    assert read_toml("example.toml", example).held


def test_the_tables_of_a_file_are_named():
    for field in attrs.fields(Tables):
        assert f"`{field.name}`" in PAGE


def test_the_pls_document_can_be_read():
    (example,) = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
    contents = read_pls("example.pls", example)
    assert [one.entry.word for one in contents.held] == ["read", "Nguyen", "Nguyễn", "W3C"]
    assert not contents.left_out


def test_the_requests_of_the_examples_are_accepted():
    bodies = [json.loads(body) for body in re.findall(r"--json '(.*?)'", PAGE)]
    assert len(bodies) == 2
    for body in bodies:
        given = structure(body, SpeechBody).lexicon
        assert request_entries(given)


@pytest.mark.parametrize(
    ("word", "text", "language", "expected"),
    [
        ("node", "Node.js", "en", 0),
        ("4", "GPT-4", "en", 0),
        ("don", "don't", "en", 0),
        ("nginx", "nginx-based nginx's", "en", 2),
        ("Oréal", "l'Oréal", "fr", 1),
        ("Oréal", "l'Oréal", "en", 0),
    ],
)
def test_what_is_said_to_be_found_is_found(word, text, language, expected):
    assert all(f"`{part}`" in FOUND for part in (word, *text.split()))
    contents = read_toml("x.toml", f'[words]\n"{word}" = "x"')
    assert len(list(Lexicon(contents.held).find(text, language))) == expected


def test_the_names_it_gives_exist():
    source = Path(store.__file__).read_text(encoding="utf-8")
    for event in re.findall(r"`(lexicon_\w+)`", PAGE):
        assert f'"{event}"' in source
    assert LEXICON.component == "lexicon"
    assert {"heard", "origin"} <= {field.name for field in attrs.fields(InspectedEntry)}
