"""Lexicons in XML: the W3C's Pronunciation Lexicon Specification 1.0."""

from attrs import define, field

from koe.alignment import Span
from koe.errors import InvalidRequestError
from koe.lexicon.contents import Contents, LexiconFileError
from koe.lexicon.entries import PARTS_OF_SPEECH, LexiconEntry
from koe.lexicon.matching import Held, Origin
from koe.lexicon.phonemes import ALPHABETS, as_ipa
from koe.places import place
from koe.problems import MOST_PROBLEMS
from koe.xml_document import Document, Tag, read

MAX_CHARACTERS = 50_000_000
_MAX_DEPTH = 8


def read_pls(source: str, text: str, max_characters: int = MAX_CHARACTERS) -> Contents:
    """The entries of a document, those of a lexeme for each of its graphemes.

    Graphemes are found in exactly their case, and the region of `xml:lang` does not count. A `role` is a part
    of speech where its local name is one; other lexemes with a role are left out.

    Raises:
        LexiconFileError: it is not well-formed, no lexicon, or has entries that cannot be.
    """
    document = Document(text, "PLS", "lexicon")
    reader = _Reader(document, source)
    try:
        read(document, reader, max_characters=max_characters, max_depth=_MAX_DEPTH)
    except InvalidRequestError as error:
        raise LexiconFileError([f"{source}: {error}"]) from None
    if reader.problems:
        raise LexiconFileError(reader.problems)
    held = sorted(reader.held, key=lambda one: not one.entry.part_of_speech)
    return Contents(tuple(held), tuple(reader.left_out))


@define
class _Lexeme:
    """One on its way; `position` is where it begins."""

    position: int
    role: str = ""
    graphemes: list[str] = field(factory=list)
    ipa: str = ""
    say: str = ""


@define
class _Reader:
    """Reads `lexicon`, `lexeme`, `grapheme`, `phoneme` and `alias`; other elements say nothing to it."""

    document: Document
    source: str
    held: list[Held] = field(factory=list)
    left_out: list[str] = field(factory=list)
    problems: list[str] = field(factory=list)
    _language: str = field(default="", init=False)
    _alphabet: str = field(default="ipa", init=False)
    _stack: list[Tag] = field(factory=list, init=False)
    _text: list[str] = field(factory=list, init=False)
    _lexeme: _Lexeme | None = field(default=None, init=False)
    _line: int = field(default=1, init=False)
    _counted: int = field(default=0, init=False)

    def start(self, tag: Tag) -> None:
        if not self._stack:
            if tag.name != "lexicon":
                raise self.document.error(tag.source.start, f"<{tag.name}> is no <lexicon>")
            self._alphabet = tag.attributes.get("alphabet", "ipa")
            self._language = tag.attributes.get("xml:lang", "").strip().partition("-")[0]
        elif tag.name == "lexeme":
            self._lexeme = _Lexeme(tag.source.start, tag.attributes.get("role", "").strip())
        self._stack.append(tag)
        self._text = []

    def text(self, text: str, _source: Span, *, verbatim: bool) -> None:  # noqa: ARG002 - only the text counts
        self._text.append(text)

    def end(self, position: int) -> None:
        tag, text = self._stack.pop(), " ".join("".join(self._text).split())
        lexeme = self._lexeme
        if lexeme is None:
            return
        if tag.name == "grapheme" and text:
            lexeme.graphemes.append(text)
        elif tag.name == "alias" and text:
            lexeme.say = lexeme.say or text
        elif tag.name == "phoneme" and text:
            lexeme.ipa = lexeme.ipa or self._ipa(tag, text, position)
        elif tag.name == "lexeme":
            self._add(lexeme)
            self._lexeme = None

    def _ipa(self, tag: Tag, text: str, position: int) -> str:
        alphabet = tag.attributes.get("alphabet", self._alphabet)
        ipa = as_ipa(alphabet, text)
        if ipa is None:
            self._wrong(position, f"the alphabet {alphabet!r:.40} is none of {', '.join(ALPHABETS)}")
            return "a"
        return ipa

    def _add(self, lexeme: _Lexeme) -> None:
        line = self._line_at(lexeme.position)
        if not lexeme.graphemes or not (lexeme.ipa or lexeme.say):
            lacking = "phoneme or alias" if lexeme.graphemes else "grapheme"
            self._wrong(lexeme.position, f"the lexeme has no {lacking}")
            return
        roles = [role.rpartition(":")[2] for role in lexeme.role.split()]
        if any(role not in PARTS_OF_SPEECH for role in roles):
            words = f"role {lexeme.role!r:.60} is no part of speech that is known here"
            self.left_out.append(f"{self.source}, line {line}: {words}")
            return
        if roles and not self._language:
            self._wrong(lexeme.position, "a role needs the language of the lexicon; add xml:lang")
        for grapheme in lexeme.graphemes:
            try:
                entry = LexiconEntry(grapheme, lexeme.ipa, lexeme.say, self._language, "exact", tuple(roles))
            except ValueError as error:
                self._wrong(lexeme.position, str(error))
            else:
                self.held.append(Held(entry, Origin(self.source, line)))

    def _wrong(self, position: int, reason: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{self.source}: {place(self.document.text, position)}: {reason}")

    def _line_at(self, position: int) -> int:
        """The line of a place that is never before the last one."""
        self._line += self.document.text.count("\n", self._counted, position)
        self._counted = position
        return self._line
