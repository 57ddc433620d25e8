from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import attrs
import pytest
from attrs import field, frozen
from attrs.validators import ge, gt, in_, instance_of, le, lt, max_len, min_len
from koe.types import Stage
from koe.wording import expected, limit, shown


@frozen
class Ref:
    id: str


Name = NewType("Name", str)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (2.9, "2.9"),
        (float("nan"), "nan"),
        ("x", "'x'"),
        ("a\x1b[31m\n", r"'a\x1b[31m\n'"),
        ("\ud800", r"'\ud800'"),
        ("x" * 1000, "'" + "x" * 60 + "'…"),
        ([1, "a", None, 4], "[1, 'a', null, …]"),
        ({"a": {"b": {"c": 1}}}, "{'a': {'b': {…}}}"),
        ([], "[]"),
        (date(2026, 1, 2), "2026-01-02"),
        (object(), "a object"),
    ],
)
def test_values_are_shown_short_printable_and_on_one_line(value, words):
    assert shown(value) == words


def test_an_integer_of_thousands_of_digits_is_not_written_out():
    """Python refuses to convert more than 4300 digits to text."""
    assert shown(10**5000) == "an integer of 16610 bits"


def test_a_value_nested_a_thousand_levels_deep_is_shown_short():
    value: Any = []
    for _ in range(1000):
        value = [value]
    assert shown(value) == "[[[…]]]"


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (int, "an integer"),
        (bool, "true or false"),
        (str | None, "a string or null"),
        (tuple[str, ...], "a list of strings"),
        (list[Ref], "a list of mappings"),
        (list[list[int]], "a list of lists"),
        (list[Literal["a", "b"]], "a list of values out of 'a', 'b'"),
        (tuple, "a list of values"),
        (tuple[str, float], "a list of 2 values: a string, a number"),
        (Mapping[str, int], "a mapping of names to integers"),
        (dict[str, dict[str, int]], "a mapping of names to mappings"),
        (dict, "a mapping of names to values"),
        (Ref, "a mapping"),
        (Literal["a"], "'a'"),
        (Literal["a", 1], "one of 'a', 1"),
        (Stage, "one of 'markup', 'normalize', 'phonemize', 'infer', 'postprocess', 'encode'"),
        (Annotated[int, "unit"], "an integer"),
        (Name, "a string"),
        (Path, "a path"),
        (bytes, "bytes"),
    ],
)
def test_types_are_named_in_words(type_, words):
    assert expected(type_) == words


@pytest.mark.parametrize(
    ("validators", "words"),
    [
        ([ge(0), le(65535)], "from 0 to 65535"),
        ([gt(0), le(3600)], "above 0 and at most 3600"),
        ([lt(5)], "below 5"),
        ([ge(1)], "at least 1"),
        ([in_((1, 2))], "out of 1, 2"),
        ([min_len(1), max_len(9)], "of length 1 or more, of length 9 or less"),
        ([ge(1), instance_of(int)], None),
    ],
)
def test_limits_are_named_where_attrs_own_validators_set_them(validators, words):
    @frozen
    class Limited:
        value: Any = field(validator=validators)

    assert limit(attrs.fields(Limited).value.validator) == words


def test_foreign_validators_have_no_words():
    assert limit(None) is None
    assert limit(lambda *_: None) is None
