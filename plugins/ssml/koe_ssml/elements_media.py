"""Recordings, and Google's containers for them."""

from koe.api import XmlTag

from koe_ssml import values
from koe_ssml.files import FileRefusedError, allowed_file
from koe_ssml.media import MAX_REPEATS, Cut, recording
from koe_ssml.reader import Element, Reader
from koe_ssml.values import VOLUMES_DB, clamped


def _audio(reader: Reader, tag: XmlTag) -> None:
    """Play the file in place of what is in the element, or speak that."""
    config = reader.config
    if not config.media_roots:
        reader.ignore("audio", "audio is off: plugins.ssml.media_roots is empty")
        return
    if reader.holds:
        return
    try:
        path = allowed_file(tag.attributes.get("src", ""), config.media_roots)
        chunk = recording(path, _cut(reader, tag), reader.media_left_s)
    except FileRefusedError as error:
        reader.ignore("audio@src", str(error))
        return
    reader.media_left_s -= chunk.seconds
    reader.play(chunk, _level_db(reader, tag), tag.source)
    reader.mute()


def _cut(reader: Reader, tag: XmlTag) -> Cut:
    repeat = _number(tag.attributes.get("repeatCount", "1"))
    if repeat is None:
        reader.ignore("audio@repeatCount", f"it is a number up to {MAX_REPEATS}")
    begin_s = _seconds(reader, tag, "clipBegin")
    return Cut(
        begin_s or 0.0, _seconds(reader, tag, "clipEnd"), repeat or 1.0, _seconds(reader, tag, "repeatDur")
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number <= MAX_REPEATS else None


def _seconds(reader: Reader, tag: XmlTag, attribute: str) -> float | None:
    if attribute not in tag.attributes:
        return None
    found = values.seconds(tag.attributes[attribute])
    if found is None:
        reader.ignore(f"{tag.name}@{attribute}", "the value cannot be read")
    return found


def _level_db(reader: Reader, tag: XmlTag) -> float:
    level = values.level_db(tag.attributes.get("soundLevel", "0dB"))
    if level is None:
        reader.ignore(f"{tag.name}@soundLevel", "the value cannot be read")
    return clamped(level or 0.0, VOLUMES_DB)


def _media(reader: Reader, tag: XmlTag) -> None:
    begin_s = _seconds(reader, tag, "begin")
    if begin_s and not reader.holds:
        reader.builder.pause(min(begin_s, reader.config.max_break_s), tag.source)
    reader.change(media_db=reader.style.media_db + _level_db(reader, tag))


_FADES = ("end", "repeatCount", "repeatDur", "fadeInDur", "fadeOutDur")

ELEMENTS = (
    Element(
        "audio",
        ("src", "clipBegin", "clipEnd", "repeatCount", "repeatDur", "soundLevel"),
        ("speed", "fetchtimeout", "fetchhint", "maxage", "maxstale"),
        "partial",
        "off by default; files in `media_roots` alone, see [audio](#audio); else its content is spoken",
        _audio,
    ),
    Element("seq", (), (), "full", "Google: one after the other"),
    Element(
        "media",
        ("begin", "soundLevel"),
        _FADES,
        "partial",
        "Google; `begin` is a time, silence before it",
        _media,
    ),
    Element("par", (), (), "ignored", "Google: spoken one after the other"),
    Element("mstts:backgroundaudio", (), ("src", "volume", "fadein", "fadeout"), "ignored", ""),
    Element("mstts:viseme", (), ("type",), "ignored", ""),
    Element("amazon:auto-breaths", (), ("volume", "frequency", "duration"), "ignored", "its text is spoken"),
    Element("amazon:breath", (), ("volume", "duration"), "ignored", ""),
)
