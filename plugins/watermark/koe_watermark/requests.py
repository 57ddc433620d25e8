"""The file in a request's body, raw or as a form, of which a limited part is ever held."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final, cast

from attrs import define
from koe.api import BodyTooLargeError, InvalidRequestError, UnsupportedMediaTypeError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

FIELD: Final = "file"
_FORM: Final = "multipart/form-data"
_IN_MEMORY: Final = 1 << 20
"""Bytes of a file above which it lies on disk."""
_MOST_FIELDS: Final = 8
_OTHER_BYTES: Final = 1 << 16
"""Of a form around its file."""


@asynccontextmanager
async def uploaded(request: Request, max_bytes: int, timeout_s: float) -> AsyncIterator[BinaryIO]:
    """The file that a request carries, for the length of the block.

    Raises:
        BodyTooLargeError: there are more than `max_bytes`.
        UnsupportedMediaTypeError: the body is compressed, or a form of another kind.
        InvalidRequestError: the form is broken, has no file `file`, or the body took longer than `timeout_s`.
        ClientDisconnect: the client left before the body was complete.
    """
    media_type = _media_type(request)
    limited = _Limited(request.receive, max_bytes + (_OTHER_BYTES if media_type == _FORM else 0), max_bytes)
    limited.check_declared(request.headers.get("content-length", ""))
    try:
        async with asyncio.timeout(timeout_s) as patience:
            read = _form_file if media_type == _FORM else _raw_file
            file = await read(Request(request.scope, limited.receive))
    except TimeoutError:
        if not patience.expired():
            raise
        raise InvalidRequestError(f"The body was not complete after {timeout_s:g} s") from None
    with file:
        yield file


def _media_type(request: Request) -> str:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(
            f"The body's content-encoding is {encoding[:40]!r}; send it as it is, without that header"
        )
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded" or (
        media_type.startswith("multipart/") and media_type != _FORM
    ):
        raise UnsupportedMediaTypeError(
            f"The body's content-type is {media_type[:80]!r}; send the file itself as "
            f"application/octet-stream, or as the field {FIELD!r} of {_FORM} (curl -F {FIELD}=@FILE)"
        )
    return media_type


@define
class _Limited:
    """A body that ends with an error when it grows too large."""

    _receive: Receive
    _left: int
    _max_bytes: int

    def check_declared(self, length: str) -> None:
        if length.isdecimal() and (len(length) > len(str(self._left)) or int(length) > self._left):
            raise self._too_large()

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._too_large()
        return message

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(
            f"The file has more than {self._max_bytes} bytes (plugins.watermark.detect.max_bytes); cut "
            f"it, or send it compressed as audio"
        )


async def _raw_file(request: Request) -> BinaryIO:
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - its user closes it
    try:
        written = 0
        async for piece in request.stream():
            written += len(piece)
            if written > _IN_MEMORY:
                await asyncio.to_thread(file.write, piece)
            else:
                file.write(piece)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", file)


async def _form_file(request: Request) -> BinaryIO:
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_OTHER_BYTES)
    except HTTPException as error:
        raise InvalidRequestError(f"The form cannot be read: {error.detail}") from error
    found = form.get(FIELD)
    if not isinstance(found, UploadFile):
        await form.close()
        raise InvalidRequestError(
            f"The form has no file in a field called {FIELD!r}: curl -F {FIELD}=@FILE", param=FIELD
        )
    return found.file
