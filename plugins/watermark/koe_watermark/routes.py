"""`POST /v1/watermark/detect`."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
import structlog
from attrs import define, field
from koe.api import (
    BodyTooLargeError,
    DescribedRoute,
    InvalidRequestError,
    OverloadedError,
    UnsupportedMediaTypeError,
)
from starlette.requests import Request
from starlette.responses import Response

from koe_watermark.detection_config import DetectConfig
from koe_watermark.detector import Detection, Detector
from koe_watermark.errors import AudioTooLongError, DamagedAudioError, WatermarkUnavailableError
from koe_watermark.finding import detect
from koe_watermark.media import MediaLimits
from koe_watermark.requests import FIELD, uploaded

log = structlog.get_logger(__name__)

PATH: Final = "/v1/watermark/detect"
_RETRY_S: Final = 2.0
_BINARY: Final = {"type": "string", "format": "binary"}
_CONSUMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "multipart/form-data": {"type": "object", "properties": {FIELD: _BINARY}, "required": [FIELD]},
    "application/octet-stream": _BINARY,
    "audio/*": _BINARY,
}
_DESCRIPTION: Final = (
    "Takes an audio file of any common kind, as the body or as the field `file` of a form. `watermarked` is "
    "null where the method cannot tell, and `reason` says why. The mark can be removed and forged by someone "
    "who tries: finding it is a hint, and not finding it proves nothing."
)


@define(eq=False)
class Detecting:
    """What the route is called with. Belongs to one event loop."""

    detector: Detector
    config: DetectConfig
    _inside: int = field(default=0, init=False)
    _threads: ThreadPoolExecutor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(self.config.concurrency, thread_name_prefix="koe-watermark")

    def route(self) -> DescribedRoute:
        return DescribedRoute(
            PATH,
            self.detect,
            method="POST",
            tag="watermark",
            summary="Look for a watermark",
            description=_DESCRIPTION,
            answer=Detection,
            consumes=_CONSUMES,
            needs="detect",
            errors=(
                InvalidRequestError,
                DamagedAudioError,
                BodyTooLargeError,
                AudioTooLongError,
                UnsupportedMediaTypeError,
                OverloadedError,
                WatermarkUnavailableError,
            ),
        )

    async def detect(self, request: Request) -> Response:
        if self._inside >= self.config.concurrency + self.config.queue:
            raise OverloadedError(
                f"{self._inside} files are being looked at or wait for it already; try again later",
                retry_after_s=_RETRY_S,
            )
        self._inside += 1
        try:
            async with uploaded(request, self.config.max_bytes, self.config.max_upload_s) as file:
                found = await self._in_thread(file)
        finally:
            self._inside -= 1
        return Response(msgspec.json.encode(found), media_type="application/json")

    def close(self) -> None:
        """Let running work end and the threads go."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _in_thread(self, file: Any) -> Detection:
        limits = MediaLimits(self.config.max_audio_s, self.config.max_decode_s)
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: detect(file, detector=self.detector, limits=limits)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.cancel()
            await _ended(work)
            raise
        except WatermarkUnavailableError as error:
            log.error("watermark_unavailable", reason=error.message)  # noqa: TRY400 - the reason says it all
            raise WatermarkUnavailableError(
                "This server cannot look for watermarks: the weights are missing; its log says more"
            ) from error


async def _ended(work: "asyncio.Future[Detection]") -> None:
    """Wait until the thread is done with the file, whatever happens to the waiting task meanwhile."""
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            continue
    if not work.cancelled():
        work.exception()
