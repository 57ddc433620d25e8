"""The normalizer `normalize`: all of this plugin in one, chosen by language."""

from collections.abc import Iterable, Sequence

from koe.api import Normalizer, Segment


class Normalize(Normalizer):
    """`clean`, then `segment`, then what reads the segment's language; other languages stay as written."""

    name = "normalize"

    def __init__(self, first: Iterable[Normalizer], by_language: Iterable[Normalizer]) -> None:
        self._first = tuple(first)
        self._by_language = {
            language: normalizer for normalizer in by_language for language in normalizer.languages or ()
        }

        self._pipeline: Sequence[Normalizer] = ()

    def use_pipeline(self, normalizers: Sequence[Normalizer]) -> None:
        self._pipeline = tuple(normalizers)

    @property
    def pipeline(self) -> Sequence[Normalizer]:
        """The normalizers of `pipeline.normalize`; this one where none is configured."""
        return self._pipeline or (self,)

    def as_configured(self, segment: Segment) -> Iterable[Segment]:
        """The texts that `pipeline.normalize` makes of it; this normalizer where none is configured."""
        language = segment.language.partition("-")[0].lower()
        segments: Iterable[Segment] = [segment]
        for normalizer in self.pipeline:
            if normalizer.languages is None or language in normalizer.languages:
                segments = _each(normalizer, segments)
        return segments

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        segments: Iterable[Segment] = [segment]
        for normalizer in self._first:
            segments = _each(normalizer, segments)
        language = segment.language.partition("-")[0].lower()
        last = self._by_language.get(language)
        return segments if last is None else _each(last, segments)


def _each(normalizer: Normalizer, segments: Iterable[Segment]) -> Iterable[Segment]:
    """What it makes of each segment, without what is no text: `koe normalize` writes texts."""
    made = (part for segment in segments for part in normalizer.normalize(segment))
    return (part for part in made if isinstance(part, Segment))
