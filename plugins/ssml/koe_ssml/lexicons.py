"""Pronunciation Lexicon Specification 1.0: files that the operator allows, applied to words as they come."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import define, field, frozen
from koe.api import InvalidRequestError, Span

from koe_ssml.document import Document, Tag, read
from koe_ssml.files import FileRefusedError
from koe_ssml.ipa import kokoro_symbols
from koe_ssml.xsampa import ipa

MAX_FILE_CHARACTERS = 2_000_000
_MAX_DEPTH = 8
_WORD = re.compile(r"\w+(?:['’-]\w+)*")

Kind: TypeAlias = Literal["phoneme", "alias"]


@frozen
class Entry:
    """How a grapheme is spoken: `text` is phonemes in Kokoro's symbols, or other words."""

    kind: Kind
    text: str


@frozen(eq=False)
class Lexicon:
    """The entries of one file by their graphemes; the first one of a grapheme counts."""

    entries: Mapping[str, Entry]
    language: str = ""
    longest: int = 1
    """Words of the longest grapheme."""

    def speaks(self, language: str) -> bool:
        """Whether the lexicon is for the language, whatever its region."""
        own = self.language.partition("-")[0].lower()
        return own in {"", language.partition("-")[0].lower()}

    def find(self, text: str) -> Iterator[tuple[Span, Entry]]:
        """The places of its graphemes in `text`, as whole words, the longest first."""
        words = [match.span() for match in _WORD.finditer(text)]
        index = 0
        while index < len(words):
            for count in range(min(self.longest, len(words) - index), 0, -1):
                start, end = words[index][0], words[index + count - 1][1]
                entry = self.entries.get(text[start:end])
                if entry is not None:
                    yield Span(start, end), entry
                    index += count
                    break
            else:
                index += 1


def load(path: Path) -> Lexicon:
    """The lexicon in a file, kept until the file changes.

    Raises:
        FileRefusedError: it cannot be read or is no PLS; the message says where.
    """
    try:
        state = path.stat()
        return _loaded(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise FileRefusedError(f"{path.name} cannot be read ({error.strerror})") from None


@lru_cache(maxsize=16)
def _loaded(path: Path, _changed_ns: int, size: int) -> Lexicon:
    if size > 4 * MAX_FILE_CHARACTERS:
        raise FileRefusedError(f"{path.name} has {size} bytes; the limit is {4 * MAX_FILE_CHARACTERS}")
    try:
        text = path.read_text(encoding="utf-8")
        reader = _Reader(Document(text))
        read(reader.document, reader, max_characters=MAX_FILE_CHARACTERS, max_depth=_MAX_DEPTH)
    except UnicodeDecodeError:
        raise FileRefusedError(f"{path.name} is not UTF-8") from None
    except InvalidRequestError as error:
        raise FileRefusedError(f"{path.name}: {error}") from None
    return _lexicon(reader.found, reader.language)


def _lexicon(found: Iterable[tuple[str, Entry]], language: str) -> Lexicon:
    entries: dict[str, Entry] = {}
    for grapheme, entry in found:
        entries.setdefault(" ".join(grapheme.split()), entry)
    longest = max((len(_WORD.findall(grapheme)) for grapheme in entries), default=1)
    return Lexicon(entries, language, longest)


@define
class _Reader:
    """Reads `lexicon`, `lexeme`, `grapheme`, `phoneme` and `alias`; other elements say nothing to it."""

    document: Document
    found: list[tuple[str, Entry]] = field(factory=list)
    language: str = ""
    _stack: list[Tag] = field(factory=list, init=False)
    _text: list[str] = field(factory=list, init=False)
    _alphabet: str = field(default="ipa", init=False)
    _graphemes: list[str] = field(factory=list, init=False)
    _entry: Entry | None = field(default=None, init=False)

    def start(self, tag: Tag) -> None:
        if not self._stack:
            if tag.name != "lexicon":
                raise self.document.error(tag.source.start, f"<{tag.name}> is no <lexicon>")
            self._alphabet = tag.attributes.get("alphabet", "ipa")
            self.language = tag.attributes.get("xml:lang", "")
        elif tag.name == "lexeme":
            self._graphemes, self._entry = [], None
        self._stack.append(tag)
        self._text = []

    def text(self, text: str, _source: Span, *, verbatim: bool) -> None:  # noqa: ARG002 - only the text counts
        self._text.append(text)

    def end(self, position: int) -> None:
        tag, text = self._stack.pop(), "".join(self._text).strip()
        if tag.name == "grapheme" and text:
            self._graphemes.append(text)
        elif tag.name == "alias" and text:
            self._entry = self._entry or Entry("alias", text)
        elif tag.name == "phoneme" and text:
            self._entry = self._entry or Entry("phoneme", self._symbols(tag, text, position))
        elif tag.name == "lexeme" and self._entry:
            self.found += [(grapheme, self._entry) for grapheme in self._graphemes]

    def _symbols(self, tag: Tag, text: str, position: int) -> str:
        alphabet = tag.attributes.get("alphabet", self._alphabet)
        symbols = phoneme_symbols(alphabet, text, self.language)
        if symbols is None:
            raise self.document.error(
                position, f"the alphabet {alphabet!r:.40} is none of ipa, x-sampa, x-kokoro"
            )
        return symbols


def phoneme_symbols(alphabet: str, text: str, language: str) -> str | None:
    """Phonemes in Kokoro's symbols; None where the alphabet is unknown."""
    match alphabet.lower():
        case "ipa" | "":
            return kokoro_symbols(text, language)
        case "x-sampa" | "xsampa":
            return kokoro_symbols(ipa(text), language)
        case "x-kokoro":
            return text.strip()
    return None
