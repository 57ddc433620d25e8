"""A process answers, or it is lost; it never outlives koe."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from koe_nemo.process import ProcessLostError

from tests.plugins.nemo.build import fake_process

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0
LOAD = {"language": "en", "folder": "/grammars/en"}


def text(words: str) -> dict[str, str]:
    return {"language": "en", "text": words}


@pytest.fixture
def process():
    made = fake_process()
    assert made.ask(LOAD, PATIENCE_S) == {}
    yield made
    made.end()


def test_it_answers(process):
    assert process.ask(text("five — 五 \ud800\n"), PATIENCE_S) == {"spoken": "en FIVE — 五 \ud800\n"}


def test_a_long_answer_comes_whole(process):
    long = "x" * 60_000
    assert process.ask(text(long), PATIENCE_S) == {"spoken": f"en {long.upper()}"}


def test_whatever_is_raised_is_an_answer(process):
    assert process.ask(text("fail"), PATIENCE_S) == {"error": "LookupError: no path"}
    assert process.ask(text("on"), PATIENCE_S) == {"spoken": "en ON"}


def test_what_the_library_prints_is_no_answer_and_goes_nowhere(process, capfd):
    assert process.ask(text("print"), PATIENCE_S) == {"spoken": "en PRINT"}
    assert process.ask(text("on"), PATIENCE_S) == {"spoken": "en ON"}
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("words", ["hang", "compute"])
def test_what_takes_too_long_is_given_up(process, words):
    with pytest.raises(ProcessLostError, match=r"more than 0.05 s") as caught:
        process.ask(text(words), 0.05)
    assert caught.value.reason == "over_budget"
    process.end()
    assert process._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("words", "code"), [("die", -signal.SIGKILL), ("memory", 1)])
def test_a_death_is_told_with_its_exit_code(process, words, code):
    with pytest.raises(ProcessLostError, match=f"ended with exit code {code}") as caught:
        process.ask(text(words), PATIENCE_S)
    assert caught.value.reason == "died"


def test_a_process_that_is_dead_already_is_told_too(process):
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ProcessLostError, match="exit code -9"):
        process.ask(text("on"), PATIENCE_S)


def test_signals_to_koe_are_not_for_it(process):
    assert os.getpgid(process.pid) != os.getpgid(0)
    for ignored in (signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid, ignored)
    assert process.ask(text("on"), PATIENCE_S) == {"spoken": "en ON"}


def test_it_has_none_of_koes_sockets():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        made = fake_process()
        made.ask(LOAD, PATIENCE_S)
        assert made.ask(text("sockets"), PATIENCE_S) == {"spoken": "en 0"}
        made.end()


def test_it_ends_with_its_object():
    made = fake_process()
    pid = made.pid
    del made
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import sys
from tests.plugins.nemo.build import fake_process
made = fake_process()
made.ask({"language": "en", "folder": "/grammars/en"}, 30)
if sys.argv[1] != "idle":
    made.ask({"language": "en", "text": sys.argv[1]}, 0.5)
sys.stderr.write("begun\\n")
sys.stderr.flush()
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (signal.SIGKILL, "idle"),
        (signal.SIGKILL, "hang"),
        (signal.SIGKILL, "compute"),
        (signal.SIGKILL, "slow"),
        (signal.SIGTERM, "idle"),
        (signal.SIGINT, "compute"),
    ],
)
def test_it_ends_with_koe_however_koe_ends_and_whatever_it_is_at(end, words):
    """It shares standard error with koe, so that ends when both have."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stderr is not None
        assert [parent.stderr.readline() for _ in range(2)] == ["started\n", "begun\n"]
        parent.send_signal(end)
        said = parent.stderr.read()
    assert "begun" not in said
    assert "BrokenPipe" not in said
    assert parent.returncode in (-end, 1)


def test_it_ends_when_koe_is_done():
    command = [sys.executable, "-c", PARENT, "idle"]
    done = subprocess.run(
        command, cwd=ROOT, input="", capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stderr == "started\nbegun\n"
