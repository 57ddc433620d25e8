"""espeak-ng lives in a process of its own, which starts on demand, and whose death costs one question."""

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from koe.api import EngineUnavailableError, InvalidRequestError, KoeError
from koe_espeak import EspeakConfig, process
from koe_espeak.files import EspeakFiles
from koe_espeak.frames import packed
from koe_espeak.library import Tuning

from .build import espeak

pytestmark = pytest.mark.usefixtures("nothing_left")
VOICE = "gmw/en-US"
FATAL = "€-ऴउॄ" * 3
"""espeak-ng 1.52 dies of it in Hindi."""


def processes():
    return [child for child in psutil.Process().children() if "koe_espeak.worker" in child.cmdline()]


def the_process():
    (found,) = processes()
    return found


def test_all_instances_share_one_process():
    accesses = [espeak() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        read = set(pool.map(lambda access: str(access.read(VOICE, "hello", ties=False)), accesses * 10))
    assert len(read) == 1
    assert the_process().is_running()
    for access in accesses:
        access.close()


def test_nothing_starts_before_the_first_question():
    access = espeak()
    assert not processes()
    access.close()


def test_the_process_ends_with_the_last_instance_and_starts_again():
    one, other = espeak(), espeak()
    one.version()
    other.version()
    first = the_process()
    one.close()
    one.close()
    assert first.is_running()
    other.close()
    assert not first.is_running()
    assert one.version()
    assert the_process() != first
    one.close()


def test_a_question_in_progress_is_answered_before_the_process_ends():
    access = espeak()
    access.version()
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(access.speak, VOICE, "A long story. " * 200, Tuning())
        while not _locked():
            time.sleep(0)
        closing = pool.submit(access.close)
        closing.result(30)
        assert len(asked.result(30).audio) > 22050


def _locked():
    from koe_espeak import owner

    return owner._lock.locked()


def test_what_espeak_refuses_is_an_error_and_the_process_stays():
    access = espeak()
    access.version()
    before = the_process()
    with pytest.raises(RuntimeError, match="refused its voice 'no/such'"):
        access.read("no/such", "hello", ties=False)
    assert access.read(VOICE, "hello", ties=False)
    assert the_process() == before
    access.close()


@pytest.mark.parametrize("ties", [False, True])
def test_a_text_that_kills_espeak_is_refused_and_the_next_is_read(ties):
    access = espeak()
    try:
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="cannot read a part of this text") as refused:
                access.read("inc/hi", FATAL, ties=ties)
            assert refused.value.param == "input"
            assert FATAL not in str(refused.value)
            assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    finally:
        access.close()


def test_a_process_that_somebody_killed_is_replaced_without_anyone_noticing():
    access = espeak()
    access.version()
    the_process().kill()
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    access.close()


def test_one_that_is_killed_again_and_again_is_not_the_texts_fault(monkeypatch):
    access = espeak()
    access.version()
    ask = process.EspeakProcess.ask

    def killed(self, what, *stop, **arguments):
        if what != "open":
            os.kill(self.pid, signal.SIGKILL)
        return ask(self, what, *stop, **arguments)

    monkeypatch.setattr(process.EspeakProcess, "ask", killed)
    with pytest.raises(KoeError, match="ended by SIGKILL, twice") as failed:
        access.read(VOICE, "hello", ties=False)
    assert not isinstance(failed.value, InvalidRequestError)
    monkeypatch.undo()
    assert access.read(VOICE, "hello", ties=False)
    access.close()


def test_one_that_never_answers_is_ended_and_replaced(monkeypatch):
    access = espeak()
    access.version()
    silent = the_process()
    silent.suspend()
    monkeypatch.setattr(process, "LIMIT_S", 3.0)
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    assert not silent.is_running()
    access.close()


def test_nothing_of_a_process_that_died_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    access = espeak()
    access.read(VOICE, "hello", ties=False)
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(InvalidRequestError):
        access.read("inc/hi", FATAL, ties=True)
    access.close()
    assert not list(tmp_path.iterdir())


def test_other_files_replace_the_process(tmp_path):
    usual, other = espeak(), espeak(EspeakConfig(library=str(tmp_path / "copy.so")))
    (tmp_path / "copy.so").symlink_to(EspeakFiles.of(EspeakConfig()).library)
    usual.version()
    first = the_process()
    assert other.version() == usual.version()
    assert not first.is_running()
    usual.close()
    other.close()


def test_a_library_that_cannot_be_loaded_is_an_error_each_time(tmp_path):
    (tmp_path / "broken.so").write_bytes(b"")
    access = espeak(EspeakConfig(library=str(tmp_path / "broken.so")))
    for _ in range(2):
        with pytest.raises(
            EngineUnavailableError, match=r"cannot be loaded from .*broken\.so.*espeakng-loader"
        ):
            access.version()
    access.close()


