import errno
import shutil
import threading

import pytest
from attrs import evolve
from koe.errors import ModelFileError
from koe.kokoro.download import DownloadEvent, download, is_intact, mirror_url
from koe.kokoro.transfer import Patience

from tests.core.kokoro.file_server import serve
from tests.core.kokoro.small_catalogue import FP32, everything

FILE = FP32.model
BODY = everything()[FILE.path]
QUICK = Patience(connect_timeout_s=5, read_timeout_s=5, attempts=3, backoff_s=0.0)


@pytest.fixture
def server():
    with serve() as plan:
        plan.files = everything()
        yield plan


@pytest.fixture
def events():
    return []


@pytest.fixture
def fetch(server, tmp_path, events):
    def run(file=FILE):
        return download(file, tmp_path, base_url=server.url, report=events.append, patience=QUICK)

    return run


def kinds(events: list[DownloadEvent]) -> list[str]:
    return list(dict.fromkeys(event.kind for event in events))


def test_the_file_arrives_whole_under_its_release(tmp_path, fetch, events):
    target = fetch()
    assert target == tmp_path / FILE.release / FILE.name
    assert target.read_bytes() == BODY
    assert kinds(events) == ["progress", "finished"]


def test_nothing_but_the_file_and_its_lock_is_left_behind(fetch):
    target = fetch()
    assert {path.name for path in target.parent.iterdir()} <= {target.name, f"{target.name}.lock"}


def test_other_users_may_read_the_file(fetch):
    """Temporary files are private; a model folder is often shared."""
    probe = fetch().parent / "probe"
    probe.touch()
    assert (fetch().stat().st_mode & 0o777) == (probe.stat().st_mode & 0o777)


def test_an_intact_file_is_not_fetched_again(server, fetch, events):
    fetch()
    events.clear()
    fetch()
    assert len(server.requests) == 1
    assert kinds(events) == ["present"]


@pytest.mark.parametrize("damaged", [b"short", bytes(len(BODY))], ids=["truncated", "same size"])
def test_a_damaged_file_is_replaced(fetch, damaged):
    target = fetch()
    target.write_bytes(damaged)
    fetch()
    assert target.read_bytes() == BODY


def test_an_interrupted_download_is_continued(server, fetch, events):
    server.cuts = [200_000]
    assert fetch().read_bytes() == BODY
    assert kinds(events) == ["progress", "retry", "finished"]
    retry = next(event for event in events if event.kind == "retry")
    assert retry.done_bytes > 100_000
    assert "next attempt in 0 s" in retry.detail


def test_wrong_bytes_are_deleted_and_both_digests_are_named(server, tmp_path, fetch):
    server.files[FILE.path] = bytes(len(BODY))
    with pytest.raises(ModelFileError) as caught:
        fetch()
    message = str(caught.value)
    assert f"{server.url}/{FILE.path} is not {FILE.name} of {FILE.release}" in message
    assert f"expected SHA-256 {FILE.sha256}, found " in message
    assert not (tmp_path / FILE.path).exists()
    assert not list(tmp_path.rglob("*.part*"))


def test_after_wrong_bytes_the_next_run_starts_anew(server, fetch):
    server.files[FILE.path] = bytes(len(BODY))
    with pytest.raises(ModelFileError):
        fetch()
    server.files[FILE.path] = BODY
    assert fetch().read_bytes() == BODY


def test_a_part_that_another_file_was_spliced_into_is_found_out(server, tmp_path, fetch):
    """Without an ETag the digest is what tells."""
    server.etag = ""
    part = tmp_path / f"{FILE.path}.part"
    part.parent.mkdir()
    part.write_bytes(b"other" * 100)
    with pytest.raises(ModelFileError, match="expected SHA-256"):
        fetch()
    assert fetch().read_bytes() == BODY


def test_a_refusal_names_the_address_and_the_way_without_a_network(server, tmp_path, fetch):
    server.files.clear()
    with pytest.raises(ModelFileError) as caught:
        fetch()
    message = str(caught.value)
    assert f"from {server.url}/{FILE.path}: HTTP 404 Not Found" in message
    assert f"put it at {tmp_path / FILE.path}" in message
    assert FILE.sha256 in message
    assert "KOE_MODEL_BASE_URL" in message


def test_a_cut_for_good_keeps_what_came(server, tmp_path, fetch):
    server.cuts = [200_000, 0, 0]
    with pytest.raises(ModelFileError, match="goes on where it stopped"):
        fetch()
    assert (tmp_path / f"{FILE.path}.part").stat().st_size > 100_000
    assert not (tmp_path / FILE.path).exists()
    assert fetch().read_bytes() == BODY


def test_a_disk_without_room_is_noticed_before_the_download(server, fetch, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(ModelFileError, match=r"too full.*300,000 bytes needed, 1,000 free.*--dir"):
        fetch()
    assert server.requests == []


def test_a_disk_that_fills_up_meanwhile_is_named(fetch, monkeypatch, tmp_path):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("koe.kokoro.download.transfer", full)
    with pytest.raises(ModelFileError, match=r"could not be stored in .*No space left on device.*--dir"):
        fetch()


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "occupied").write_text("a file")
    with pytest.raises(ModelFileError, match=r"could not be stored in .*occupied"):
        download(FILE, tmp_path / "occupied", base_url=server.url, patience=QUICK)


def test_two_that_want_the_same_file_fetch_it_once(server, tmp_path):
    server.gate = threading.Event()
    waiting = threading.Event()
    first = threading.Thread(target=download, args=(FILE, tmp_path), kwargs={"base_url": server.url})
    second = threading.Thread(
        target=download,
        args=(FILE, tmp_path),
        kwargs={
            "base_url": server.url,
            "report": lambda event: waiting.set() if event.kind == "waiting" else None,
        },
    )
    first.start()
    assert server.asked.wait(10)
    second.start()
    assert waiting.wait(10)
    server.gate.set()
    for thread in (first, second):
        thread.join(10)
        assert not thread.is_alive()
    assert len(server.requests) == 1
    assert is_intact(tmp_path / FILE.path, FILE)


def test_a_read_only_folder_with_the_file_in_it_will_do(server, fetch, monkeypatch):
    """Images ship models in folders that the server may not write to."""
    fetch()
    monkeypatch.setattr("koe.kokoro.download.FileLock", None)
    fetch()


def test_without_a_mirror_the_files_come_from_their_origin(server, tmp_path):
    file = evolve(FILE, origin=f"{server.url}/{FILE.release}")
    assert download(file, tmp_path).read_bytes() == BODY


def test_the_mirror_is_the_given_one_else_the_environments(monkeypatch):
    monkeypatch.delenv("KOE_MODEL_BASE_URL", raising=False)
    assert mirror_url() == ""
    monkeypatch.setenv("KOE_MODEL_BASE_URL", "http://mirror")
    assert mirror_url() == "http://mirror"
    assert mirror_url("http://other") == "http://other"
