"""The normalizer `nemo`."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar

from koe.api import Draft, Edit, Fence, Normalizer, Segment, Span, differences, rewritten

from koe_nemo.config import LANGUAGES
from koe_nemo.grammars import Grammars
from koe_nemo.portions import MOST_RUNS, portions
from koe_nemo.process import ProcessLostError
from koe_nemo.reader import Budget
from koe_nemo.rules import rewrites


class Nemo(Normalizer):
    """NeMo's words for numbers and symbols, in the languages that the config names.

    What NeMo fails at, or has no time for, stays as written.
    """

    name = "nemo"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)

    def __init__(self, grammars: Grammars, budget_s: float) -> None:
        self.fence = Fence("nemo", most_runs=3 * MOST_RUNS)
        self._grammars = grammars
        self._budget_s = budget_s

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        language = segment.language.partition("-")[0].lower()
        if not self._grammars.reads(language):
            yield segment
            return
        segment = rewritten(segment, rewrites(segment.text, language))
        draft = Draft.of(segment)
        yield draft.edited(self._edits(draft, language)).segment

    def _edits(self, draft: Draft, language: str) -> Iterator[Edit]:
        budget = Budget(self._budget_s)
        for span in _open_portions(draft):
            written = draft.text[span.start : span.end]
            if budget.left_s <= 0:
                self.fence.leave("over_budget", written, f"the sentence took {budget.limit_s:g} s already")
                continue
            spoken = self._read(language, written, budget)
            if spoken and spoken.strip():
                for edit in differences(written, spoken):
                    yield Edit(edit.start + span.start, edit.end + span.start, edit.text)

    def _read(self, language: str, written: str, budget: Budget) -> str | None:
        try:
            return self.fence.run(partial(self._grammars.read, language, budget=budget), written)
        except ProcessLostError as lost:
            self.fence.leave(lost.reason, written, str(lost))
            return None


def _open_portions(draft: Draft) -> Iterator[Span]:
    """The text between the phonemes that the user gave, in portions."""
    start = 0
    for closed in (*draft.closed, Span(len(draft.text), len(draft.text))):
        yield from portions(draft.text, start, closed.start)
        start = closed.end
