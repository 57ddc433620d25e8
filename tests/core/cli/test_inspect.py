"""`koe inspect` shows every step of a text, for people or as JSON."""

import json

import pytest
from koe.cli.main import main
from koe.testing.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("koe_environment")


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory):
    tiny = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    return ["--engine", "kokoro", "--set", f'plugins.kokoro.dir="{tiny.dir}"']


def koe_inspect(capfd, *arguments):
    code = main(["inspect", *arguments])
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def test_people_see_steps_words_and_phonemes(capfd, kokoro):
    code, out, _ = koe_inspect(capfd, "Good morning. [pause:300ms]Bye.", "--markup", "tags", *kokoro)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("engine kokoro (kokoro) reads phonemes; ")
    assert lines[1] == "markup tags (text): 3 parts"
    assert "  normalize sentences (text): 1 text" in lines
    assert "    0:4 'Good': ɡˈʊd " in lines
    assert "pause 14:27 0.3 s" in lines


def test_given_phonemes_are_shown_as_given(capfd, kokoro):
    _, out, _ = koe_inspect(capfd, "ɡˈʊd mˈɔːɹnɪŋ.", "--markup", "phonemes", *kokoro)
    assert "  normalize sentences (text): not for this text" in out
    assert "  phonemes as given: 14 of 200 symbols, then '.'" in out


def test_programs_get_json(capfd, kokoro):
    code, out, _ = koe_inspect(capfd, "Good morning.", "--json", *kokoro)
    found = json.loads(out)
    assert code == 0
    assert found["parts"][0]["segments"][0]["words"][1]["source"] == {
        "start": 5,
        "end": 12,
        "text": "morning",
    }


def test_the_embedded_voice_shows_its_texts(capfd):
    code, out, _ = koe_inspect(
        capfd, "Say [koe](/kˈoʊeɪ/).", "--markup", "tags", "--engine", "espeak", "--speed", "2"
    )
    assert code == 0
    assert "ignored: phonemes" in out
    assert "  text: 8 of 400 characters, then '.'" in out
    assert "rate 2, +0 dB" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "Say what to inspect"),
        (["--voices"], "Unknown option --voices"),
        (["Hi [pause:x]", "--markup", "tags"], "line 1, column 4: '[pause:x]'"),
        (["x" * 5_001], "at most 5000 are inspected at once"),
    ],
)
def test_mistakes_are_told_with_exit_code_2(capfd, arguments, message):
    code, out, err = koe_inspect(capfd, *arguments, "--engine", "espeak")
    assert (code, out) == (2, "")
    assert message in err
