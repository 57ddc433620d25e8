"""One file of known size over HTTP, resumed where it was cut."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path

import requests
from attrs import frozen

READ_BYTES = 64 * 1024
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@frozen
class Patience:
    """How long a silent server is waited for, and how often a cut transfer is taken up again.

    Between attempts it waits `backoff_s`, doubled each time, or what the server's `Retry-After` says,
    never longer than `max_wait_s`.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    attempts: int = 6
    backoff_s: float = 0.5
    max_wait_s: float = 30.0


PATIENCE = Patience()


@frozen
class TransferListener:
    """Told how many bytes are there, and why and after how many seconds the next attempt is made."""

    on_bytes: Callable[[int], None] = lambda _: None
    on_retry: Callable[[str, float], None] = lambda *_: None


class TransferError(Exception):
    """The file cannot be had from this URL. The message is the reason alone."""


class _InterruptedTransferError(Exception):
    """Another attempt may succeed."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


def transfer(
    url: str,
    part: Path,
    size_bytes: int,
    patience: Patience = PATIENCE,
    listener: TransferListener = TransferListener(),
) -> None:
    """Fill `part` up to `size_bytes`; what is already in it is kept where the server can resume.

    The server's strong ETag is kept beside the part and sent as `If-Range`, so that a file which changed
    on the server is fetched anew instead of being spliced. Blocks; call it from one thread or process a
    part at a time.

    Raises:
        TransferError: the server refuses, offers a file of another size, or every attempt was cut. The
            part stays, and the next call goes on from there.
        OSError: the part cannot be written.
    """
    with requests.Session() as session:
        attempt = _Attempt(session, url, part, size_bytes, patience, listener)
        for wait_s in _waits(patience):
            try:
                attempt.run()
                break
            except _InterruptedTransferError as interruption:
                if wait_s is None:
                    raise TransferError(
                        f"{interruption} (attempt {patience.attempts}, the last)"
                    ) from interruption
                delay_s = min(max(wait_s, interruption.retry_after_s), patience.max_wait_s)
                listener.on_retry(str(interruption), delay_s)
                time.sleep(delay_s)
    discard_validator(part)


def _waits(patience: Patience) -> Iterator[float | None]:
    """Seconds to wait after each failed attempt; None after the last."""
    for attempt in range(patience.attempts - 1):
        yield patience.backoff_s * 2**attempt
    yield None


@frozen
class _Attempt:
    session: requests.Session
    url: str
    part: Path
    size_bytes: int
    patience: Patience
    listener: TransferListener

    def run(self) -> None:
        """Ask for what is missing, once."""
        have = self._have()
        if have == self.size_bytes:
            return
        try:
            self._fetch(have)
        except requests.exceptions.SSLError as error:
            raise TransferError(f"TLS failed: {error}") from error
        except CUT as error:
            raise _InterruptedTransferError(f"the connection failed: {error}") from error
        except requests.RequestException as error:
            raise TransferError(str(error)) from error
        have = self._have()
        if have < self.size_bytes:
            raise _InterruptedTransferError(
                f"the connection ended after {have:,} of {self.size_bytes:,} bytes"
            )

    def _have(self) -> int:
        have = self.part.stat().st_size if self.part.exists() else 0
        return have if have <= self.size_bytes else 0

    def _fetch(self, have: int) -> None:
        timeout = (self.patience.connect_timeout_s, self.patience.read_timeout_s)
        headers = _request_headers(self.url, self.part, have)
        with self.session.get(self.url, headers=headers, stream=True, timeout=timeout) as response:
            start = _start(response, self.part, have, self.size_bytes)
            if start == 0:
                _start_anew(response, self.part)
            self._append(response, start)

    def _append(self, response: requests.Response, have: int) -> None:
        with self.part.open("ab") as file:
            self.listener.on_bytes(have)
            for block in response.iter_content(READ_BYTES):
                have += len(block)
                if have > self.size_bytes:
                    break
                file.write(block)
                self.listener.on_bytes(have)
        if have > self.size_bytes:
            discard(self.part)
            raise TransferError(f"expected {self.size_bytes:,} bytes, the server sent more")


def _request_headers(url: str, part: Path, have: int) -> Mapping[str, str]:
    # A compressed answer would make byte offsets meaningless.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        etag = _known_etag(url, part)
        headers |= {"If-Range": etag} if etag else {}
    return headers


def _start(response: requests.Response, part: Path, have: int, size_bytes: int) -> int:
    """The offset at which the body belongs."""
    status = response.status_code
    if status == HTTPStatus.PARTIAL_CONTENT:
        return _range_start(response, part, have, size_bytes)
    if status == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and "Content-Encoding" not in response.headers:
            _check_size(int(length), size_bytes)
        return 0
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        discard(part)
        raise _InterruptedTransferError(f"the server's file has no byte {have:,}, starting again")
    reason = f"HTTP {status} {response.reason}"
    if status in PASSING:
        raise _InterruptedTransferError(reason, _retry_after_s(response))
    raise TransferError(reason)


def _range_start(response: requests.Response, part: Path, have: int, size_bytes: int) -> int:
    given = response.headers.get("Content-Range", "")
    matched = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", given.strip())
    if matched is None or int(matched[1]) != have:
        discard(part)
        raise _InterruptedTransferError(f"asked for bytes from {have:,}, was sent {given or 'others'!r}")
    if matched[2] != "*":
        _check_size(int(matched[2]), size_bytes)
    return have


def _check_size(offered: int, size_bytes: int) -> None:
    if offered != size_bytes:
        raise TransferError(f"expected a file of {size_bytes:,} bytes, the server offers {offered:,}")


def _retry_after_s(response: requests.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else 0.0


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _start_anew(response: requests.Response, part: Path) -> None:
    # The old part goes first: its bytes must never stand beside the new file's ETag.
    discard(part)
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):
        asked = response.history[0].url if response.history else response.url
        _validator(part).write_text(f"{asked}\n{etag}", encoding="utf-8")


def _known_etag(url: str, part: Path) -> str:
    """The ETag of the bytes in `part`; empty where another mirror, whose tags differ, sent them."""
    validator = _validator(part)
    known = validator.read_text(encoding="utf-8").split("\n") if validator.exists() else []
    return known[1] if len(known) == 2 and known[0] == url else ""  # noqa: PLR2004 two lines: URL, ETag


def discard(part: Path) -> None:
    """Remove a part and what is remembered about it."""
    part.unlink(missing_ok=True)
    discard_validator(part)


def discard_validator(part: Path) -> None:
    """Remove what is remembered about where a part came from."""
    _validator(part).unlink(missing_ok=True)
