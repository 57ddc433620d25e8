"""`koe say`: text to an audio file."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

from attrs import frozen
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from koe.cli.options import NO_OPTIONS, ConfigOptions, assignment, with_lexicons
from koe.cli.texts import given_text
from koe.errors import InvalidRequestError, UnsupportedFormatError
from koe.plugins import load
from koe.registry import Registry
from koe.speech import ActiveSpeech
from koe.synthesizer import Synthesizer
from koe.types import SpeechRequest

STDOUT = "-"
PROGRESS_FROM = 1_000
"""Characters from which on a progress bar is shown."""


@frozen
class Spoken:
    """What `koe say` reports when it is done."""

    engine: str
    voice: str
    audio_s: float
    total_s: float


def say(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)] = "",
    file: Path | None = None,
    voice: str = "",
    speed: float = 1.0,
    language: str = "",
    markup: str = "text",
    format: str = "",  # noqa: A002 - the option is called --format
    sample_rate: int | None = None,
    bitrate: int | None = None,
    engine: str = "",
    lexicon: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Speak a text into an audio file.

    Parameters
    ----------
    text: str
        What to say; "-" reads it from standard input.
    output: str
        The audio file; its ending chooses the format. "-" writes to standard output (with --format).
    file: Path
        Read the text from this UTF-8 file.
    voice: str
        A voice, alias or mix; `koe voices` lists them.
    speed: float
        0.25 to 4.0; 1.0 is the voice's own rate.
    language: str
        BCP 47 tag such as en-GB; by default the voice's own.
    markup: str
        How the text is written: text, tags, phonemes, or what a plugin brings.
    format: str
        Response format, where the file's ending does not say it.
    sample_rate: int
        Of the audio file, in Hz.
    bitrate: int
        Of the audio file, in bit/s.
    engine: str
        Speak with this engine instead of engine.default.
    lexicon: Path
        A file that says how words are spoken (.toml, .pls), before those of lexicon.files; may be repeated.
    """
    way_out = 'Say what to speak: koe say "some text" -o FILE, or --file FILE, or -'
    spoken_text = given_text("say", text, file, way_out)
    if not output:
        raise InvalidRequestError("Say where the audio goes: -o FILE, or -o - for standard output")
    registry, synthesizer = _build(options, engine, lexicon)
    request = SpeechRequest(
        text=spoken_text,
        voice=voice,
        language=language or None,
        speed=speed,
        markup=markup,
        format=format or _format_of(output, registry),
        sample_rate=sample_rate,
        bitrate=bitrate,
    )
    spoken = asyncio.run(_say(synthesizer, request, output))
    rtf = spoken.total_s / spoken.audio_s
    print(  # noqa: T201 - the command's report
        f"{output}: {spoken.audio_s:.2f} s by engine {spoken.engine}, voice {spoken.voice} (RTF {rtf:.3f})",
        file=sys.stderr,
    )
    return 0


def _build(options: ConfigOptions, engine: str, lexicon: Sequence[Path]) -> tuple[Registry, Synthesizer]:
    configuration = options.load(*([assignment("engine.default", engine)] if engine else []))
    configuration = with_lexicons(configuration, lexicon)
    registry = load(configuration)
    return registry, Synthesizer(registry, configuration.settings)


def _format_of(output: str, registry: Registry) -> str:
    endings = {owned.component.extension: name for name, owned in registry.formats.items()}
    ending = Path(output).suffix.removeprefix(".").lower()
    name = ending if ending in registry.formats else endings.get(ending, "")
    if not name:
        raise UnsupportedFormatError(
            f"{output!r} does not say the format; "
            f"add --format, one of {', '.join(registry.formats) or 'none'}"
        )
    return name


async def _say(synthesizer: Synthesizer, request: SpeechRequest, output: str) -> Spoken:
    await synthesizer.start(measure=False)
    try:
        async with synthesizer.speak(request) as speech:
            with _sink(output) as sink, _progress(len(request.text), speech) as step:
                body = speech.encoded("stream" if output == STDOUT else "whole")
                async with aclosing(body) as pieces:
                    async for piece in pieces:
                        sink.write(piece)
                        step()
            return Spoken(speech.engine, speech.voice, speech.audio_s, speech.clock.elapsed)
    finally:
        await synthesizer.stop()


@contextmanager
def _sink(output: str) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears under its name only when it is complete."""
    if output == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidRequestError(f"{target} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as sink:
            yield sink
        Path(unfinished).chmod(0o666 & ~_umask())
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _progress(characters: int, speech: ActiveSpeech) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error while a long text is spoken."""
    console = Console(stderr=True)
    if characters < PROGRESS_FROM or not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.fields[seconds]:.0f} s of speech"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("say", total=characters, seconds=0.0)
        yield lambda: progress.update(task, completed=speech.characters_spoken, seconds=speech.audio_s)
