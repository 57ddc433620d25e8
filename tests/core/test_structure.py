import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import attrs
import pytest
from attrs import field, frozen
from attrs.validators import ge, in_, le, matches_re
from hypothesis import given
from hypothesis import strategies as st
from koe.errors import InvalidRequestError
from koe.problems import StructureError, UnsupportedTypeError
from koe.settings import Settings
from koe.structure import keys, structure, structure_body
from koe.types import Stage

Name = NewType("Name", str)


@frozen
class Ref:
    id: str


@frozen
class Turn:
    text: str
    voice: str | Ref = ""


@frozen
class Body:
    input: str
    voice: str | Ref = ""
    speed: float = field(default=1.0, validator=[ge(0.25), le(4.0)])
    format: Literal["mp3", "wav"] = "mp3"
    seed: int | None = None
    tags: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    weights: Mapping[str, float] = field(factory=dict)
    cache: bool = True
    reply_to: "Body | None" = None


def mistakes(value: object, type_: Any) -> list[str]:
    with pytest.raises(StructureError) as caught:
        structure(value, type_)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("value", "type_", "message"),
    [
        ("false", bool, "expected true or false, given 'false'"),
        (0, bool, "expected true or false, given 0"),
        (2.9, int, "expected an integer, given 2.9"),
        (2.0, int, "expected an integer, given 2.0"),
        ("2", int, "expected an integer, given '2'"),
        (True, int, "expected an integer, given true"),
        (True, float, "expected a number, given true"),
        ("1.5", float, "expected a number, given '1.5'"),
        (math.nan, float, "expected a finite number, given nan"),
        (-math.inf, float, "expected a finite number, given -inf"),
        (10**400, float, "expected a finite number, given an integer of 1329 bits"),
        (1, str, "expected a string, given 1"),
        (None, str, "expected a string, given null"),
        ("abc", list[str], "expected a list of strings, given 'abc'"),
        ("abc", tuple[str, ...], "expected a list of strings, given 'abc'"),
        ("abc", frozenset[str], "expected a list of strings, given 'abc'"),
        ({"a": 1}, Sequence[str], "expected a list of strings, given {'a': 1}"),
        ([1], tuple[str, ...], "[0]: expected a string, given 1"),
        ([1, 2, 3], tuple[int, int], "expected a list of 2 values: an integer, an integer, given [1, 2, 3]"),
        ([["a", 1]], Mapping[str, int], "expected a mapping of names to integers, given [['a', 1]]"),
        ({"a": "1"}, dict[str, int], "a: expected an integer, given '1'"),
        ({1: 1}, dict[str, int], "1: expected a string, given 1"),
        ("mp4", Literal["mp3", "wav"], "expected one of 'mp3', 'wav', given 'mp4'; did you mean 'mp3'?"),
        (True, Literal[1, 2], "expected one of 1, 2, given true"),
        ([], Literal["a"], "expected 'a', given []"),
        ("infr", Stage, None),
        ("x", int | None, "expected an integer or null, given 'x'"),
        (5, str | Ref, "expected a string or a mapping, given 5"),
        ({"id": 5}, str | Ref, "id: expected a string, given 5"),
        ("x", Ref, "expected a mapping, given 'x'"),
        (["id"], Ref, "expected a mapping, given ['id']"),
        (5, Path, "expected a path, given 5"),
        (0, None.__class__, "expected null, given 0"),
        (1, Annotated[str, "unit"], "expected a string, given 1"),
        (1, Name, "expected a string, given 1"),
    ],
)
def test_nothing_is_converted_or_guessed(value, type_, message):
    """cattrs alone makes `"false"` True, 2.9 into 2, "abc" into a list and None into "None"."""
    if message is None:
        message = (
            "expected one of 'markup', 'normalize', 'phonemize', 'infer', 'postprocess', 'encode', "
            "given 'infr'; did you mean 'infer'?"
        )
    assert mistakes(value, type_) == [message]


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (True, bool, True),
        (3, int, 3),
        (3, float, 3.0),
        (3, float | int, 3),
        (["a"], tuple[str, ...], ("a",)),
        (["a"], Sequence[str], ("a",)),
        (["a"], list[str], ["a"]),
        (["a", "a"], frozenset[str], frozenset({"a"})),
        ([1, "x"], tuple, (1, "x")),
        ([["af", 0.5]], tuple[tuple[str, float], ...], (("af", 0.5),)),
        ({"a": 1}, Mapping[str, float], {"a": 1.0}),
        ({"a": None}, dict, {"a": None}),
        ("infer", Stage, Stage.INFER),
        ("mp3", Literal["mp3", "wav"], "mp3"),
        (None, int | None, None),
        ({"id": "x"}, str | Ref, Ref("x")),
        ("models", Path, Path("models")),
        ({"any": [1]}, Any, {"any": [1]}),
    ],
)
def test_right_values_become_the_declared_type(value, type_, expected):
    structured = structure(value, type_)
    assert structured == expected
    assert type(structured) is type(expected)


