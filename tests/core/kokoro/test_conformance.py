import pytest
from koe.kokoro.config import KokoroConfig
from koe.kokoro.engine import KokoroEngine
from koe.stages import EngineRuntime
from koe.testing.conformance.engines import EngineConformance
from koe.testing.tiny_model import TinyKokoro, write_tiny_model


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> TinyKokoro:
    """Tokens of many frames, so that rounding to whole frames does not blur the rates."""
    return write_tiny_model(tmp_path_factory.mktemp("timed"), frames_per_token=20)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> TinyKokoro:
    return write_tiny_model(
        tmp_path_factory.mktemp("plain"),
        layout="onnx-community",
        tokens_input="input_ids",
        speed_type="int32",
        durations=False,
    )


class TestKokoro(EngineConformance):
    @pytest.fixture
    def engine(self, timed):
        return KokoroEngine(KokoroConfig(dir=str(timed.dir)))

    @pytest.fixture
    def runtime(self):
        return EngineRuntime(threads=1)


class TestKokoroWithoutDurationsAndWithAnIntegerSpeed(TestKokoro):
    @pytest.fixture
    def engine(self, plain):
        return KokoroEngine(KokoroConfig(dir=str(plain.dir)))
