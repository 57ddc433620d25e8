from collections.abc import Iterator

import psutil
import pytest
from koe_espeak import EspeakEngine, EspeakPhonemizer, owner

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
    """No process of espeak-ng may run after the test; whoever left one before it is not its concern."""

    def left() -> list[list[str]]:
        commands = [child.cmdline() for child in psutil.Process().children()]
        return [command for command in commands if "koe_espeak.worker" in command]

    for access in tuple(owner._clients):
        access.close()
    assert left() == []
    yield
    assert left() == []
