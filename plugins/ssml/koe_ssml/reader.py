"""Walks through a document, keeps what is open, and has each element do its part."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen
from koe.api import AudioChunk, Lexicon, MarkupContext, Span, XmlDocument, XmlTag, kokoro_symbols

from koe_ssml.builder import Builder, Piece, Style
from koe_ssml.config import SsmlConfig

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}", re.ASCII)

Close: TypeAlias = Callable[[list[Piece]], None]
"""What is done at an element's end, with the text that it held back."""


@frozen
class Element:
    """One row of the conformance table, and what the element does.

    Attributes:
        heard: attributes that have an effect.
        unheard: attributes that are known and have none; they are reported, as unknown ones are.
        support: `full`, `partial` or `ignored` (its text is spoken, and it is reported).
        begin: called at the start tag; what it returns, at the end.
    """

    name: str
    heard: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    support: str = "full"
    note: str = ""
    begin: "Callable[[Reader, XmlTag], Close | None] | None" = field(default=None, repr=False)


@frozen
class Ignored:
    """Where something without effect is asked for first, and why it has none."""

    position: int
    reason: str = ""


@define
class Frame:
    """An open element: the style to go back to, and what is done at its end."""

    tag: XmlTag
    style: Style
    close: Close | None = None
    held: list[Piece] | None = None
    mutes: bool = False


@define
class Reader:
    """One document on its way. `style` is how what comes next is spoken."""

    document: XmlDocument
    context: MarkupContext
    config: SsmlConfig
    elements: Mapping[str, Element]
    style: Style
    builder: Builder
    position: int = 0
    media_left_s: float = 0.0
    frames: list[Frame] = field(factory=list)
    lexicons: dict[str, Lexicon] = field(factory=dict)
    ignored: dict[str, Ignored] = field(factory=dict)
    word_ended: bool = False
    """Whether nothing came since a `w` or `token`."""
    _holding: list[list[Piece]] = field(factory=list, init=False)
    _mutes: int = field(default=0, init=False)

    @property
    def muted(self) -> bool:
        """Whether what comes is not to be heard."""
        return self._mutes > 0

    @property
    def holds(self) -> bool:
        """Whether an element around holds text back, so that only text counts."""
        return bool(self._holding)

    def start(self, tag: XmlTag) -> None:
        self.position = tag.source.end
        if tag.name not in {"w", "token"}:
            self.word_ended = False
        if not self.frames and tag.name != "speak":
            raise self.document.error(tag.source.start, "an SSML document begins with <speak>")
        frame = Frame(tag, self.style)
        self.frames.append(frame)
        element = self.elements.get(tag.name)
        if self.muted:
            return
        self._check(tag, element)
        if element is not None and element.begin is not None:
            frame.close = element.begin(self, tag)

    def text(self, text: str, source: Span, *, verbatim: bool) -> None:
        self.position = source.end
        self.word_ended = False
        self.say(Piece(text, source, verbatim))

    def end(self, position: int) -> None:
        self.position = position
        frame = self.frames.pop()
        if frame.mutes:
            self._mutes -= 1
        if frame.held is not None:
            self._holding.pop()
        if frame.close is not None:
            frame.close(frame.held or [])
        self.style = frame.style

    def say(self, piece: Piece) -> None:
        """Add text in the present style, or to the element that holds text back."""
        if self.muted:
            return
        if self._holding:
            self._holding[-1].append(piece)
            return
        for part in self._pronounced(piece):
            self.builder.say(part, self.style)

    def hold(self) -> None:
        """Keep the text of the element that is being begun for its end."""
        held: list[Piece] = []
        self.frames[-1].held = held
        self._holding.append(held)

    def mute(self) -> None:
        """Leave out whatever is in the element that is being begun."""
        self.frames[-1].mutes = True
        self._mutes += 1

    def change(self, **changes: Any) -> None:
        """Change the style up to the end of the element that is being begun."""
        self.style = evolve(self.style, **changes)

    def keep(self, **changes: Any) -> None:
        """Change the style behind the element that is being begun, up to the end of the one around it."""
        self.frames[-1].style = evolve(self.frames[-1].style, **changes)

    def ignore(self, what: str, reason: str = "", tag: XmlTag | None = None) -> None:
        """Note that `tag`, or the one that is being begun, asks for something that has no effect."""
        if what not in self.ignored:
            self.ignored[what] = Ignored((tag or self.frames[-1].tag).source.start, reason)

    def at_outer_end(self, close: Close) -> None:
        """Do something at the end of the element around the one that is being begun."""
        outer = self.frames[-2] if len(self.frames) > 1 else self.frames[-1]
        before = outer.close

        def both(held: list[Piece]) -> None:
            if before is not None:
                before(held)
            close(held)

        outer.close = both

    def set_language(self, tag: XmlTag, attribute: str = "xml:lang") -> bool:
        """Speak the tag's language from here on, if it says one; whether it can be spoken."""
        wanted = tag.attributes.get(attribute, "").strip()
        if not wanted or _is_wider(wanted, self.style.language):
            return True
        if not _LANGUAGE.fullmatch(wanted) or not self.context.speaks(wanted):
            self.ignore(f"{tag.name}@{attribute}", f"{wanted!r:.40} is no language that is spoken here")
            return False
        self.style = evolve(self.style, language=wanted)
        return True

    def play(self, chunk: AudioChunk, volume_db: float, source: Span) -> None:
        self.builder.clip(chunk, volume_db + self.style.media_db, source)

    def _check(self, tag: XmlTag, element: Element | None) -> None:
        if element is None or element.support == "ignored":
            self.ignore(tag.name)
        if element is None:
            return
        for name in tag.attributes:
            if name not in element.heard and not _is_xml(name):
                self.ignore(f"{tag.name}@{name}")

    def _pronounced(self, piece: Piece) -> Sequence[Piece]:
        pieces = [piece]
        for lexicon in self.style.lexicons:
            pieces = [made for one in pieces for made in _looked_up(one, lexicon, self.style.language)]
        return pieces


def _looked_up(piece: Piece, lexicon: Lexicon, language: str) -> Iterator[Piece]:
    """The piece, parted at the words that the lexicon has."""
    if not piece.verbatim or piece.phonemes:
        yield piece
        return
    position, start = 0, piece.source.start
    for hit in lexicon.find(piece.text, language):
        span = hit.span
        if position < span.start:
            source = Span(start + position, start + span.start)
            yield Piece(piece.text[position : span.start], source, verbatim=True)
        source = span.shifted(start)
        if hit.ipa:
            symbols = kokoro_symbols(hit.ipa, language)
            yield Piece(piece.text[span.start : span.end], source, verbatim=True, phonemes=symbols)
        else:
            yield Piece(hit.say, source, verbatim=False)
        position = span.end
    if position < len(piece.text):
        yield Piece(piece.text[position:], Span(start + position, piece.source.end), verbatim=True)


def _is_wider(wanted: str, language: str) -> bool:
    """Whether `wanted` is the language without the region that is already known."""
    return wanted.lower() == language.partition("-")[0].lower()


def _is_xml(attribute: str) -> bool:
    """Whether the attribute is XML's own and says nothing about speech."""
    return attribute in {"xmlns", "xml:id", "xml:space"} or attribute.startswith(("xmlns:", "xsi:"))
