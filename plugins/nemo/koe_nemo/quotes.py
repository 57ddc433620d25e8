"""Quotation marks behind numbers: NeMo takes them for inches."""

import re
from collections.abc import Iterator

from koe.api import Edit

_QUOTE = re.compile(r'"')
_OPENS = re.compile(r'(?<![\w"])"(?=[\w$€£(\'-])')
_CLOSES_A_NUMBER = re.compile(r'(?<=\d)"')


def closing_quotes(text: str) -> Iterator[Edit]:
    """They become "”", where all of the text pair up: in `He said "I am 10" and left`."""
    places = [match.start() for match in _QUOTE.finditer(text)]
    if len(places) % 2 or not all(_OPENS.match(text, place) for place in places[::2]):
        return
    for place in places[1::2]:
        if _CLOSES_A_NUMBER.match(text, place):
            yield Edit(place, place + 1, "”")
