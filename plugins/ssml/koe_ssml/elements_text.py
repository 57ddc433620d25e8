"""What is said: structure, language, pronunciation, substitution."""

from collections.abc import Mapping

from koe.api import Alignment, Lexicon, Run, Span, XmlTag, phoneme_symbols

from koe_ssml import say_as
from koe_ssml.builder import Piece
from koe_ssml.files import FileRefusedError, allowed_file
from koe_ssml.lexicons import load
from koe_ssml.media import bleep
from koe_ssml.reader import Close, Element, Reader
from koe_ssml.values import clamped

MAX_PHONEMES = 200
_BLEEP_S = (0.3, 2.0)
_CONTAINERS = frozenset({"media", "par", "seq"})


def _language(reader: Reader, tag: XmlTag) -> None:
    if not reader.set_language(tag) and tag.attributes.get("onlangfailure") == "ignoretext":
        reader.mute()


def _speak(reader: Reader, tag: XmlTag) -> None:
    if len(reader.frames) > 1 and reader.frames[-2].tag.name not in _CONTAINERS:
        reader.ignore("speak", "it stands inside of another one")
    _language(reader, tag)


def _paragraph(reader: Reader, tag: XmlTag) -> Close | None:
    return _structure(reader, tag, reader.config.paragraph_pause_s)


def _sentence(reader: Reader, tag: XmlTag) -> Close | None:
    return _structure(reader, tag, reader.style.sentence_pause_s or 0.0)


def _structure(reader: Reader, tag: XmlTag, gap_s: float) -> Close | None:
    _language(reader, tag)
    if reader.holds or reader.muted:
        return None
    language = reader.style.language
    reader.builder.end_sentence(tag.source.start, language)
    reader.builder.gap(gap_s)

    def close(_held: list[Piece]) -> None:
        reader.builder.end_sentence(reader.position, language)
        reader.builder.gap(gap_s)

    return close


def _word(reader: Reader, tag: XmlTag) -> Close:
    """Words of their own, also where no space is between them."""
    _language(reader, tag)
    if reader.word_ended:
        reader.say(Piece(" ", Span(tag.source.start, tag.source.start), verbatim=False))

    def close(_held: list[Piece]) -> None:
        reader.word_ended = True

    return close


def _say_as(reader: Reader, tag: XmlTag) -> Close | None:
    interpret_as = tag.attributes.get("interpret-as", "").strip().lower()
    reader.hold()

    def close(held: list[Piece]) -> None:
        text = "".join(piece.text for piece in held)
        if interpret_as in say_as.BLEEPS:
            _bleep(reader, text, tag)
            return
        try:
            said = say_as.spoken(interpret_as, text, reader.style.language, tag.attributes.get("format", ""))
        except KeyError:
            reader.ignore("say-as@interpret-as", f"unknown value {interpret_as!r:.40}", tag)
            said = None
        alignment = Alignment(tuple(Run(len(one.text), one.source, one.verbatim) for one in held))
        for piece in held if said is None else ():
            reader.say(piece)
        for one in said or ():
            reader.say(Piece(one.text, alignment.source(one.start, one.end), verbatim=False))

    return close


def _bleep(reader: Reader, text: str, tag: XmlTag) -> None:
    if not reader.holds and not reader.muted:
        seconds = clamped(len(text) / reader.config.characters_per_second, _BLEEP_S)
        reader.play(bleep(round(seconds, 1)), 0.0, tag.source)


def _phoneme(reader: Reader, tag: XmlTag) -> Close | None:
    alphabet, written = tag.attributes.get("alphabet", "ipa"), tag.attributes.get("ph", "").strip()
    if not written:
        reader.ignore("phoneme@ph", "there are no phonemes")
        return None
    if len(written) > MAX_PHONEMES:
        raise reader.document.error(
            tag.source.start, f"one word takes at most {MAX_PHONEMES} phoneme symbols"
        )
    phonemes = phoneme_symbols(alphabet, written, reader.style.language)
    if not phonemes:
        reader.ignore("phoneme@alphabet", f"{alphabet!r:.40} is none of ipa, x-sampa, x-kokoro")
        return None
    reader.hold()

    def close(held: list[Piece]) -> None:
        text, source, space_before, space_after = _trimmed(held, tag)
        reader.say(Piece(space_before, Span(source.start, source.start), verbatim=False))
        reader.say(Piece(text or phonemes, source, len(source) == len(text), phonemes=phonemes))
        reader.say(Piece(space_after, Span(source.end, source.end), verbatim=False))

    return close


