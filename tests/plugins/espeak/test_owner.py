import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from koe.api import EngineUnavailableError
from koe_espeak import EspeakConfig

from .build import espeak

pytestmark = pytest.mark.usefixtures("nothing_left")


def owner(_library):
    return threading.current_thread()


def test_all_instances_share_one_thread_and_one_library():
    accesses = [espeak() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        threads = set(pool.map(lambda access: access.run(owner), accesses * 10))
    assert len(threads) == 1
    assert len({access.run(id) for access in accesses}) == 1
    for access in accesses:
        access.close()


def test_nothing_starts_before_the_first_run():
    access = espeak()
    assert not any(thread.name.startswith("espeak") for thread in threading.enumerate())
    access.close()


def test_the_thread_ends_with_the_last_instance_and_starts_again():
    one, other = espeak(), espeak()
    thread = one.run(owner)
    assert other.run(owner) is thread
    one.close()
    one.close()
    assert thread.is_alive()
    other.close()
    assert not thread.is_alive()
    assert one.run(owner) is not thread
    one.close()


def test_work_in_progress_is_finished_before_the_thread_ends():
    access = espeak()
    entered, go_on = threading.Event(), threading.Event()

    def work(library):
        entered.set()
        assert go_on.wait(10)
        return library.version

    with ThreadPoolExecutor(2) as pool:
        result = pool.submit(access.run, work)
        assert entered.wait(10)
        closing = pool.submit(access.close)
        go_on.set()
        closing.result(10)
        assert result.result(10)


def test_errors_of_the_work_reach_the_caller():
    access = espeak()
    with pytest.raises(ZeroDivisionError):
        access.run(lambda _library: 1 // 0)
    access.close()


def test_other_files_replace_the_library(tmp_path):
    usual, other = espeak(), espeak(EspeakConfig(library=str(tmp_path / "copy.so")))
    from koe_espeak.files import EspeakFiles

    (tmp_path / "copy.so").symlink_to(EspeakFiles.of(EspeakConfig()).library)
    assert usual.run(lambda library: library.files) != other.run(lambda library: library.files)
    assert usual.run(owner) is other.run(owner)
    usual.close()
    other.close()


def test_a_library_that_cannot_be_loaded_is_an_error_each_time(tmp_path):
    (tmp_path / "broken.so").write_bytes(b"")
    access = espeak(EspeakConfig(library=str(tmp_path / "broken.so")))
    for _ in range(2):
        with pytest.raises(EngineUnavailableError):
            access.run(owner)
    access.close()


def in_child(queue):
    access = espeak()
    queue.put(access.run(lambda library: library.version))
    access.close()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_an_owner_of_its_own():
    access = espeak()
    version = access.run(lambda library: library.version)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == version
    child.join(20)
    assert child.exitcode == 0
    access.close()
