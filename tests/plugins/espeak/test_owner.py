"""espeak-ng lives in a process of its own, which starts on demand, and whose death costs one question."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from koe.api import EngineUnavailableError, InvalidRequestError, KoeError
from koe_espeak import EspeakConfig, process
from koe_espeak.files import EspeakFiles
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
    monkeypatch.setenv("TMPDIR", str(tmp_path))
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


def in_child(queue):
    access = espeak()
    queue.put(access.version())
    access.close()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_an_espeak_of_its_own():
    access = espeak()
    version = access.version()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == version
    child.join(20)
    assert child.exitcode == 0
    assert access.read(VOICE, "hello", ties=False)
    access.close()
