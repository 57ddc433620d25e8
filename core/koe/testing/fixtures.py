"""Pytest fixtures for plugin authors; pytest finds them once koe is installed."""

from collections.abc import Iterator

import pytest

from koe.api import EngineRuntime


@pytest.fixture
def koe_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """An environment without `KOE_…` variables and with an empty model folder."""
    import os

    for name in list(os.environ):
        if name.startswith("KOE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KOE_MODEL_DIR", str(tmp_path_factory.mktemp("models")))
    yield


@pytest.fixture
def engine_runtime() -> EngineRuntime:
    """What an engine is opened with where no execution provider matters."""
    return EngineRuntime(threads=1)
