"""`koe inspect`: what becomes of a text before it is spoken."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from koe.cli.options import NO_OPTIONS, ConfigOptions, assignment, with_lexicons
from koe.cli.texts import given_text
from koe.http.views import encode
from koe.inspection import (
    InspectedInsert,
    InspectedPart,
    InspectedSegment,
    InspectedStep,
    Inspection,
    Source,
)
from koe.plugins import load
from koe.synthesizer import Synthesizer
from koe.types import SpeechRequest


def inspect(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    /,
    *,
    voice: str = "",
    language: str = "",
    markup: str = "text",
    speed: float = 1.0,
    engine: str = "",
    lexicon: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    json: bool = False,
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Show what becomes of a text, step by step, without speaking it.

    Parameters
    ----------
    text: str
        What would be said; "-" reads it from standard input.
    voice: str
        A voice, alias or mix; `koe voices` lists them.
    language: str
        BCP 47 tag such as en-GB; by default the voice's own.
    markup: str
        How the text is written: text, tags, phonemes, or what a plugin brings.
    speed: float
        0.25 to 4.0; 1.0 is the voice's own rate.
    engine: str
        As this engine would get it, instead of engine.default.
    lexicon: Path
        A file that says how words are spoken (.toml, .pls), before those of lexicon.files; may be repeated.
    json: bool
        Print JSON, as POST /v1/text/inspect answers.
    """
    request = SpeechRequest(
        given_text("inspect", text, None, 'Say what to inspect: koe inspect "some text", or -'),
        voice=voice,
        language=language or None,
        speed=speed,
        markup=markup,
    )
    configuration = options.load(*([assignment("engine.default", engine)] if engine else []))
    configuration = with_lexicons(configuration, lexicon)
    synthesizer = Synthesizer(load(configuration), configuration.settings)
    found = asyncio.run(_inspect(synthesizer, request))
    print(encode(found).decode() if json else "\n".join(_lines(found)))  # noqa: T201 - a command's output
    return 0


async def _inspect(synthesizer: Synthesizer, request: SpeechRequest) -> Inspection:
    await synthesizer.start(measure=False)
    try:
        return await synthesizer.inspect(request)
    finally:
        await synthesizer.stop()


def _lines(found: Inspection) -> Iterator[str]:
    yield f"engine {found.engine} ({found.plugin}) reads {found.accepts}; {found.voice}, {found.language}"
    yield f"markup {found.markup.component} ({found.markup.plugin}): {_count(found.parts, 'part')}"
    if found.ignored:
        yield f"ignored: {', '.join(found.ignored)}"
    for part in found.parts:
        yield ""
        yield from _part(part)


def _part(part: InspectedPart) -> Iterator[str]:
    if part.kind != "segment":
        yield _insert(part)
        return
    style = f"{part.voice}, {part.language}, rate {part.rate:g}, {part.volume_db:+g} dB"
    yield f"segment {_at(part.source)} {part.text!r}: {style}"
    for step in part.steps:
        yield from _step(step)
    for segment in part.segments:
        yield from _segment(segment)


def _step(step: InspectedStep) -> Iterator[str]:
    result = _count(step.texts, "text") if step.applied else "not for this text"
    yield f"  {step.by.stage} {step.by.component} ({step.by.plugin}): {result}"
    if not step.applied:
        return
    for entry in step.entries:
        heard = "as written, the engine cannot be told" if entry.heard is None else repr(entry.heard)
        yield f"    {_at(entry.source)} {entry.text!r}: {heard} ({entry.origin})"
    yield from (f"    {_at(text.source)} {text.text!r}" for text in step.texts)
    yield from (f"    {_insert(one)}" for one in step.inserted)
    yield from (
        f"    {_at(one.source)} {one.text!r} = /{one.phonemes}/" for one in step.given if one.phonemes
    )
    yield from (f"    note: {note}" for note in step.notes)


def _insert(one: InspectedPart | InspectedInsert) -> str:
    return f"{one.kind} {_at(one.source)} {one.name or f'{one.seconds:g} s'}"


def _segment(segment: InspectedSegment) -> Iterator[str]:
    kind = "symbols" if segment.words else "characters"
    how = "phonemes as given" if segment.words else "text"
    if segment.by is not None:
        how = f"{segment.by.stage} {segment.by.component} ({segment.by.plugin})"
    end = segment.boundary or "the next word"
    yield f"  {how}: {segment.symbols} of {segment.limit} {kind}, then {end!r}"
    for word in segment.words:
        yield f"    {_at(word.source)} {word.text!r}: {word.phonemes}{word.tail}"
    if not segment.words:
        yield f"    {_at(segment.source)} {segment.text!r}"
    if segment.unknown_symbols:
        yield f"    not spoken, the engine has no such symbols: {' '.join(segment.unknown_symbols)}"


def _at(source: Source) -> str:
    return f"{source.start}:{source.end}"


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items)} {noun}" + ("" if len(items) == 1 else "s")
