"""Collects what espeak-ng's synthesis callback delivers."""

import ctypes

from attrs import define, field, frozen

from koe_espeak import capi

_GO_ON, _ABORT = 0, 1


@frozen
class SpokenClause:
    """One clause: where each word starts, in characters of the text and in samples, and where it ends."""

    words: tuple[tuple[int, int], ...]
    end_sample: int


@frozen
class Recording:
    """One utterance: 16-bit samples as bytes, and its clauses, those without words left out."""

    audio: bytes = field(repr=False)
    clauses: tuple[SpokenClause, ...]


@define
class Recorder:
    """The callback and its state. Errors inside the callback end the synthesis and come out of `finish`."""

    _audio: list[bytes] = field(factory=list)
    _words: list[tuple[int, int]] = field(factory=list)
    _clauses: list[SpokenClause] = field(factory=list)
    _error: Exception | None = None

    def start(self) -> None:
        """Forget the last utterance."""
        self._error = None
        self._audio, self._words, self._clauses = [], [], []

    def finish(self) -> Recording:
        """What was spoken since `start`."""
        if self._error is not None:
            raise self._error
        audio = b"".join(self._audio)
        self._end_clause(len(audio) // 2)
        return Recording(audio, tuple(self._clauses))

    def receive(self, samples: capi.SamplePointer, count: int, events: capi.EventPointer) -> int:
        """The `t_espeak_callback`: must not raise, since ctypes would print the error and go on."""
        try:
            if count > 0:
                self._audio.append(ctypes.string_at(samples, 2 * count))
            self._read(events)
        except Exception as error:  # noqa: BLE001 - handed on by `finish`
            self._error = error
            return _ABORT
        return _GO_ON

    def _read(self, events: capi.EventPointer) -> None:
        index = 0
        while (event := events[index]).type != capi.EVENT_LIST_TERMINATED:
            if event.type == capi.EVENT_WORD:
                self._words.append((event.text_position - 1, event.sample))
            elif event.type == capi.EVENT_END:
                self._end_clause(event.sample)
            index += 1

    def _end_clause(self, sample: int) -> None:
        if self._words:
            self._clauses.append(SpokenClause(tuple(self._words), sample))
            self._words = []
