"""The normalizer `cjk`: Chinese and Japanese, by wetext."""

import re
from collections.abc import Iterable
from typing import ClassVar

from koe.api import Draft, Edit, Normalizer, Segment, pieces

from koe_text.wetext_library import Wetext

LANGUAGES = frozenset({"ja", "zh"})

_SPEAKABLE = re.compile(r"[\d%℃°$￥¥€£+=<>&@#/~±×÷A-Za-z]")


class Cjk(Normalizer):
    """Numbers, dates, times and units of Chinese and Japanese."""

    name = "cjk"
    languages: ClassVar[frozenset[str] | None] = LANGUAGES

    def __init__(self, wetext: Wetext) -> None:
        self._wetext = wetext

    def normalize(self, segment: Segment) -> Iterable[Segment]:
        if not _SPEAKABLE.search(segment.text):
            yield segment
            return
        language = segment.language.partition("-")[0].lower()
        edits = [
            Edit(edit.start + span.start, edit.end + span.start, edit.text)
            for span in pieces(segment.text)
            for edit in self._wetext.edits(segment.text[span.start : span.end], language)
        ]
        yield Draft.of(segment).edited(edits).segment
