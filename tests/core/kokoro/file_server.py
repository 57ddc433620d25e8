"""A local HTTP server for files that can be told to misbehave."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field


@define
class FileServer:
    """What to serve, how to misbehave, and what was asked.

    `cuts` and `statuses` are used up request by request: a cut ends the connection after that many bytes
    of the body (None: not at all), a status answers with an error. `gate` holds every answer back.
    """

    url: str = ""
    files: dict[str, bytes] = field(factory=dict)
    ranges: bool = True
    etag: str = '"one"'
    cuts: list[int | None] = field(factory=list)
    statuses: list[int] = field(factory=list)
    headers: dict[str, str] = field(factory=dict)
    content_range: str = ""
    send_length: bool = True
    gate: threading.Event | None = None
    asked: threading.Event = field(factory=threading.Event)
    requests: list[tuple[str, str, str]] = field(factory=list)
    """Path, Range and If-Range of every request."""


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        plan = self.server.plan
        wanted = self.headers.get("Range", "")
        plan.requests.append((self.path, wanted, self.headers.get("If-Range", "")))
        plan.asked.set()
        if plan.gate is not None:
            assert plan.gate.wait(10)
        if plan.statuses:
            self._error(plan.statuses.pop(0))
        elif self.path.strip("/") not in plan.files:
            self._error(404)
        else:
            self._send_file(plan.files[self.path.strip("/")], wanted)

    def _send_file(self, body: bytes, wanted: str) -> None:
        plan = self.server.plan
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and plan.ranges else 0
        if self.headers.get("If-Range", plan.etag) != plan.etag:
            start, wanted = 0, ""
        if start >= len(body):
            return self._error(416)
        partial = bool(wanted and plan.ranges)
        self.send_response(206 if partial else 200)
        if partial:
            given = plan.content_range or f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.send_header("Content-Range", given)
        if plan.etag:
            self.send_header("ETag", plan.etag)
        self._send_body(body[start:])
        return None

    def _send_body(self, body: bytes) -> None:
        plan = self.server.plan
        if plan.send_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = plan.cuts.pop(0) if plan.cuts else None
        self.wfile.write(body if cut is None else body[:cut])

    def _error(self, status: int) -> None:
        self.send_response(status)
        for name, value in self.server.plan.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Keep stderr for what is tested."""


class _Server(ThreadingHTTPServer):
    plan: FileServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of some tests."""


@contextmanager
def serve() -> Iterator[FileServer]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.plan = FileServer(url=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.plan
        finally:
            server.shutdown()
            thread.join()
