"""A reader goes on reading, whatever becomes of its process."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from koe_nemo.process import ProcessLostError
from koe_nemo.reader import MOST_STARTS, STARTS_WITHIN_S, Budget, Reader, UnreadableError
from structlog.testing import capture_logs

from tests.plugins.nemo.build import fake_process

FOLDER = Path("/grammars/en")
PATIENCE_S = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def started():
    """The processes that the reader started, in order."""
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reader(started, clock):
    def start():
        started.append(fake_process())
        return started[-1]

    made = Reader(start, clock)
    yield made
    made.close()


def read(reader, text, limit_s=PATIENCE_S, language="en"):
    return reader.read(language, FOLDER, text, Budget(limit_s))


def lose(reader, text, limit_s=PATIENCE_S):
    with pytest.raises(ProcessLostError) as caught:
        read(reader, text, limit_s)
    return caught.value


def test_one_process_reads_all_languages(reader, started):
    assert read(reader, "five") == "en FIVE"
    assert read(reader, "fünf", language="de") == "de FÜNF"
    assert len(started) == 1


def test_nothing_is_started_before_a_text_or_the_server_needs_it(reader, started):
    assert started == []
    reader.load("en", FOLDER)
    assert started[0].is_alive


def test_what_cannot_be_read_says_why_and_costs_no_process(reader, started):
    with pytest.raises(UnreadableError, match="LookupError: no path"):
        read(reader, "fail")
    assert read(reader, "five") == "en FIVE"
    assert len(started) == 1


@pytest.mark.parametrize(
    ("text", "limit_s", "reason"),
    [("compute", 0.05, "over_budget"), ("die", PATIENCE_S, "died"), ("memory", PATIENCE_S, "died")],
)
def test_the_text_behind_a_loss_is_read_again(reader, started, text, limit_s, reason):
    read(reader, "five", language="de")
    with capture_logs() as logs:
        assert lose(reader, text, limit_s).reason == reason
    assert [(log["event"], log["reason"], log["log_level"]) for log in logs] == [
        ("nemo_process_lost", reason, "warning")
    ]
    assert not started[0].is_alive
    assert (read(reader, "five"), read(reader, "fünf", language="de")) == ("en FIVE", "de FÜNF")
    assert len(started) == 2


def test_a_process_that_died_between_two_texts_costs_neither(reader, started):
    assert read(reader, "five") == "en FIVE"
    os.kill(started[0].pid, signal.SIGKILL)
    os.waitid(os.P_PID, started[0].pid, os.WEXITED | os.WNOWAIT)
    assert read(reader, "six") == "en SIX"
    assert len(started) == 2


def test_it_is_started_a_few_times_a_minute_at_most(reader, started, clock):
    for _ in range(MOST_STARTS):
        assert lose(reader, "die").reason == "died"
        clock.now += 1
    refused = lose(reader, "five")
    assert refused.reason == "no_process"
    assert f"lost {MOST_STARTS} times within 60 s; it is started again in 55 s" in str(refused)
    assert len(started) == MOST_STARTS
    clock.now = STARTS_WITHIN_S
    assert read(reader, "five") == "en FIVE"


def test_grammars_that_cannot_be_loaded_are_a_loss(reader, started):
    with pytest.raises(ProcessLostError, match="/grammars/broken: FileNotFoundError: no grammar") as caught:
        reader.load("en", Path("/grammars/broken"))
    assert caught.value.reason == "not_loaded"
    assert not started[0].is_alive


def test_a_sentence_pays_for_reading_but_not_for_loading(started):
    reader, budget = Reader(fake_process), Budget(PATIENCE_S)
    began = time.monotonic()
    reader.read("en", Path("/grammars/slow"), "five", budget)
    waited_s, paid_s = time.monotonic() - began, PATIENCE_S - budget.left_s
    reader.close()
    assert 0 < paid_s < waited_s - 0.5


def test_a_failure_is_paid_for(reader, clock):
    budget = Budget(2.0)
    clock.__class__ = Ticking
    with pytest.raises(UnreadableError):
        reader.read("en", FOLDER, "fail", budget)
    assert budget.left_s == 1.0


class Ticking(Clock):
    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_an_interrupted_text_does_not_get_its_answer_to_the_next_one(reader, started, monkeypatch):
    reader.load("en", FOLDER)
    monkeypatch.setattr(started[0], "ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(reader, "five")
    assert read(reader, "six") == "en SIX"
    assert len(started) == 2


def interrupted(_request, _limit_s):
    raise KeyboardInterrupt


def test_each_of_eight_threads_gets_its_own_answers(reader, started):
    texts = [f"text {number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: read(reader, text), texts)) == [
            f"en {one.upper()}" for one in texts
        ]
    assert len(started) == 1


def test_others_run_while_a_text_is_read(reader):
    """The reading process holds Python's lock all the time; this one does not."""
    reader.load("en", FOLDER)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lose, reader, "compute", 0.3)
        turns = 0
        while not reading.done():
            time.sleep(0.001)
            turns += 1
    assert turns > 50


def test_closing_ends_the_process_and_a_later_text_starts_another(reader, started):
    reader.load("en", FOLDER)
    reader.close()
    assert not started[0].is_alive
    assert read(reader, "five") == "en FIVE"
    assert len(started) == 2
