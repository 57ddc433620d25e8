"""The normalizer `bleep`."""

import re
from collections.abc import Iterable, Iterator, Sequence

from koe.api import Clip, ConfigError, Normalizer, Pause, Segment, Span, UtterancePart, note

from koe_bleep.config import BleepConfig
from koe_bleep.tone import bleep
from koe_bleep.words import WordLists, joined

_SENTENCE_END = re.compile(r"""["”’')\]]*[.!?…]+["”’')\]]*(?=\s|$)""")


class Bleep(Normalizer):
    """Cuts the listed words out of the text and puts bleeps there: no engine ever sees the words.

    A word whose phonemes a lexicon or the markup gives is cut out all the same, and wholly: what is written
    counts.
    """

    name = "bleep"

    def __init__(self, config: BleepConfig) -> None:
        self._config = config
        self._lists = WordLists.of(config)

    def normalize(self, segment: Segment) -> Iterable[UtterancePart]:
        found = self._found(segment)
        if not found:
            yield segment
            return
        note(f"{len(found)} bleeped")
        position = 0
        for span in found:
            yield from _between(segment, position, span.start)
            yield self._bleep(segment, span)
            end = _SENTENCE_END.match(segment.text, span.end)
            position = end.end() if end else span.end
            if end:
                source = segment.source(span.end, position)
                yield Pause(self._config.pause_s / segment.prosody.rate, source)
        yield from _between(segment, position, len(segment.text))

    def use_pipeline(self, normalizers: Sequence[Normalizer]) -> None:
        """Raises `ConfigError` where this normalizer is not used: then the words would be heard."""
        if self not in normalizers:
            names = ", ".join(f'"{one.name}"' for one in normalizers)
            problem = (
                f'pipeline.normalize: expected "bleep" in it, since the plugin is enabled, given [{names}]; '
                f'add it behind "normalize", or leave the plugin out of plugins.enabled'
            )
            raise ConfigError([problem])

    def _found(self, segment: Segment) -> list[Span]:
        """Where the words are; a lexicon's word of which one is a part belongs to it."""
        words = self._lists.find(segment.text, segment.language)
        touched = [given.span for given in segment.given if any(given.span.overlaps(word) for word in words)]
        return joined([*words, *touched])

    def _bleep(self, segment: Segment, span: Span) -> Clip:
        config = self._config
        letters = sum(character.isalnum() for character in segment.text[span.start : span.end])
        seconds = letters * config.seconds_per_letter / segment.prosody.rate
        seconds = min(max(seconds, config.shortest_s), config.longest_s)
        return Clip(
            bleep(seconds, config.frequency_hz, config.peak),
            segment.prosody.volume_db,
            segment.source(span.start, span.end),
        )


def _between(segment: Segment, start: int, end: int) -> Iterator[Segment]:
    if segment.text[start:end].strip():
        yield segment.slice(start, end)
