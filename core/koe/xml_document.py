"""XML read safely: no DOCTYPE, no entities but XML's own, bounded depth and size, a place for everything.

expat reads without namespaces, so that prefixes need no declaration. What it tells is in bytes; here it is in
characters of the text that the user sent.
"""

import re
from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from attrs import define, field, frozen

from koe.alignment import Span
from koe.errors import InvalidRequestError
from koe.places import excerpt, place

_AT_ONCE = 262_144
"""Bytes fed to expat at a time: after a refusal it reads no further than this."""
_WATCHED = 32_768
_BEFORE = "\ufeff \t\r\n"
_TAG = re.compile(r"""<(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
# What may stand before the root: XML declaration, instructions, comments. A DOCTYPE is found before expat
# sees the entities that it declares.
_DOCTYPE = re.compile(r"(?:\s++|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+<!DOCTYPE", re.DOTALL)
_HINTS: Mapping[str, str] = {
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: (
        "only &amp;, &lt;, &gt;, &quot;, &apos; and numbers such as &#160; are known"
    ),
    expat.errors.XML_ERROR_INVALID_TOKEN: "write &amp; for an ampersand and &lt; for a less-than sign",
    expat.errors.XML_ERROR_NO_ELEMENTS: "an element is not closed before the end",
}


@frozen
class Document:
    """The text that is read. `kind` is what errors call it, `root` the element that it begins with."""

    text: str = field(repr=False)
    kind: str = "SSML"
    root: str = "speak"

    def error(self, position: int, reason: str) -> InvalidRequestError:
        """A refusal that names line and column of `position`, and what stands there."""
        shown = excerpt(self.text, position)
        return InvalidRequestError(
            f"{self.kind}: {place(self.text, position)}: {shown}: {reason}", param="input"
        )

    def too_deep(self, position: int, max_depth: int) -> InvalidRequestError:
        return self.error(position, f"elements nest deeper than {max_depth}")


@frozen
class Tag:
    """A start tag, or the tag of an empty element. `source` is where it stands."""

    name: str
    attributes: Mapping[str, str]
    source: Span


class Handler(Protocol):
    """What is told about a document, in order."""

    def start(self, tag: Tag) -> None: ...

    def text(self, text: str, source: Span, *, verbatim: bool) -> None:
        """`text` came from `source`, character by character where `verbatim`."""

    def end(self, position: int) -> None: ...


def read(document: Document, handler: Handler, *, max_characters: int, max_depth: int) -> None:
    """Tell `handler` what is in the document, at linear cost.

    Raises:
        InvalidRequestError: the document is not well-formed, has a DOCTYPE, or is too long or too deep; or
            whatever `handler` raises.
    """
    text = document.text
    if len(text) > max_characters:
        raise document.error(max_characters, f"the document is longer than {max_characters} characters")
    skipped = len(text) - len(text.lstrip(_BEFORE))
    if not text.startswith("<", skipped):
        raise document.error(skipped, f"an {document.kind} document begins with <{document.root}>")
    doctype = _DOCTYPE.match(text, skipped)
    if doctype:
        raise document.error(doctype.end() - len("<!DOCTYPE"), "DOCTYPE is not allowed")
    try:
        encoded = text[skipped:].encode()
    except UnicodeEncodeError as error:
        raise document.error(skipped + error.start, "half of a surrogate pair is no character") from None
    _check_well_formed(document, encoded, skipped, max_depth)
    _Reading(document, handler, max_depth, encoded, skipped).run()


def _check_well_formed(document: Document, encoded: bytes, skipped: int, max_depth: int) -> None:
    """Read the document for its own sake: a mistake at its end is found before any work is done.

    The depth is watched in the first bytes alone, which is where hostile documents have it; `_Reading`
    watches all of it.
    """
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > max_depth:
            raise document.too_deep(character(parser.CurrentByteIndex), max_depth)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def character(byte: int) -> int:
        return skipped + len(encoded[:byte].decode(errors="ignore"))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(encoded[:_WATCHED], False)  # noqa: FBT003 - expat's API
        parser.StartElementHandler = parser.EndElementHandler = None
        parser.Parse(encoded[_WATCHED:], True)  # noqa: FBT003 - expat's API
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code) or "not well-formed"
        hint = f"; {_HINTS[message]}" if message in _HINTS else ""
        raise document.error(character(parser.ErrorByteIndex), message + hint) from None


@define(eq=False)
class _Reading:
    """One document on its way through expat. `_byte` and `_character` are the same place, counted twice."""

    document: Document
    handler: Handler
    max_depth: int
    encoded: bytes
    _character: int
    _byte: int = field(default=0, init=False)
    _depth: int = field(default=0, init=False)
    _in_cdata: bool = field(default=False, init=False)
    _expat: expat.XMLParserType = field(init=False)

    def __attrs_post_init__(self) -> None:
        parser = self._expat = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartCdataSectionHandler = self._cdata
        parser.EndCdataSectionHandler = self._end_cdata

    def run(self) -> None:
        for start in range(0, len(self.encoded), _AT_ONCE):
            self._expat.Parse(self.encoded[start : start + _AT_ONCE], False)  # noqa: FBT003 - expat's API
        self._expat.Parse(b"", True)  # noqa: FBT003 - expat's API

    def _position(self) -> int:
        """The character that expat is at; it only ever goes on, so that all calls together are linear."""
        byte = self._expat.CurrentByteIndex
        if byte > self._byte:
            self._character += len(self.encoded[self._byte : byte].decode(errors="ignore"))
            self._byte = byte
        return self._character

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        position = self._position()
        self._depth += 1
        if self._depth > self.max_depth:
            raise self.document.too_deep(position, self.max_depth)
        tag = _TAG.match(self.document.text, position)
        end = tag.end() if tag else position + 1
        self.handler.start(Tag(name, attributes, Span(position, end)))

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self.handler.end(self._position())

    def _text(self, text: str) -> None:
        start = self._position()
        source = Span(start, start + self._source_length(text, start))
        self.handler.text(text, source, verbatim=len(source) == len(text))

    def _source_length(self, text: str, start: int) -> int:
        """How many of the user's characters became `text`."""
        written = self.document.text
        if written[start] == "&" and not self._in_cdata:
            return written.index(";", start) + 1 - start
        return 2 if text == "\n" and written.startswith("\r\n", start) else len(text)

    def _cdata(self) -> None:
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._in_cdata = False
