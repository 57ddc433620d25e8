"""How it is said: voice, style, rate, pitch, volume, pauses, marks."""

import math
from collections.abc import Mapping

from koe.api import UnknownVoiceError, XmlTag

from koe_ssml import values
from koe_ssml.builder import Piece
from koe_ssml.reader import Close, Element, Reader
from koe_ssml.values import PITCHES_SEMITONES, RATES, VOLUMES_DB, clamped
from koe_ssml.voices import choose, gender_of

EMPHASIS: Mapping[str, tuple[float, float]] = {
    "strong": (0.9, 3.0),
    "moderate": (0.95, 1.5),
    "none": (1.0, 0.0),
    "reduced": (1.1, -3.0),
}
"""What each level does to the rate, and its gain in dB."""


def _voice(reader: Reader, tag: XmlTag) -> None:
    style = reader.style
    choice = choose(tag.attributes, style.voice, style.language, reader.context)
    for unmet in choice.unmet:
        reader.ignore(f"voice@{unmet}", f"no voice here has {tag.attributes.get(unmet, '')!r:.80}")
    if choice.voice is None:
        if tag.attributes.get("onvoicefailure", "keepexisting") != "keepexisting":
            reader.ignore("voice@onvoicefailure", "the voice stays as it was")
    elif reader.context.speaks(choice.language):
        reader.change(voice=choice.voice, language=choice.language)
    else:
        reader.ignore("voice@name", f"its language {choice.language!r} is not spoken here")
        reader.change(voice=choice.voice)
    reader.set_language(tag)


def _styled(reader: Reader, tag: XmlTag, attribute: str) -> None:
    """Speak with the voice that the operator has put down for the style."""
    wanted = tag.attributes.get(attribute, "")
    name = reader.config.styles.get(wanted)
    if name is None:
        reader.ignore(f"{tag.name}@{attribute}", f"plugins.ssml.styles has no {wanted!r:.40}")
        return
    try:
        voice, _ = reader.context.find_voice(name)
    except UnknownVoiceError as error:
        reader.ignore(f"{tag.name}@{attribute}", f"plugins.ssml.styles: {error}")
        return
    reader.change(voice=voice)


def _express_as(reader: Reader, tag: XmlTag) -> None:
    _styled(reader, tag, "style")


def _named_style(reader: Reader, tag: XmlTag) -> None:
    _styled(reader, tag, "name")


def _effect(reader: Reader, tag: XmlTag) -> None:
    if "name" in tag.attributes:
        _styled(reader, tag, "name")


def _emphasis(reader: Reader, tag: XmlTag) -> None:
    level = tag.attributes.get("level", "moderate").strip()
    if level not in EMPHASIS:
        reader.ignore("emphasis@level", f"unknown value {level!r:.40}")
        return
    rate, volume_db = EMPHASIS[level]
    style = reader.style
    reader.change(rate=style.rate * rate, volume_db=style.volume_db + volume_db)


def _prosody(reader: Reader, tag: XmlTag) -> Close | None:
    given, style = tag.attributes, reader.style
    if "rate" in given:
        speed = reader.builder.speed
        allowed = (RATES[0] / speed, RATES[1] / speed)
        _set(reader, "rate", values.rate(given["rate"], style.rate), allowed)
    if "volume" in given:
        wanted = values.volume_db(given["volume"], style.volume_db)
        if wanted == -math.inf:
            reader.change(volume_db=wanted)
        else:
            _set(reader, "volume", wanted, VOLUMES_DB, "volume_db")
    if "pitch" in given:
        own_hz = reader.config.pitch_hz.get(gender_of(style.voice, reader.context), 160.0)
        wanted = values.pitch_semitones(given["pitch"], style.pitch_semitones, own_hz)
        _set(reader, "pitch", wanted, PITCHES_SEMITONES, "pitch_semitones")
    if "duration" in given:
        return _lasting(reader, tag, "duration")
    return _lasting(reader, tag, "amazon:max-duration") if "amazon:max-duration" in given else None


def _set(
    reader: Reader, attribute: str, wanted: float | None, bounds: tuple[float, float], field: str = ""
) -> None:
    if wanted is None:
        reader.ignore(f"prosody@{attribute}", "the value cannot be read")
        return
    possible = clamped(wanted, bounds)
    if not math.isclose(possible, wanted, abs_tol=1e-9):
        reader.ignore(f"prosody@{attribute}", f"it stays within {bounds[0]:g} and {bounds[1]:g}")
    reader.change(**{field or attribute: possible})


