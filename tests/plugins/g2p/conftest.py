from collections.abc import Iterator

import pytest
from koe_g2p import MisakiPhonemizer

from .build import espeak, misaki


@pytest.fixture(scope="session")
def phonemizer() -> Iterator[MisakiPhonemizer]:
    """`misaki` with espeak behind it."""
    fallback = espeak()
    yield misaki(fallbacks=[fallback])
    fallback.close()
