"""config/minimal.toml speaks, with nothing but what it names."""

import wave
from pathlib import Path

import pytest
from koe.cli.main import main
from koe.config import load as load_config
from koe.plugins import load as load_plugins

MINIMAL = Path(__file__).parents[2] / "config/minimal.toml"

pytestmark = pytest.mark.usefixtures("koe_environment")


def test_it_speaks_without_a_model(tmp_path, capfd):
    file = tmp_path / "hello.wav"
    assert main(["say", "Good morning.", "--config", str(MINIMAL), "-o", str(file)]) == 0
    assert "engine espeak" in capfd.readouterr().err
    with wave.open(str(file)) as made:
        assert 0.5 < made.getnframes() / made.getframerate() < 3


def test_it_loads_three_plugins():
    registry = load_plugins(load_config([MINIMAL]))
    assert [plugin.name for plugin in registry.plugins] == ["text", "espeak", "formats"]
    assert set(registry.engines) == {"espeak"}
