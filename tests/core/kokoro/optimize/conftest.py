"""One tiny model with a vocoder, and what it takes to optimize it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from koe.kokoro.config import ParityLimits
from koe.kokoro.files import ModelFiles
from koe.kokoro.optimize.optimizer import Optimization
from koe.kokoro.optimize.rewrite import fold_constants
from koe.testing.tiny_model import TinyKokoro, write_tiny_model


class Quiet:
    """Progress that only remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def begin(self, what: str) -> None:
        self.begun.append(what)


@pytest.fixture(scope="session")
def vocoder(tmp_path_factory: pytest.TempPathFactory) -> TinyKokoro:
    return write_tiny_model(
        tmp_path_factory.mktemp("vocoder"), vocoder=True, tokens_input="input_ids", frames_per_token=2
    )


@pytest.fixture(scope="session")
def folded(vocoder: TinyKokoro) -> bytes:
    return fold_constants(vocoder.model)


@pytest.fixture
def wish(vocoder: TinyKokoro, tmp_path: Path) -> Callable[..., Optimization]:
    """An optimization of the tiny model into the folder of this test."""
    usual = Optimization(
        ModelFiles(vocoder.model, vocoder.voices, None, "fp32"),
        tmp_path / "kokoro-v1.0.optimized.onnx",
        ParityLimits(),
        threads=1,
    )
    return lambda **changes: evolve(usual, **changes)
