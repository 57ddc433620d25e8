"""A kept connection to a server, over which one request after the other is asked and timed."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import h11
from attrs import define, field, frozen

from koe.errors import InvalidRequestError

_READ_BYTES = 65_536
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BrokenAnswerError(Exception):
    """The connection ended, or what came is no HTTP, before the answer was complete."""


@frozen
class Place:
    """Where a server listens.

    Attributes:
        prefix: of all paths, without the `/v1` that base URLs of OpenAI's clients end with.
    """

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises `InvalidRequestError`: it is no http or https URL with a host."""
        try:
            parts = urlsplit(url)
            port = parts.port
            plain = url.isascii() and url.isprintable() and " " not in url
        except ValueError:
            parts, port, plain = urlsplit(""), None, False
        if not plain or parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise InvalidRequestError(f"--url: expected a URL such as http://127.0.0.1:8354, got {url!r}")
        prefix = parts.path.rstrip("/").removesuffix("/v1")
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], prefix)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@frozen
class Reply:
    """A complete answer.

    Attributes:
        headers: by name in lower case.
        arrivals: seconds since the request was sent, and how many bytes of the body had come by then.
        seconds: since the request was sent until the answer's end.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    arrivals: tuple[tuple[float, int], ...]
    seconds: float


@define(eq=False)
class Connection:
    """Opened when it is first needed, and anew where the server has closed it. For one task at a time.

    Attributes:
        tolerant: whether a request is sent once more where a kept connection turns out to be closed, which a
            server may do at any time; else that is a `BrokenAnswerError`.
    """

    place: Place
    tolerant: bool = True
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _http: h11.Connection = field(factory=lambda: h11.Connection(h11.CLIENT))

    async def open(self) -> None:
        """Connect, unless it is. Raises `OSError`."""
        if self._writer is not None:
            return
        context = ssl.create_default_context() if self.place.scheme == "https" else None
        place = self.place
        self._reader, self._writer = await asyncio.open_connection(place.host, place.port, ssl=context)
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """The answer to one request.

        Raises:
            OSError: there is no connection to be had.
            BrokenAnswerError: the answer ends early or is no HTTP.
        """
        kept = self.tolerant and self._writer is not None
        try:
            return await self._asked(method, path, headers, body)
        except (_NothingCameError, ConnectionError):
            await self.close()
            if not kept:
                raise
        except BaseException:
            await self.close()
            raise
        try:
            return await self._asked(method, path, headers, body)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """At once, whatever was not sent yet, and without a goodbye that a server could leave unanswered."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _asked(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        await self.open()
        assert self._writer is not None
        fields = {"host": self.place.authority, **headers}
        if body:
            fields["content-length"] = str(len(body))
        request = h11.Request(method=method, target=self.place.prefix + path, headers=list(fields.items()))
        sent = self._http.send(request) or b""
        if body:
            sent += self._http.send(h11.Data(data=body)) or b""
        self._http.send(h11.EndOfMessage())
        begun = time.perf_counter()
        self._writer.write(sent)
        await self._writer.drain()
        reply = await self._received(begun)
        await self._keep()
        return reply

    async def _received(self, begun: float) -> Reply:
        head: h11.Response | None = None
        pieces: list[bytes] = []
        arrivals: list[tuple[float, int]] = []
        total, now = 0, 0.0
        while True:
            event = self._next_event(nothing_came=head is None)
            if event is h11.NEED_DATA:
                if total > (arrivals[-1][1] if arrivals else 0):
                    arrivals.append((now, total))
                now = await self._read(begun, nothing_came=head is None)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
                total += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        assert head is not None
        if total > (arrivals[-1][1] if arrivals else 0):
            arrivals.append((now, total))
        found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        return Reply(head.status_code, found, b"".join(pieces), tuple(arrivals), now)

    def _next_event(self, *, nothing_came: bool) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            if nothing_came and self._http.trailing_data == (b"", True):
                raise _NothingCameError("the connection was closed without an answer") from None
            raise BrokenAnswerError(f"the answer ends early or is no HTTP: {error}") from None

    async def _read(self, begun: float, *, nothing_came: bool) -> float:
        """Take in what comes next. Returns when it came, in seconds since `begun`."""
        assert self._reader is not None
        try:
            data = await self._reader.read(_READ_BYTES)
        except ConnectionError as error:
            if nothing_came:
                raise _NothingCameError("the connection was reset without an answer") from None
            raise BrokenAnswerError(f"the connection broke off: {error}") from None
        now = time.perf_counter() - begun
        self._http.receive_data(data)
        return now

    async def _keep(self) -> None:
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            await self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _NothingCameError(BrokenAnswerError):
    """Not one byte of an answer came."""
