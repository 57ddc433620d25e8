import threading
from collections.abc import Iterator

import pytest
from koe_espeak import EspeakEngine, EspeakPhonemizer

from .build import new_phonemizer, opened_engine


@pytest.fixture
def phonemizer() -> Iterator[EspeakPhonemizer]:
    phonemizer = new_phonemizer()
    yield phonemizer
    phonemizer.close()


@pytest.fixture
def engine() -> Iterator[EspeakEngine]:
    engine = opened_engine()
    yield engine
    engine.close()


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Nothing may hold espeak-ng before and after the test."""

    def holders() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("espeak")]

    assert holders() == []
    yield
    assert holders() == []
