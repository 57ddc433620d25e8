"""`koe normalize`: one line out for one in."""

import io

import pytest
from koe.cli.main import main


@pytest.fixture
def koe(capsys, monkeypatch):
    def run(*arguments: str, text: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code = main(["normalize", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_every_line_is_one_line_empty_ones_too(koe):
    code, out, _ = koe(text="It is 5. I am 6.\n\n  \n$3\nlast 7")
    assert code == 0
    assert out.split("\n") == ["It is five. I am six.", "", "  ", "three dollars", "last seven", ""]


def test_the_language_chooses_the_words(koe):
    assert koe("--language", "fr", text="J'ai 3 chats.\n")[1] == "J'ai trois chats.\n"


def test_what_the_config_puts_into_the_pipeline_is_what_runs(koe):
    chosen = ("--set", 'pipeline.normalize=["segment"]')
    assert koe(*chosen, text="**It** is 5.\n")[1] == "**It** is 5.\n"
    assert koe("--set", 'pipeline.normalize=["clean", "european"]', text="**It** is 5.\n")[1] == "It is 5.\n"


def test_a_line_of_markup_alone_is_still_a_line(koe):
    assert koe(text="---\nnext 1\n")[1] == "\nnext one\n"


def test_the_scorecard_shows_percent_by_category(koe, tmp_path):
    (tmp_path / "en.tsv").write_text(
        "cardinal\t5\tfive\ncardinal\t6\tseven\ndate\t1999\tnineteen ninety nine\n"
    )
    code, out, _ = koe("--scorecard", "--cases", str(tmp_path))
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["en", "cardinal", "2", "50.0", "%"],
        ["en", "date", "1", "100.0", "%"],
        ["en", "all", "3", "66.7", "%"],
    ]
    _, out, _ = koe("--scorecard", "--cases", str(tmp_path), "--wrong")
    assert out.splitlines()[-1] == "en cardinal: '6' is read 'six', expected 'seven'"


def test_a_folder_without_cases_is_an_error_with_the_way_out(koe, tmp_path):
    code, _, err = koe("--scorecard", "--cases", str(tmp_path))
    assert code == 2
    assert "Name their folder with --cases" in err
