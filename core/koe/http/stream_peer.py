"""The client at the other end of a WebSocket: what it sends, within limits, and what it is sent, in time."""

import asyncio

from attrs import define
from starlette.types import Receive, Send

from koe.errors import InvalidRequestError
from koe.http.responses import ClientGoneError
from koe.http.stream_messages import MAX_MESSAGE_CHARACTERS, ServerEvent, encode_event

NORMAL = 1000
GOING_AWAY = 1001
UNSUPPORTED_DATA = 1003
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011

_GOODBYE_S = 2.0
"""How long a client may take to answer the close frame."""


class ProtocolViolationError(InvalidRequestError):
    """The client broke the rules so that the session cannot go on; it ends with `close_code`."""

    def __init__(self, message: str, close_code: int) -> None:
        super().__init__(message)
        self.close_code = close_code


class ClientStalledError(ClientGoneError):
    """The client has stopped reading; the connection is to be broken."""


@define(eq=False)
class Peer:
    """An accepted WebSocket. `send` may be called from several tasks, `receive` from one."""

    _receive: Receive
    _send: Send
    _stall_timeout_s: float

    async def receive(self) -> str:
        """The next text frame.

        Raises:
            ClientGoneError: the client closed the connection, or it broke.
            ProtocolViolationError: the frame is binary, or too large.
        """
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise ClientGoneError("The client closed the session")
        text = message.get("text")
        if text is None:
            raise ProtocolViolationError("Binary frames are not taken; send JSON text", UNSUPPORTED_DATA)
        if len(text) > MAX_MESSAGE_CHARACTERS:
            raise ProtocolViolationError(
                f"A message has more than {MAX_MESSAGE_CHARACTERS} characters; send the text in parts",
                MESSAGE_TOO_BIG,
            )
        assert isinstance(text, str)
        return text

    async def send(self, event: ServerEvent) -> None:
        """Send an event. Raises `ClientStalledError` where the client does not read (see `send_audio`)."""
        await self._in_time({"type": "websocket.send", "text": encode_event(event)})

    async def send_audio(self, data: bytes) -> None:
        """Send a binary frame, and wait while the client has not yet taken most of what it was sent.

        Raises:
            ClientStalledError: that took longer than the stall timeout.
        """
        await self._in_time({"type": "websocket.send", "bytes": data})

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, and wait a moment for the answer, so that nothing that was sent gets lost."""
        await self._in_time({"type": "websocket.close", "code": code, "reason": reason})
        try:
            async with asyncio.timeout(_GOODBYE_S):
                while (await self._receive())["type"] != "websocket.disconnect":
                    pass
        except TimeoutError:
            pass  # it has had its chance; the server ends the connection

    async def _in_time(self, message: dict[str, object]) -> None:
        try:
            async with asyncio.timeout(self._stall_timeout_s):
                await self._send(message)
        except TimeoutError:
            raise ClientStalledError(
                f"The client has read nothing for {self._stall_timeout_s:g} s (http.stream_stall_timeout_s)"
            ) from None
