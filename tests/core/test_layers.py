from typing import Any

import pytest
from koe.layers import Layer, Merged, from_assignments, from_environment, from_files


def merged(*values: dict[str, Any]) -> Merged:
    result = Merged()
    for number, value in enumerate(values):
        result.lay(Layer(f"layer {number}", value))
    return result


def test_tables_merge_deeply_and_the_last_layer_is_the_source():
    result = merged({"a": {"x": 1, "y": {"z": 1}}}, {"a": {"y": {"w": 2}, "x": 3}})
    assert result.tree == {"a": {"x": 3, "y": {"z": 1, "w": 2}}}
    assert result.source(["a", "x"]) == "layer 1"
    assert result.source(["a", "y", "z"]) == "layer 0"
    assert result.source(["a", "y", "w"]) == "layer 1"


def test_lists_replace():
    assert merged({"a": [1, 2]}, {"a": [3]}).tree == {"a": [3]}


def test_a_value_over_a_table_and_a_table_over_a_value_replace():
    assert merged({"a": {"x": 1}}, {"a": 5}).tree == {"a": 5}
    result = merged({"a": {"x": 1}}, {"a": 5}, {"a": {"y": 2}})
    assert result.tree == {"a": {"y": 2}}
    assert result.source(["a", "x"]) == "layer 2"


def test_layers_stay_as_they_are():
    first = {"a": {"x": 1}}
    merged(first, {"a": {"y": 2}})
    assert first == {"a": {"x": 1}}


def test_the_source_of_a_place_inside_a_value_is_the_values():
    result = merged({"a": {"x": [1, 2]}})
    assert result.source(["a", "x", 1]) == "layer 0"
    assert result.source(["b"]) == "default"


def test_a_file_that_cannot_be_read_is_a_problem_and_the_others_count(tmp_path):
    (tmp_path / "good.toml").write_text("a = 1")
    (tmp_path / "bad.toml").write_text("a = 1\nb = \n")
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe4'")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    names = ["missing.toml", "bad.toml", "latin.toml", "deep.toml", "", "good.toml"]
    problems: list[str] = []
    layers = list(from_files([tmp_path / name for name in names], problems))
    assert layers == [Layer(str(tmp_path / "good.toml"), {"a": 1})]
    assert [problem.removeprefix(str(tmp_path)) for problem in problems] == [
        "/missing.toml: the config file cannot be read: No such file or directory",
        "/bad.toml: not valid TOML: Invalid value (at line 2, column 5)",
        "/latin.toml: the config file is not UTF-8 (byte 5)",
        "/deep.toml: the config file is nested too deeply",
        ": the config file cannot be read: Is a directory",
    ]


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert [layer.values for layer in from_files([tmp_path / "x.toml"], [])] == [{"a": 1}]


def test_environment_variables_with_two_underscores_are_settings():
    environ = {
        "KOE_SERVER__PORT": "8000",
        "KOE_PLUGINS__ESPEAK__PITCH": "50",
        "KOE_LIMITS__MAX_QUEUED": "3",
        "KOE_MODEL_DIR": "/models",
        "KOE_SERVER_PORT": "tcp://10.0.0.1:80",
        "PATH": "/bin",
        "OTHER__KEY": "1",
    }
    problems: list[str] = []
    assert list(from_environment(environ, problems)) == [
        Layer("environment KOE_LIMITS__MAX_QUEUED", {"limits": {"max_queued": 3}}),
        Layer("environment KOE_PLUGINS__ESPEAK__PITCH", {"plugins": {"espeak": {"pitch": 50}}}),
        Layer("environment KOE_SERVER__PORT", {"server": {"port": 8000}}),
    ]
    assert problems == []


@pytest.mark.parametrize("name", ["KOE_SERVER__", "KOE___PORT", "KOE_A____B"])
def test_an_environment_variable_with_an_empty_part_is_a_problem(name):
    problems: list[str] = []
    assert list(from_environment({name: "1"}, problems)) == []
    assert problems == [f"environment {name}: expected KOE_<SECTION>__<KEY>, such as KOE_SERVER__PORT"]


def test_bytes_that_are_no_text_are_a_problem():
    problems: list[str] = []
    assert list(from_environment({"KOE_A__B": "\udcff"}, problems)) == []
    assert list(from_assignments(["a.b=\udcff"], problems)) == []
    assert problems == [
        "environment KOE_A__B: '\\udcff' is not valid UTF-8",
        "--set: 'a.b=\\udcff' is not valid UTF-8",
    ]


@pytest.mark.parametrize(
    ("assignment", "values"),
    [
        ("server.port=8000", {"server": {"port": 8000}}),
        ("server.host=0.0.0.0", {"server": {"host": "0.0.0.0"}}),
        ("voices.default=a=b", {"voices": {"default": "a=b"}}),
        ("voices.default=", {"voices": {"default": ""}}),
        ('voices.aliases."a=b"=x', {"voices": {"aliases": {"a=b": "x"}}}),
        ("engine.models.tts-1=kokoro", {"engine": {"models": {"tts-1": "kokoro"}}}),
        ("server={port = 1}", {"server": {"port": 1}}),
    ],
)
def test_assignments_set_one_key(assignment, values):
    assert list(from_assignments([assignment], [])) == [Layer("--set", values)]


@pytest.mark.parametrize("assignment", ["server.port", "", "=1", "server..port=1", "server port=1"])
def test_what_is_no_assignment_is_a_problem(assignment):
    problems: list[str] = []
    assert list(from_assignments([assignment], problems)) == []
    assert problems == [f"--set {assignment!r}: expected section.key=value, such as server.port=8000"]
