"""One `koe serve` for all clients: Kokoro's tiny model, espeak's phonemes, every format."""

from collections.abc import Iterator

import pytest
from koe.testing.tiny_model import write_tiny_model

from tests.server.live import KoeServer

MIX = "af_bella(2)+af_sky(1)"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KoeServer]:
    tiny = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    options = {
        "engine.default": "kokoro",
        "plugins.kokoro.dir": str(tiny.dir),
        "voices.mixes.narrator": MIX,
        "voices.aliases.hero": "am_puck",
    }
    assignments = [part for key, value in options.items() for part in ("--set", f"{key}={value}")]
    with KoeServer(*assignments, KOE_MODEL_DIR=str(tmp_path_factory.mktemp("none"))) as process:
        yield process.ready()


@pytest.fixture(scope="session")
def base_url(server: KoeServer) -> str:
    """What a client calls its base URL."""
    return f"{server.url}/v1"
