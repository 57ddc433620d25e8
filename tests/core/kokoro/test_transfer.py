import socket
import threading

import pytest
from koe.kokoro.transfer import Patience, TransferError, TransferListener, transfer

from tests.core.kokoro.file_server import FileServer, serve

BODY = bytes(range(256)) * 2000
QUICK = Patience(connect_timeout_s=5, read_timeout_s=5, attempts=3, backoff_s=0.0, max_wait_s=0.0)


@pytest.fixture
def server():
    with serve() as plan:
        plan.files = {"model.onnx": BODY}
        yield plan


@pytest.fixture
def part(tmp_path):
    return tmp_path / "model.onnx.part"


@pytest.fixture
def fetch(server, part):
    def run(**options):
        transfer(f"{server.url}/model.onnx", part, len(BODY), QUICK, **options)
        return part.read_bytes()

    return run


def ranges(server: FileServer) -> list[str]:
    return [wanted for _, wanted, _ in server.requests]


def test_a_file_is_fetched_in_one_request(server, part, fetch):
    assert fetch() == BODY
    assert ranges(server) == [""]
    assert list(part.parent.iterdir()) == [part]


def test_progress_counts_every_byte(fetch):
    seen: list[int] = []
    fetch(listener=TransferListener(on_bytes=seen.append))
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert seen[-1] == len(BODY)


def test_a_cut_connection_is_taken_up_where_it_ended(server, fetch):
    server.cuts = [200_000]
    reasons = []
    assert fetch(listener=TransferListener(on_retry=lambda reason, _: reasons.append(reason))) == BODY
    first, second = ranges(server)
    assert first == ""
    assert 100_000 < int(second.removeprefix("bytes=").rstrip("-")) <= 200_000
    assert len(reasons) == 1


def test_a_part_of_an_earlier_run_is_continued(server, part, fetch):
    part.write_bytes(BODY[:1000])
    assert fetch() == BODY
    assert ranges(server) == ["bytes=1000-"]


def test_a_complete_part_needs_no_request(server, part, fetch):
    part.write_bytes(BODY)
    assert fetch() == BODY
    assert server.requests == []


def test_a_part_longer_than_the_file_is_thrown_away(server, part, fetch):
    part.write_bytes(BODY + b"more")
    assert fetch() == BODY
    assert ranges(server) == [""]


def test_a_server_without_ranges_makes_it_start_again(server, part, fetch):
    """Appending the whole file to the part would make a file of the wrong size."""
    server.ranges = False
    part.write_bytes(b"stale" * 100)
    assert fetch() == BODY


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(server, fetch):
    server.ranges = False
    server.cuts = [1000] * 10
    with pytest.raises(TransferError, match=r"attempt 3, the last"):
        fetch()
    assert len(server.requests) == 3


def test_what_came_before_giving_up_stays_for_the_next_run(server, part, fetch):
    server.cuts = [200_000, 0, 0]
    with pytest.raises(TransferError):
        fetch()
    assert part.stat().st_size > 100_000
    assert fetch() == BODY
    assert ranges(server)[-1] != ""


def test_a_file_that_changed_on_the_server_is_not_spliced(server, fetch):
    server.cuts = [200_000, 0, 0]
    server.files = {"model.onnx": bytes(len(BODY))}
    with pytest.raises(TransferError):
        fetch()
    server.files, server.etag = {"model.onnx": BODY}, '"two"'
    assert fetch() == BODY
    assert server.requests[-1][2] == '"one"'


def test_another_mirror_continues_without_the_first_ones_etag(server, part, fetch):
    server.cuts = [200_000, 0, 0]
    with pytest.raises(TransferError):
        fetch()
    server.etag = '"mirror"'
    server.files["copy/model.onnx"] = BODY
    transfer(f"{server.url}/copy/model.onnx", part, len(BODY), QUICK)
    assert part.read_bytes() == BODY
    assert server.requests[-1][1].startswith("bytes=")
    assert server.requests[-1][2] == ""


def test_a_weak_etag_is_not_sent_as_if_range(server, fetch):
    """RFC 9110, 13.1.5: If-Range needs a strong validator."""
    server.etag, server.cuts = 'W/"one"', [200_000]
    assert fetch() == BODY
    assert server.requests[-1][2] == ""