def test_a_process_that_is_killed_before_it_is_ready_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    start, started = process._started, []

    def killed_at_first():
        started.append(start())
        if len(started) == 1:
            started[0].kill()
        return started[-1]

    monkeypatch.setattr(process, "_started", killed_at_first)
    access = espeak()
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    assert len(started) == 2
    access.close()
    assert not list(tmp_path.iterdir())


def test_whoever_asks_is_answered_whenever_the_process_is_killed():
    """Somebody kills it at any moment, again and again; only who was hit twice hears of it."""
    open_files, before = psutil.Process().num_fds(), set(psutil.Process().children())
    access, answers, done = espeak(), set(), threading.Event()
    moments = random.Random(1)

    def kill():
        for _ in range(15):
            time.sleep(moments.uniform(0.0, 0.1))
            with contextlib.suppress(psutil.Error):
                for found in processes():
                    found.kill()
        done.set()

    def ask():
        while not done.is_set():
            try:
                answers.add(str(access.read(VOICE, "hello", ties=False)))
            except EngineUnavailableError as error:
                assert "ended by SIGKILL, twice" in str(error)  # noqa: PT017 - it may or may not come

    with ThreadPoolExecutor(4) as pool:
        for work in [pool.submit(kill), *(pool.submit(ask) for _ in range(3))]:
            work.result(60)
    assert answers == {"[(0, 'həlˈoʊ')]"}
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    access.close()
    assert set(psutil.Process().children()) <= before
    assert psutil.Process().num_fds() <= open_files


def test_a_question_that_was_broken_off_spoils_no_other(monkeypatch):
    access = espeak()
    access.version()
    with monkeypatch.context() as patched:
        patched.setattr(process, "unpacked", lambda _: int("not a number"))
        with pytest.raises(ValueError, match="not a number"):
            access.read(VOICE, "something else", ties=False)
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    access.close()


def test_a_long_question_is_given_up_as_well(monkeypatch):
    """It does not fit into the pipe, and nobody reads it."""
    longest = "x" * 1_000_000
    for stop, error in ((lambda: True, process.GivenUpError), (lambda: False, process.ProcessLostError)):
        made = process.EspeakProcess(EspeakFiles.of(EspeakConfig()))
        monkeypatch.setattr(process, "LIMIT_S", 0.5)
        the_process().suspend()
        with pytest.raises(error):
            made.ask("version", stop, longest=longest)
        assert made.gone
        monkeypatch.undo()


def test_a_process_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(process, "_END_S", 0.2)
    access = espeak()
    access.version()
    stopped = the_process()
    stopped.suspend()
    access.close()
    assert not stopped.is_running()


def test_one_that_cannot_be_started_is_an_error_that_says_why(monkeypatch):
    def refused(*_arguments, **_options):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(EngineUnavailableError, match="cannot be started: .*Too many open files"):
        espeak().version()


def test_what_python_prints_when_it_starts_is_no_answer(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("print('traced by nobody ' * 100)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    access = espeak()
    assert access.read(VOICE, "hello", ties=False) == [(0, "həlˈoʊ")]
    access.close()


@pytest.mark.skipif(os.name == "nt", reason="descriptors of POSIX")
def test_it_runs_where_koe_has_neither_input_nor_errors():
    code = (
        "from koe_espeak import EspeakConfig; from koe_espeak.files import EspeakFiles;"
        "from koe_espeak.owner import Espeak; access = Espeak(lambda: EspeakFiles.of(EspeakConfig()));"
        f"print(access.read({VOICE!r}, 'hi', ties=False)); access.close()"
    )
    command = ("sh", "-c", 'exec "$0" -c "$1" <&- 2>&-', sys.executable, code)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, encoding="utf-8")
    assert done.stdout == "[(0, 'hˈaɪ')]\n"


@pytest.mark.skipif(os.name == "nt", reason="timers of POSIX")
def test_a_process_whose_koe_is_gone_does_not_work_forever():
    code = (
        "import time; from koe_espeak import worker; worker.LIMIT_S = 0.05;"
        "worker._Desk.version = lambda desk: time.sleep(60); worker.main()"
    )
    asked = subprocess.run((sys.executable, "-c", code), input=packed({"do": "version"}), check=False)
    assert asked.returncode == -signal.SIGALRM


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="needs /proc")
def test_its_memory_is_never_written_to_disk():
    access = espeak()
    access.version()
    assert the_process().rlimit(psutil.RLIMIT_CORE) == (0, 0)
    access.close()


def in_child(queue):
    access = espeak()
    queue.put(access.version())
    access.close()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_an_espeak_of_its_own():
    """Even one that was forked while somebody asked."""
    access = espeak()
    version = access.version()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(access.speak, VOICE, "A long story. " * 200, Tuning())
        while not _locked():
            time.sleep(0)
        child.start()
        assert len(asked.result(30).audio) > 22050
    assert queue.get(timeout=20) == version
    child.join(20)
    assert child.exitcode == 0
    assert access.read(VOICE, "hello", ties=False)
    access.close()
