import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe import toml

VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    written = toml.value(value)
    assert written is not None
    assert tomllib.loads(f"x = {written}")["x"] == value


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_dotted_key_is_read_back(path):
    assert toml.parse_key(toml.dotted(path)) == tuple(path)


def test_list_indices_stand_in_brackets():
    assert toml.dotted(["turns", 2, "my voice"]) == 'turns[2]."my voice"'


@pytest.mark.parametrize("written", ["", "=", "a b", "a.", "a = 1\nb", "x # y", "[", "a" * 3 + "."])
def test_what_is_no_key_is_none(written):
    assert toml.parse_key(written) is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("8000", 8000),
        ("true", True),
        ('"8000"', "8000"),
        ('["a", "b"]', ["a", "b"]),
        ('{a = "x"}', {"a": "x"}),
        (" 0.5 ", 0.5),
        ("2026-01-02", date(2026, 1, 2)),
        ("cpu", "cpu"),
        ("0.0.0.0", "0.0.0.0"),
        ("", ""),
        ("True", "True"),
        ("a,b", "a,b"),
        ("C:\\models", "C:\\models"),
    ],
)
def test_a_lone_value_is_toml_or_a_bare_string(written, value):
    assert toml.parse_value(written) == value


@pytest.mark.parametrize(
    "written", ["123#abc", "1, other = 2", "1}\nother = 2 #", "1} #", "1\nother = 2", "1,"]
)
def test_no_part_of_a_lone_value_is_lost(written):
    """A password `123#abc` is not the number 123 with a comment."""
    assert toml.parse_value(written) == written


def test_a_value_nested_without_end_is_a_bare_string():
    assert toml.parse_value("[" * 50_000) == "[" * 50_000


@given(st.text(max_size=20))
def test_any_text_is_some_value(written):
    toml.parse_value(written)


def test_a_document_says_what_it_cannot_say():
    values = {"b": (None, "default"), "c": ([None], "x\ny"), "d": (object(), "--set")}
    document = toml.document(toml.Entry(("a", name), *value) for name, value in values.items())
    assert document.splitlines() == [
        "# [a]",
        "# b: not set  # default",
        "# c: TOML has no words for its value  # x?y",
        "# d: TOML has no words for its value  # --set",
    ]
    assert tomllib.loads(document) == {}


def test_a_document_writes_each_table_once():
    entries = [toml.Entry(("a", "x"), 1, ""), toml.Entry(("b", "x"), 2, ""), toml.Entry(("a", "y"), {}, "")]
    assert tomllib.loads(toml.document(entries)) == {"a": {"x": 1, "y": {}}, "b": {"x": 2}}


def test_an_entry_that_is_not_active_is_a_comment():
    assert toml.Entry(("a", "x"), [1], "default", active=False).line == "# x = [1]  # default"
