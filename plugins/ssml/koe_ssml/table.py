"""All elements: the conformance table of `docs/ssml.md`."""

from collections.abc import Mapping

from koe_ssml import elements_media, elements_prosody, elements_text
from koe_ssml.reader import Element

ELEMENTS: Mapping[str, Element] = {
    element.name: element
    for elements in (elements_text.ELEMENTS, elements_prosody.ELEMENTS, elements_media.ELEMENTS)
    for element in elements
}


def rows() -> list[str]:
    """The rows of the conformance table in Markdown."""
    return [_row(one) for one in ELEMENTS.values()]


def _row(element: Element) -> str:
    heard, unheard = _listed(element.heard), _listed(element.unheard)
    return f"| `{element.name}` | {heard} | {unheard} | {element.support} | {element.note or '-'} |"


def _listed(attributes: tuple[str, ...]) -> str:
    return " ".join(f"`{name}`" for name in attributes) or "-"
