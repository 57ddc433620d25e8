"""`koe plugins check` runs the conformance suite on what a plugin registers, and says what is wrong."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from koe.author import checking
from koe.author.checked import Checked, Told
from koe.author.child import Task
from koe.author.names import PluginName
from koe.author.project import Project
from koe.author.writing import write_plugin
from koe.cli.main import main
from packaging.requirements import Requirement

pytestmark = pytest.mark.usefixtures("koe_environment")

BROKEN = '''
from koe.api import AudioChunk, AudioProcessor, AudioStream, DescribedRoute, Normalizer, Plugin, Segment
from koe.api import hookimpl

print("what plugins print is nobody's output")


class Shout(Normalizer):
    """Loses the way back to the user's text."""

    name = "shout"

    def normalize(self, segment):
        yield Segment(segment.text.upper() + "!!", segment.voice, segment.language)


class Forgetful(AudioProcessor):
    """Never gives back what it held."""

    name = "forgetful"

    def open(self, info):
        return ForgetfulStream()


class ForgetfulStream(AudioStream):
    def process(self, chunk):
        return AudioChunk(chunk.samples[:-1], chunk.sample_rate)

    def flush(self):
        return None


class BrokenPlugin(Plugin):
    @hookimpl
    def register_normalizers(self):
        return [Shout()]

    @hookimpl
    def register_audio_processors(self):
        return [Forgetful()]

    @hookimpl
    def register_routes(self, server):
        async def fails(request):
            raise ZeroDivisionError("by nobody")

        return [DescribedRoute("/v1/broken", fails, tag="broken", summary="Fails", answer=type(None))]
