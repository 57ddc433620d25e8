import subprocess
import sys

import pluggy
from koe.hooks import PROJECT, Plugin
from koe.kokoro import KokoroConfig, KokoroPlugin


def test_the_plugin_registers_the_engine_by_its_hook():
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Plugin)
    manager.register(KokoroPlugin(KokoroConfig()))
    (engines,) = manager.hook.register_engines()
    assert [engine.name for engine in engines] == ["kokoro"]
    assert (engines[0].max_phonemes, engines[0].mixes) == (510, True)


def test_importing_and_registering_it_loads_neither_onnx_runtime_nor_kokoro_onnx():
    """A server that speaks with another engine does not pay for this one."""
    code = (
        "import sys; from koe.kokoro import KokoroConfig, KokoroPlugin;"
        "KokoroPlugin(KokoroConfig(dir='/nowhere')).register_engines()[0].missing();"
        "print([name for name in ('onnxruntime', 'kokoro_onnx', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_importing_of_kokoro_onnx_touches_espeak():
    """espeak-ng belongs to one thread of its own plugin; the vocabulary must not load it."""
    code = (
        "from pathlib import Path; from koe.kokoro.vocabulary import load_vocabulary;"
        "load_vocabulary({}, Path('model.onnx'), None);"
        "from phonemizer.backend.espeak.wrapper import EspeakWrapper; print(EspeakWrapper._ESPEAK_LIBRARY)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