def test_a_range_past_the_end_makes_it_start_again(server, part, fetch):
    server.statuses = [416]
    part.write_bytes(BODY[:1000])
    assert fetch() == BODY
    assert ranges(server) == ["bytes=1000-", ""]


@pytest.mark.parametrize("answer", ["bytes 0-511999/512000", "nonsense"])
def test_another_range_than_asked_for_makes_it_start_again(server, part, fetch, answer):
    server.content_range = answer
    part.write_bytes(BODY[:1000])
    assert fetch() == BODY
    assert ranges(server) == ["bytes=1000-", ""]


def test_a_range_of_a_file_of_another_size_is_refused(server, part, fetch):
    server.content_range = "bytes 1000-511999/999999"
    part.write_bytes(BODY[:1000])
    with pytest.raises(TransferError, match=r"expected a file of 512,000 bytes, the server offers 999,999"):
        fetch()


def test_a_file_of_another_size_is_refused_before_it_is_read(server, part, fetch):
    server.files = {"model.onnx": BODY[:77]}
    with pytest.raises(TransferError, match=r"expected a file of 512,000 bytes, the server offers 77"):
        fetch()
    assert not part.exists()


def test_a_stream_without_end_does_not_fill_the_disk(server, part, fetch):
    server.send_length = False
    server.files = {"model.onnx": BODY + b"more"}
    with pytest.raises(TransferError, match="the server sent more"):
        fetch()
    assert not part.exists()


def test_a_short_stream_of_unstated_length_is_not_taken_for_the_whole(server, fetch):
    server.send_length = False
    server.cuts = [1000, 1000, 1000]
    with pytest.raises(TransferError, match=r"ended after 3,000 of 512,000 bytes"):
        fetch()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_refusal_is_asked_again(server, fetch, status):
    server.statuses = [status]
    assert fetch() == BODY


def test_the_servers_retry_after_is_waited_for_within_limits(server, part):
    server.statuses, server.headers = [503], {"Retry-After": "3600"}
    waited = []
    patience = Patience(backoff_s=0.0, max_wait_s=0.01)
    listener = TransferListener(on_retry=lambda _, delay_s: waited.append(delay_s))
    transfer(f"{server.url}/model.onnx", part, len(BODY), patience, listener)
    assert waited == [0.01]


def test_a_final_refusal_is_not_asked_again(server, fetch):
    server.statuses = [404]
    with pytest.raises(TransferError, match=r"HTTP 404 Not Found"):
        fetch()
    assert len(server.requests) == 1


def test_a_server_that_falls_silent_is_asked_again(server, part):
    server.gate = threading.Event()
    listener = TransferListener(on_retry=lambda *_: server.gate.set())
    patience = Patience(read_timeout_s=0.2, backoff_s=0.0)
    transfer(f"{server.url}/model.onnx", part, len(BODY), patience, listener)
    assert part.read_bytes() == BODY
    assert len(server.requests) > 1


def test_a_server_without_proper_tls_is_not_asked_again(server, part):
    waits: list[float] = []
    listener = TransferListener(on_retry=lambda _, delay_s: waits.append(delay_s))
    with pytest.raises(TransferError, match="TLS failed"):
        transfer(server.url.replace("http:", "https:"), part, 10, QUICK, listener)
    assert waits == []


def test_an_address_that_is_none_is_refused(part):
    with pytest.raises(TransferError, match="No scheme supplied"):
        transfer("mirror/model.onnx", part, 10, QUICK)


def test_a_server_that_is_not_there_is_given_up_after_every_attempt(unused_tcp_port_url, part):
    waits = []
    listener = TransferListener(on_retry=lambda _, delay_s: waits.append(delay_s))
    with pytest.raises(TransferError, match="connection failed"):
        transfer(unused_tcp_port_url, part, 10, QUICK, listener)
    assert len(waits) == QUICK.attempts - 1


@pytest.fixture
def unused_tcp_port_url():
    with socket.socket() as bound:  # bound but not listening: every connection is refused
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/model.onnx"