def _lasting(reader: Reader, tag: XmlTag, attribute: str) -> Close | None:
    """At the element's end, choose the rate of what is in it."""
    seconds = values.seconds(tag.attributes[attribute])
    if not seconds:
        reader.ignore(f"{tag.name}@{attribute}", "the value cannot be read")
        return None
    if reader.holds:
        return None
    reader.builder.finish()
    first = len(reader.builder.parts)

    def close(_held: list[Piece]) -> None:
        at_most = attribute == "amazon:max-duration"
        if not reader.builder.fit(first, seconds, reader.config.characters_per_second, at_most=at_most):
            reader.ignore(f"{tag.name}@{attribute}", f"rates stay within {RATES[0]:g} and {RATES[1]:g}", tag)

    return close


def _audio_duration(reader: Reader, tag: XmlTag) -> None:
    if "value" not in tag.attributes:
        reader.ignore("mstts:audioduration@value", "there is none")
        return
    close = _lasting(reader, tag, "value")
    if close is not None:
        reader.at_outer_end(close)


def _break(reader: Reader, tag: XmlTag) -> None:
    strengths = reader.config.break_s
    strength = tag.attributes.get("strength", "medium").strip()
    seconds = strengths.get(strength)
    if "time" in tag.attributes:
        seconds = values.seconds(tag.attributes["time"])
    if seconds is None:
        what = "time" if "time" in tag.attributes else "strength"
        reader.ignore(f"break@{what}", f"unknown value {tag.attributes.get(what, '')!r:.40}")
        seconds = strengths.get("medium", 0.0)
    _pause(reader, tag, seconds, "break@time")


def _pause(reader: Reader, tag: XmlTag, seconds: float, what: str) -> None:
    longest = reader.config.max_break_s
    if seconds > longest:
        reader.ignore(what, f"it is shortened to {longest:g} s (plugins.ssml.max_break_s)", tag)
    if seconds and not reader.holds:
        reader.builder.pause(min(seconds, longest), tag.source)


def _silence(reader: Reader, tag: XmlTag) -> None:
    kind = tag.attributes.get("type", "").removesuffix("-exact").lower()
    seconds = values.seconds(tag.attributes.get("value", ""))
    if seconds is None:
        reader.ignore("mstts:silence@value", "the value cannot be read")
    elif kind == "leading":
        _pause(reader, tag, seconds, "mstts:silence@value")
    elif kind == "tailing":
        reader.at_outer_end(lambda _held: _pause(reader, tag, seconds, "mstts:silence@value"))
    elif kind == "sentenceboundary":
        reader.keep(sentence_pause_s=min(seconds, reader.config.max_break_s))
    else:
        reader.ignore("mstts:silence@type", f"unknown value {kind!r:.40}")


def _mark(reader: Reader, tag: XmlTag) -> None:
    name = tag.attributes.get("name" if tag.name == "mark" else "mark", "")
    if not name:
        reader.ignore(f"{tag.name}@{'name' if tag.name == 'mark' else 'mark'}", "there is none")
    elif not reader.holds:
        reader.builder.mark(name, tag.source)


ELEMENTS = (
    Element(
        "voice",
        ("name", "gender", "languages", "language", "xml:lang", "variant", "required", "ordering",
         "onvoicefailure"),
        ("age", "effect"),
        "partial",
        "see [voice](#voice)",
        _voice,
    ),
    Element("emphasis", ("level",), (), "full", "slower and louder, or faster and softer", _emphasis),
    Element(
        "prosody",
        ("rate", "pitch", "volume", "duration", "amazon:max-duration"),
        ("contour", "range"),
        "partial",
        "see [prosody](#prosody)",
        _prosody,
    ),
    Element("break", ("time", "strength"), (), "full", "at most `max_break_s`, by default 10 s", _break),
    Element("mark", ("name",), (), "full", "timed in events and captions", _mark),
    Element("bookmark", ("mark",), (), "full", "Azure's `mark`", _mark),
    Element(
        "mstts:express-as",
        ("style",),
        ("styledegree", "role"),
        "partial",
        "the voice that `styles` has for it; else the text alone",
        _express_as,
    ),
    Element(
        "mstts:silence",
        ("type", "value"),
        (),
        "partial",
        "`Leading`, `Tailing`, `Sentenceboundary`, with or without `-exact`",
        _silence,
    ),
    Element(
        "mstts:audioduration",
        ("value",),
        (),
        "partial",
        "the rate is chosen by an estimate, see [durations](#durations)",
        _audio_duration,
    ),
    Element("google:style", ("name",), (), "partial", "as `mstts:express-as`", _named_style),
    Element("amazon:domain", ("name",), (), "partial", "as `mstts:express-as`", _named_style),
    Element("amazon:emotion", ("name",), ("intensity",), "partial", "as `mstts:express-as`", _named_style),
    Element(
        "amazon:effect",
        ("name",),
        ("phonation", "vocal-tract-length"),
        "partial",
        "`name` as `mstts:express-as`",
        _effect,
    ),
)  # fmt: skip
