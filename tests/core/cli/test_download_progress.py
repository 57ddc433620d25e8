import io

from koe.cli.download_progress import reporting
from koe.kokoro.download import DownloadEvent
from rich.console import Console

from tests.core.kokoro.small_catalogue import FP32

FILE = FP32.model
EVENTS = [
    DownloadEvent(FILE, "waiting"),
    DownloadEvent(FILE, "progress", 0),
    DownloadEvent(FILE, "progress", 150_000),
    DownloadEvent(FILE, "retry", 150_000, "HTTP 503; next attempt in 1 s"),
    DownloadEvent(FILE, "progress", 300_000),
    DownloadEvent(FILE, "finished", 300_000),
]


def shown(events: list[DownloadEvent], *, terminal: bool) -> str:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=120, markup=False, highlight=False)
    with reporting(console) as report:
        for event in events:
            report(event)
    return screen.getvalue()


def test_without_a_terminal_there_is_a_line_for_each_event_but_the_bytes():
    assert shown(EVENTS, terminal=False).splitlines() == [
        f"{FILE.path}: another process is downloading it, waiting",
        f"{FILE.path}: downloading 0.3 MB",
        f"{FILE.path}: HTTP 503; next attempt in 1 s",
        f"{FILE.path}: downloaded and verified",
    ]


def test_a_continued_download_says_where_it_goes_on():
    line = shown([DownloadEvent(FILE, "progress", 200_000)], terminal=False)
    assert line == f"{FILE.path}: downloading 0.3 MB, going on at 0.2 MB\n"


def test_on_a_terminal_there_is_a_bar_with_bytes_and_the_other_events_stay_lines():
    screen = shown(EVENTS, terminal=True)
    assert "300.0/300.0 kB" in screen
    assert "HTTP 503; next attempt in 1 s" in screen


def test_a_file_that_is_here_needs_no_bar():
    screen = shown([DownloadEvent(FILE, "present", 300_000)], terminal=True)
    assert "already here and intact" in screen
    assert "kB" not in screen