def test_all_mistakes_are_found_together_in_the_order_of_the_class():
    body = {
        "voice": {"id": 5},
        "speed": 9,
        "format": "wva",
        "tags": "abc",
        "turns": [{"text": "a"}, {"txt": "b"}],
        "weights": {"af": "1"},
        "cache": "no",
        "modle": 1,
    }
    assert mistakes(body, Body) == [
        "input: required, but missing (expected a string)",
        "voice.id: expected a string, given 5",
        "format: expected one of 'mp3', 'wav', given 'wva'; did you mean 'wav'?",
        "tags: expected a list of strings, given 'abc'",
        "turns[1].text: required, but missing (expected a string)",
        "turns[1].txt: unknown key; did you mean 'text'?",
        "weights.af: expected a number, given '1'",
        "cache: expected true or false, given 'no'",
        "modle: unknown key; known: " + ", ".join(map(repr, keys(Body))),
        "speed: expected a number from 0.25 to 4.0, given 9",
    ]


def test_where_stands_before_every_place():
    with pytest.raises(StructureError, match=r"^turn\.text: required, but missing"):
        structure({}, Turn, "turn")


def test_a_class_may_refer_to_itself():
    assert structure({"input": "a", "reply_to": {"input": "b"}}, Body).reply_to == Body("b")
    assert mistakes({"input": "a", "reply_to": {"input": 1}}, Body) == [
        "reply_to.input: expected a string, given 1"
    ]


@frozen
class Checked:
    low: int = field(default=1, validator=ge(0))
    high: int = field(default=9)
    name: str = field(default="a", validator=matches_re("[a-z]+"))
    choice: int = field(default=1, validator=in_((1, 2)))
    upper: str = field(default="A", converter=lambda text: str(text).upper())
    note: str = field(default="", init=False)
    _hidden: int = 0

    @high.validator
    def _above_low(self, _: object, value: int) -> None:
        if value < self.low:
            raise ValueError(f"must be at least low ({self.low})")

    def __attrs_post_init__(self) -> None:
        if self.upper == "NEVER":
            raise ValueError("upper must not be NEVER")


def test_every_validator_speaks_not_only_the_first():
    assert mistakes({"low": -1, "name": "A!", "choice": 3, "high": -5}, Checked) == [
        "low: expected an integer at least 0, given -1",
        "high: must be at least low (-1), given -5",
        "name: 'name' must match regex '[a-z]+' ('A!' doesn't), given 'A!'",
        "choice: expected an integer out of 1, 2, given 3",
    ]


def test_a_validator_sees_the_defaults_of_fields_that_are_not_given():
    assert mistakes({"high": 0}, Checked) == ["high: must be at least low (1), given 0"]


def test_a_validator_that_needs_a_field_with_a_mistake_is_not_asked():
    assert mistakes({"low": "x", "high": 0}, Checked) == ["low: expected an integer, given 'x'"]


def test_what_the_class_itself_refuses_is_said_of_the_whole():
    assert mistakes({"upper": "never"}, Checked) == ["upper must not be NEVER"]


def test_keys_are_the_arguments_of_the_class():
    assert list(keys(Checked)) == ["low", "high", "name", "choice", "upper", "hidden"]
    assert structure({"hidden": 3, "upper": "b"}, Checked) == Checked(hidden=3, upper="b")
    assert mistakes({"note": "x", "_hidden": 1}, Checked)[0].startswith("note: unknown key")