'''


def _project(folder, code, group="koe.v1"):
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "koe-broken"\nversion = "0.3.0"\n'
        f'[project.entry-points."{group}"]\nbroken = "koe_broken:BrokenPlugin"\n',
        encoding="utf-8",
    )
    (folder / "src").mkdir()
    (folder / "src" / "koe_broken.py").write_text(code, encoding="utf-8")
    return folder


def _check(capfd, *arguments):
    code = main(["plugins", "check", *map(str, arguments)])
    captured = capfd.readouterr()
    return code, captured.out, " ".join(captured.err.split())


def test_a_sound_project_passes_without_being_installed_or_enabled(capfd, tmp_path):
    folder, _ = write_plugin(PluginName.of("words"), "markup", tmp_path)
    code, out, _ = _check(capfd, folder)
    assert code == 0
    assert [line.split() for line in out.splitlines()[2:]] == [
        ["plugin", "words", "3", "0", "0"],
        ["markup", "parser", "words", "3", "0", "0"],
    ]


def test_a_broken_plugin_fails_and_each_component_says_with_which_test(capfd, tmp_path):
    code, out, _ = _check(capfd, _project(tmp_path / "broken", BROKEN))
    assert code == 1
    assert "normalizer shout failed test_alignment_covers_the_text: " in out
    assert "audio processor forgetful failed test_all_samples_come_out_by_the_end_of_flush (9 times): " in out
    assert "routes broken failed test_whatever_they_are_sent_they_answer_and_do_not_fail: " in out
    assert "/v1/broken answered b'' with 500" in out
    assert "nobody's output" not in out


def test_an_installed_plugin_is_checked_by_its_name(capfd):
    code, out, _ = _check(capfd, "text", "--json")
    assert code == 0
    rows = json.loads(out)
    assert {row["component"] for row in rows} == {"text", "tags", "phonemes", "sentences"}
    assert all(row["passed"] and not row["failed"] for row in rows)
    (plugin,) = [row for row in rows if row["kind"] == "plugin"]
    assert {told["reason"] for told in plugin["skipped"]} == {"it has no settings"}


def test_a_plugin_that_kills_its_process_is_an_error_and_no_silence(capfd, tmp_path):
    code = 'import os, sys\nprint("farewell", flush=True)\nos._exit(7)'
    status, out, err = _check(capfd, _project(tmp_path / "broken", code))
    assert (status, out) == (1, "")
    assert "ended before its time, with exit code 7" in err


def test_a_run_that_is_broken_off_is_no_success(capfd, tmp_path):
    """As Ctrl+C and `pytest.exit` do it: nothing is known of the tests that have not been run."""
    shouting = "yield Segment(segment.text.upper()"
    code = BROKEN.replace(shouting, f"raise KeyboardInterrupt\n        {shouting}")
    status, out, err = _check(capfd, _project(tmp_path / "broken", code))
    assert (status, out) == (1, "")
    assert "Plugin 'broken' cannot be checked" in err
    assert err.endswith("in normalize raise KeyboardInterrupt KeyboardInterrupt")


def test_a_check_that_does_not_end_is_ended_and_says_where_it_was(capfd, tmp_path, monkeypatch):
    hangs, ended = tmp_path / "hangs", []
    wait = subprocess.Popen.wait

    def until_it_hangs(process, timeout=None):
        if timeout != 7.0:
            ended.append(wait(process, timeout))
            return ended[-1]
        give_up = time.monotonic() + 60
        while not hangs.exists():
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
        raise subprocess.TimeoutExpired(process.args, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", until_it_hangs)
    code = f"import pathlib, time\npathlib.Path({str(hangs)!r}).touch()\ntime.sleep(600)"
    status, out, err = _check(capfd, _project(tmp_path / "broken", code), "--timeout", 7)
    assert (status, out) == (1, "")
    assert "plugin 'broken' did not come to its end within 7 seconds; --timeout gives it more" in err
    assert re.search(r"the innermost calls first: loading the plugin Current thread .*koe_broken\.py", err)
    assert set(ended) == {-signal.SIGTERM}


def test_a_check_that_nobody_is_left_to_end_ends_itself(tmp_path):
    project = Project.read(_project(tmp_path / "broken", "import time\ntime.sleep(600)"))
    Task("broken", tuple(project.lend(tmp_path / "site")), at_most_s=0.1).write(tmp_path)
    child = [sys.executable, "-P", "-m", "koe.author.child", str(tmp_path)]
    plain = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert subprocess.run(child, env=plain, check=False, timeout=60).returncode == -signal.SIGALRM


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_a_limit_that_is_none_is_refused(capfd, seconds):
    status, _, err = _check(capfd, "text", f"--timeout={seconds}")
    assert status == 2
    assert "--timeout: expected seconds above 0" in err


def test_of_a_crash_the_innermost_calls_are_told():
    frames = "\n".join(f'  File "frame.py", line {number}' for number in range(1_000))
    told = checking._end(f"hello\nFatal Python error: Segmentation fault\n{frames}")
    assert told.startswith("Fatal Python error: Segmentation fault")
    assert "line 0\n" in told
    assert len(told) <= 2_000


def test_a_reason_that_a_line_only_announces_is_told_too(capfd, monkeypatch):
    reason = "koe.errors.ConfigError: 1 configuration error:\n  - two routes answer GET /v1/words\nmore"
    checked = [
        Checked("words", "routes", "words", failed=(Told("test_it", reason), Told("test_b", "assert 1")))
    ]
    monkeypatch.setattr(checking, "check", lambda *_, **__: checked)
    status, out, _ = _check(capfd, "words")
    assert status == 1
    assert (
        "test_it: koe.errors.ConfigError: 1 configuration error: - two routes answer GET /v1/words\n" in out
    )
    assert out.endswith("failed test_b: assert 1\n")


@pytest.mark.parametrize(
    ("group", "way_out"), [("koe.v0", "for this koe"), ("koe.v2", "a koe that has 'koe.v2'")]
)
def test_a_plugin_for_another_api_is_refused(capfd, tmp_path, group, way_out):
    status, _, err = _check(capfd, _project(tmp_path / "broken", BROKEN, group))
    assert status == 2
    assert f"'broken' (koe-broken 0.3.0) is built for the hook API '{group}', this koe has 'koe.v1'" in err
    assert way_out in err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nothing-like-it", "plugin 'nothing-like-it' is not installed"),
        ("formts", "did you mean 'formats'?"),
        ("./nowhere", "'./nowhere' is no folder"),
        (".", "pyproject.toml cannot be read"),
    ],
)
def test_what_cannot_be_found_exits_with_2(capfd, tmp_path, monkeypatch, target, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = _check(capfd, target)
    assert (status, out) == (2, "")
    assert said in err


def test_without_pytest_it_says_what_to_install(capfd, monkeypatch):
    monkeypatch.setattr(checking, "find_spec", lambda name: None if name == "pytest" else importlib.util)
    status, _, err = _check(capfd, "text")
    assert status == 2
    assert "needs pytest, not installed here" in err
    assert "pip install 'koe[testing]'" in err


def test_the_extra_brings_what_it_needs_and_no_more():
    core = Path(__file__).parents[3] / "core/pyproject.toml"
    extra = tomllib.loads(core.read_text(encoding="utf-8"))["project"]["optional-dependencies"]["testing"]
    assert [Requirement(one).name.replace("-", "_") for one in extra] == list(checking._NEEDED)


def test_what_says_so_needs_no_pytest_itself():
    without = "import sys; sys.modules['pytest'] = None; import koe.author.checking"
    subprocess.run([sys.executable, "-c", without], check=True, timeout=60)
