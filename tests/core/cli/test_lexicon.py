"""`--lexicon` of `koe say` and `koe inspect`, and `[lexicon]` in every command."""

import pytest
from koe.cli.inspect import _step
from koe.cli.main import main
from koe.inspection import By, InspectedStep
from koe.types import Stage

pytestmark = pytest.mark.usefixtures("koe_environment")


def koe(capfd, *arguments):
    code = main(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.toml"
    path.write_text('[words]\nnginx = "engine ex"\n"Łódź" = "/wˈuʧ/"', encoding="utf-8")
    return path


def test_inspect_shows_what_was_found_and_where_it_stands(capfd, names):
    code, out, _ = koe(capfd, "inspect", "nginx in Łódź", "--engine", "espeak", "--lexicon", str(names))
    assert code == 0
    assert "ignored: lexicon" in out
    assert "  normalize lexicon (koe): 1 text" in out
    assert "    0:5 'nginx': 'engine ex' (names.toml, line 2)" in out
    assert "    9:13 'Łódź': as written, the engine cannot be told (names.toml, line 3)" in out


def test_files_of_the_command_line_come_before_those_of_the_config(capfd, names, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('[words]\nnginx = "other"\nkoe = "ko eh"')
    arguments = ("--engine", "espeak", "--set", f'lexicon.files=["{other}"]', "--lexicon", str(names))
    _, out, _ = koe(capfd, "inspect", "nginx koe", *arguments)
    assert "'nginx': 'engine ex'" in out
    assert "'koe': 'ko eh' (other.toml, line 3)" in out


def test_say_speaks_with_it(capfd, names, tmp_path):
    def seconds(*arguments):
        code, _, err = koe(
            capfd, "say", "nginx", "-o", str(tmp_path / "x.wav"), "--engine", "espeak", *arguments
        )
        assert code == 0
        return float(err.split(": ")[1].split(" s ")[0])

    names.write_text('[words]\nnginx = "a much longer engine than ever before"')
    assert seconds("--lexicon", str(names)) > 2 * seconds()


@pytest.mark.parametrize("command", [("config", "check"), ("say", "x", "-o", "x.wav"), ("serve",)])
def test_a_broken_file_ends_with_exit_code_2_and_its_line(capfd, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text('[words]\n\nnginx = ""')
    (tmp_path / "b.toml").write_text("[[entries]]\nsay = 1")
    code, _, err = koe(
        capfd, *command, "--set", 'lexicon.files=["a.toml", "b.toml"]', "--set", "server.port=x"
    )
    assert code == 2
    assert "a.toml, line 3: words.nginx: needs ipa or say" in err
    assert "b.toml, line 1: entries[0].word: required" in err
    assert "b.toml, line 2: entries[0].say: expected a string" in err
    assert "server.port" in err


def test_a_condition_that_nobody_tells_is_a_mistake_of_the_config(capfd, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('language = "en"\n[[entries]]\nword = "use"\nsay = "yooz"\npart_of_speech = "verb"')
    asked = ("config", "check", "--set", f'lexicon.files=["{path}"]')
    code, _, err = koe(capfd, *asked, "--set", 'pipeline.phonemize=["espeak"]')
    assert code == 2
    assert f"{path}, line 2: 'use' depends on its part of speech" in err
    assert koe(capfd, *asked)[0] == 0


def test_notes_of_normalizers_are_printed():
    step = InspectedStep(By(Stage.NORMALIZE, "x", "y"), applied=True, texts=(), notes=("left as written",))
    assert list(_step(step))[-1] == "    note: left as written"
