"""The markup `ssml`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from koe.api import (
    InvalidRequestError,
    MarkupContext,
    MarkupParser,
    SpeechRequest,
    Utterance,
    XmlDocument,
    read_xml,
)

from koe_ssml.builder import Builder, Style
from koe_ssml.config import SsmlConfig
from koe_ssml.reader import Ignored, Reader
from koe_ssml.table import ELEMENTS

MAX_SHOWN = 10
"""As many things as one refusal of mode `strict` names."""


class Ssml(MarkupParser):
    """SSML 1.1 with the extensions of Azure, Google and Polly; `docs/ssml.md` lists what it does."""

    name = "ssml"
    conformance: ClassVar[Mapping[str, Any]] = {"document": "<speak>Hello world.</speak>"}

    def __init__(self, config: SsmlConfig | None = None) -> None:
        self._config = SsmlConfig() if config is None else config

    def parse(self, request: SpeechRequest, context: MarkupContext) -> Utterance:
        config, document = self._config, XmlDocument(request.text)
        builder = Builder(document, request.speed)
        style = Style(context.voice, context.language)
        reader = Reader(document, context, config, ELEMENTS, style, builder, media_left_s=config.max_media_s)
        read_xml(document, reader, max_characters=config.max_characters, max_depth=config.max_depth)
        builder.finish()
        if reader.ignored and config.mode == "strict":
            raise _refusal(document, reader.ignored)
        return Utterance(tuple(builder.parts), tuple(reader.ignored))


def _refusal(document: XmlDocument, ignored: Mapping[str, Ignored]) -> InvalidRequestError:
    """All that strict mode does not take, in the order of the document, with the place of the first."""
    found = sorted(ignored.items(), key=lambda item: item[1].position)
    named = [f"{what} ({one.reason})" if one.reason else what for what, one in found[:MAX_SHOWN]]
    more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
    return document.error(
        found[0][1].position,
        f"not supported here: {', '.join(named)}{more}. Leave it out, or let an operator set "
        f'plugins.ssml.mode = "lenient"',
    )
