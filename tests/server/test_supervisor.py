"""Several server processes on one port."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from koe.http.supervisor import Backoff

from tests.server.harness import PATIENCE_S, ToyServer, wait_until
from tests.server.toy import FIRST, LAST


def workers_of(server: ToyServer) -> list[int]:
    [event] = server.events("server_ready")[-1:]
    assert event["pid"] == server.process.pid
    return [int(pid) for pid in event["workers"]]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_all_workers_answer_on_one_port() -> None:
    with ToyServer(workers=2).ready() as server:
        pids = workers_of(server)
        assert len(set(pids)) == 2
        assert server.process.pid not in pids
        for stopped, other in (pids, pids[::-1]):
            os.kill(stopped, signal.SIGSTOP)
            try:
                # A connection that the stopped worker would have had is taken by the other one.
                assert server.get("/ready").json()["pid"] == other
            finally:
                os.kill(stopped, signal.SIGCONT)
        server.signal()
        assert server.exit_code() == 0


@pytest.mark.parametrize("to_all", [False, True])
def test_all_workers_drain_even_when_each_gets_the_signal_twice(to_all: bool) -> None:
    """systemd signals every process of the service, and the supervisor hands the signal on as well."""
    with ToyServer(workers=2).ready() as server, server.client("1.1") as client:
        pids = workers_of(server)
        with client.stream("GET", "/held?key=a") as response:
            pieces = response.iter_raw()
            assert next(pieces) == FIRST
            if to_all:
                for pid in pids:
                    os.kill(pid, signal.SIGTERM)
                wait_until(lambda: len(server.events("server_draining")) == 2, "both drain")
            server.signal()
            told = 4 if to_all else 2
            wait_until(lambda: len(server.events("server_stopping")) >= told, "all have the signal")
            wait_until(lambda: any(map(gone, pids)), "the idle worker ends")
            assert server.get("/release?key=a").status_code == 200
            assert b"".join(pieces) == LAST
        assert server.exit_code() == 0
        assert all(map(gone, pids))
        assert "Traceback" not in server.logged()


def test_a_killed_worker_is_replaced_while_the_port_goes_on_answering() -> None:
    with ToyServer(workers=2).ready() as server:
        killed, other = workers_of(server)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: gone(killed), "the worker is gone")
        while not server.events("worker_replaced"):
            assert server.get("/ready").status_code == 200
        [died] = server.events("worker_died")
        assert (died["pid"], died["exit_code"]) == (killed, -signal.SIGKILL)
        [replaced] = server.events("worker_replaced")
        os.kill(other, signal.SIGSTOP)
        assert server.get("/ready").json()["pid"] == replaced["pid"]
        os.kill(other, signal.SIGCONT)
        server.signal()
        assert server.exit_code() == 0


def test_a_replacement_that_fails_to_start_is_tried_again_later(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    with ToyServer(workers=2, start=f"crash-after:{broken}").ready() as server:
        killed, _ = workers_of(server)
        broken.touch()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(server.events("worker_died")) >= 2, "a replacement has failed")
        assert server.get("/ready").status_code == 200
        broken.unlink()
        wait_until(lambda: server.events("worker_replaced"), "a replacement starts")
        delays = [event["replaced_in_s"] for event in server.events("worker_died")]
        assert delays[:2] == [0.5, 1.0]
        server.signal()
        assert server.exit_code() == 0


def test_workers_end_with_a_supervisor_that_was_killed() -> None:
    with ToyServer(workers=2).ready() as server:
        pids = workers_of(server)
        server.signal(signal.SIGKILL)
        wait_until(lambda: all(map(gone, pids)), "the workers are gone")


def test_a_second_signal_ends_everything_at_once() -> None:
    with ToyServer(workers=2).ready() as server, server.client("1.1") as client:
        pids = workers_of(server)
        with client.stream("GET", "/held?key=a") as response:
            assert next(response.iter_raw()) == FIRST
            server.signal()
            wait_until(lambda: server.events("server_stopping"), "the supervisor has the signal")
            server.signal()
            assert server.exit_code() == -signal.SIGTERM
            wait_until(lambda: all(map(gone, pids)), "the workers are gone")


def test_a_signal_during_the_start_ends_it_with_exit_code_0() -> None:
    with ToyServer(workers=2, start="hang") as server:
        wait_until(lambda: server.events("toy_starting"), "the start begins")
        server.signal()
        assert server.exit_code() == 0


def test_the_wait_before_a_replacement_doubles_up_to_a_limit() -> None:
    backoff = Backoff(first_s=0.5, longest_s=3.0)
    assert [backoff.delay_s(failures) for failures in (1, 2, 3, 4, 5000)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.longest_s < PATIENCE_S
