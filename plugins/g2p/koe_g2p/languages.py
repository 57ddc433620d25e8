"""Which language a tag means, and which English."""

from koe_g2p.lexicon import Accent

_BRITISH_REGIONS = frozenset("gb uk au ie in nz za sg hk".split())


def primary(tag: str) -> str:
    """The language of a BCP 47 tag, without region and script."""
    return tag.lower().replace("_", "-").partition("-")[0]


def accent_of(tag: str) -> Accent:
    """The English of a tag: British where it is the nearer one, else American."""
    subtags = tag.lower().replace("_", "-").split("-")[1:]
    return "british" if _BRITISH_REGIONS.intersection(subtags) else "american"