def _trimmed(held: list[Piece], tag: XmlTag) -> tuple[str, Span, str, str]:
    """The text without the spaces around it, where it stands, and those spaces."""
    text = "".join(piece.text for piece in held)
    bare = " ".join(text.split())
    if not bare:
        return "", tag.source, "", ""
    alignment = Alignment(tuple(Run(len(one.text), one.source, one.verbatim) for one in held))
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    before, after = " " if start else "", " " if end < len(text) else ""
    return bare, alignment.source(start, end), before, after


def _sub(reader: Reader, tag: XmlTag) -> Close | None:
    alias = " ".join(tag.attributes.get("alias", "").split())
    if not alias:
        reader.ignore("sub@alias", "there is none")
        return None
    reader.hold()

    def close(held: list[Piece]) -> None:
        _, source, space_before, space_after = _trimmed(held, tag)
        reader.say(Piece(space_before, Span(source.start, source.start), verbatim=False))
        reader.say(Piece(alias, source, verbatim=False))
        reader.say(Piece(space_after, Span(source.end, source.end), verbatim=False))

    return close


def _lexicon(reader: Reader, tag: XmlTag) -> None:
    roots = reader.config.lexicon_roots
    if not roots:
        reader.ignore("lexicon", "lexicons are off: plugins.ssml.lexicon_roots is empty")
        return
    try:
        file = load(allowed_file(tag.attributes.get("uri", ""), roots))
    except FileRefusedError as error:
        reader.ignore("lexicon@uri", str(error))
        return
    lexicon = file.lexicon
    if file.left_out:
        reader.ignore(
            "lexeme@role", f"{file.left_out} lexemes are for parts of speech, which nobody tells here"
        )
    identifier = tag.attributes.get("xml:id", "")
    if identifier:
        reader.lexicons[identifier] = lexicon
    else:
        reader.keep(lexicons=_with(lexicon, reader.style.lexicons))


def _lookup(reader: Reader, tag: XmlTag) -> None:
    lexicon = reader.lexicons.get(tag.attributes.get("ref", ""))
    if lexicon is None:
        reader.ignore("lookup@ref", "there is no such lexicon")
    else:
        reader.change(lexicons=_with(lexicon, reader.style.lexicons))


def _with(lexicon: Lexicon, active: tuple[Lexicon, ...]) -> tuple[Lexicon, ...]:
    """The lexicon before all others, and each only once."""
    return (lexicon, *(one for one in active if one is not lexicon))


def _silent(reader: Reader, _tag: XmlTag) -> None:
    reader.mute()


_WORDS: Mapping[str, tuple[str, ...]] = {"heard": ("xml:lang", "onlangfailure"), "unheard": ("role",)}
_WORD_NOTE = "a word of its own, also without spaces around it; `role` cannot be told to the phonemizers"

ELEMENTS = (
    Element(
        "speak",
        ("version", "xml:lang", "onlangfailure"),
        ("xml:base", "startmark", "endmark"),
        "partial",
        "the root; inside of another one only in `media`, `seq` and `par`",
        _speak,
    ),
    Element(
        "p", ("xml:lang", "onlangfailure"), (), "full", "parted by `paragraph_pause_s` of silence", _paragraph
    ),
    Element(
        "s",
        ("xml:lang", "onlangfailure"),
        (),
        "full",
        "spoken as a sentence, with or without a full stop",
        _sentence,
    ),
    Element("token", **_WORDS, support="partial", note=_WORD_NOTE, begin=_word),
    Element("w", **_WORDS, support="partial", note="the same as `token`", begin=_word),
    Element(
        "say-as",
        ("interpret-as", "format"),
        ("detail", "language", "google:style"),
        "partial",
        "see [say-as](#say-as)",
        _say_as,
    ),
    Element(
        "phoneme",
        ("alphabet", "ph"),
        ("type",),
        "partial",
        "`alphabet` is `ipa`, `x-sampa` or `x-kokoro`; engines that read text report `phonemes`",
        _phoneme,
    ),
    Element("sub", ("alias",), (), "full", "the alias has the time and the place of the text", _sub),
    Element(
        "lang",
        ("xml:lang", "onlangfailure"),
        (),
        "partial",
        "the voice stays; of `onlangfailure`, `ignoretext` leaves the text out, others speak it as it is",
        _language,
    ),
    Element(
        "lexicon",
        ("uri", "xml:id"),
        ("type", "fetchtimeout", "maxage", "maxstale"),
        "partial",
        "PLS 1.0 files in `lexicon_roots`; without `xml:id` it holds for the element around it",
        _lexicon,
    ),
    Element("lookup", ("ref",), (), "full", "", _lookup),
    Element("meta", ("name", "http-equiv", "content"), (), "full", "says nothing about speech"),
    Element("metadata", (), (), "full", "never spoken", _silent),
    Element("desc", ("xml:lang",), (), "full", "describes a sound; never spoken", _silent),
)
