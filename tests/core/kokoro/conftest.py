"""One tiny Kokoro for all tests of this folder, away from the settings of whoever runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.stages import EngineRuntime
from koe.testing.tiny_model import TinyKokoro, write_tiny_model


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model folder, mirror or proxy of the developer's: the file servers here are on this machine."""
    for name in ("KOE_MODEL_DIR", "KOE_MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyKokoro:
    return write_tiny_model(tmp_path_factory.mktemp("kokoro"))


@pytest.fixture
def engine(tiny: TinyKokoro) -> Iterator[KokoroEngine]:
    opened = KokoroEngine(KokoroConfig(dir=str(tiny.dir)))
    opened.open(EngineRuntime(threads=1))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def one_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voices file with `af_heart` alone."""
    return write_tiny_model(tmp_path_factory.mktemp("voice"), voices=("af_heart",)).voices
