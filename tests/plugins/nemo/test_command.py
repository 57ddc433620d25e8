"""`koe nemo` builds grammars and lists them."""

import subprocess
from pathlib import Path

import pytest
from koe.cli.main import main
from koe_nemo.config import LANGUAGES


@pytest.fixture
def koe(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("KOE_NEMO_DIR", str(tmp_path))
    monkeypatch.setattr("koe_nemo.library.version", lambda _name: "9.9")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["nemo", *arguments, "--enable", "nemo"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def process(monkeypatch):
    """Stands for the process that builds; `failing` are the languages in which it fails."""
    failing: set[str] = set()

    def run(command, **_options):
        language, folder = command[-2:]
        if language in failing:
            return subprocess.CompletedProcess(command, 1, "", "first\nMemoryError: no more")
        (Path(folder) / f"{language}.far").write_bytes(b"x" * 1_500_000)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return failing


def test_languages_are_built_and_their_progress_is_shown(koe, process, tmp_path):
    code, _, err = koe("build", "en", "hi")
    assert code == 0
    assert "[1/2] en: building" in err
    assert f"[2/2] hi: built in 0 s, 1.5 MB in {tmp_path}/9.9/hi" in err
    assert koe("build", "en")[2] == "[1/1] en: already built\n"
    assert "built in" in koe("build", "en", "--again")[2]


def test_all_languages_can_be_built_at_once(koe, process, tmp_path):
    assert koe("build", "--all")[0] == 0
    assert sorted(folder.name for folder in (tmp_path / "9.9").iterdir()) == sorted(LANGUAGES)


def test_the_list_tells_what_is_built(koe, process, tmp_path):
    koe("build", "hi")
    code, out, _ = koe("list")
    assert code == 0
    lines = out.splitlines()
    assert "hi  1.5 MB" in lines
    assert "en  -" in lines
    assert lines[-1] == f"in {tmp_path}/9.9"


@pytest.mark.parametrize(("given", "said"), [((), "none given"), (("en", "ru"), "'ru' unknown")])
def test_what_is_to_be_built_must_be_known(koe, process, tmp_path, given, said):
    code, _, err = koe("build", *given)
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert said in err


def test_a_failed_build_shows_the_last_words_and_leaves_nothing(koe, process, tmp_path):
    process.add("fr")
    code, _, err = koe("build", "fr")
    assert code == 1
    assert "MemoryError: no more" in err
    assert list((tmp_path / "9.9").iterdir()) == []