@pytest.mark.parametrize("type_", [bytes, complex, type("Text", (str,), {}), list[bytes], object.__class__])
def test_a_type_without_a_rule_is_the_programmers_mistake(type_):
    with pytest.raises(UnsupportedTypeError):
        structure("x" if not str(type_).startswith("list") else ["x"], type_)


def test_an_annotation_that_cannot_be_read_is_the_programmers_mistake():
    Lost = attrs.make_class("Lost", ["x"], frozen=True)  # noqa: N806 - a class
    Lost.__annotations__ = {"x": "Nowhere"}
    with pytest.raises(UnsupportedTypeError, match="an annotation of Lost cannot be read: name 'Nowhere'"):
        structure({"x": 1}, Lost)
    with pytest.raises(UnsupportedTypeError):
        keys(int)


class TestBodies:
    def test_a_right_body_is_structured(self):
        body, unknown = structure_body({"input": "hi", "speed": 2}, Body, allow_unknown=False)
        assert (body, unknown) == (Body("hi", speed=2.0), ())

    def test_unknown_fields_are_returned_where_they_are_allowed(self):
        body, unknown = structure_body({"input": "hi", "b": 1, "a": 2}, Body, allow_unknown=True)
        assert (body, unknown) == (Body("hi"), ("b", "a"))

    def test_endless_names_are_told_cut(self):
        with pytest.raises(InvalidRequestError) as refused:
            structure_body(
                {"input": "a", "turns": [{"text": "a", "x" * 500_000: 1}]}, Body, allow_unknown=True
            )
        assert len(str(refused.value)) < 300
        assert refused.value.param == f'turns[0]."{"x" * 60}…"'

    def test_unknown_fields_are_refused_elsewhere(self):
        with pytest.raises(InvalidRequestError) as caught:
            structure_body({"input": "hi", "voise": "x"}, Body, allow_unknown=False)
        assert caught.value.param == "voise"
        assert caught.value.message == "voise: unknown key; did you mean 'voice'?"

    def test_nested_objects_are_strict_either_way(self):
        with pytest.raises(InvalidRequestError) as caught:
            structure_body({"input": "hi", "turns": [{"text": "a", "x": 1}]}, Body, allow_unknown=True)
        assert caught.value.param == "turns[0].x"

    def test_the_message_lists_all_mistakes_and_param_is_the_first(self):
        with pytest.raises(InvalidRequestError) as caught:
            structure_body({"input": None, "speed": "1"}, Body, allow_unknown=True)
        assert caught.value.param == "input"
        assert caught.value.message == (
            "2 mistakes in the request: "
            "input: expected a string, given null; speed: expected a number, given '1'"
        )
        assert (caught.value.status, caught.value.code) == (400, "invalid_value")

    @pytest.mark.parametrize("body", [None, "x", 5, ["input"], True])
    def test_a_body_that_is_no_object_is_refused(self, body):
        with pytest.raises(InvalidRequestError, match="The request body must be a JSON object, given"):
            structure_body(body, Body, allow_unknown=True)

    def test_a_body_of_many_mistakes_has_a_short_answer(self):
        body = {"input": "a", "tags": [1] * 100_000} | {f"key{number}": 1 for number in range(50_000)}
        with pytest.raises(InvalidRequestError) as caught:
            structure_body(body, Body, allow_unknown=False)
        assert len(caught.value.message) < 10_000
        assert "tags: not looked at beyond these 20 mistakes" in caught.value.message
        assert "49980 more unknown keys" in caught.value.message


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
NAMES = st.sampled_from(
    [*(section.name for section in attrs.fields(Settings)), *keys(Body), "id", "text", "port", "level", "x"]
)
JSON_LIKE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(
    JSON_LIKE,
    st.sampled_from(
        [Settings, Body, Checked, *(type(value) for value in attrs.astuple(Settings(), recurse=False))]
    ),
)
def test_any_value_is_structured_or_its_problems_are_collected(value, cls):
    try:
        problems = None
        assert isinstance(structure(value, cls), cls)
    except StructureError as error:
        problems = error.problems
    assert problems is None or all("\n" not in problem.message for problem in problems)
    assert problems != ()


@given(JSON_LIKE)
def test_any_body_is_structured_or_refused(value):
    try:
        structure_body(value, Body, allow_unknown=True)
    except InvalidRequestError as error:
        error.message.encode()
