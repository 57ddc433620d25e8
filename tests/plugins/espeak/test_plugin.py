import asyncio
import os
import subprocess
import sys
from unittest.mock import Mock

import psutil
import pytest
from koe.api import EngineUnavailableError, Server
from koe_espeak import EspeakConfig, EspeakPlugin

from .build import to_phonemize


def test_it_registers_a_phonemizer_and_an_engine():
    plugin = EspeakPlugin()
    assert [phonemizer.name for phonemizer in plugin.register_phonemizers()] == ["espeak"]
    assert [engine.name for engine in plugin.register_engines()] == ["espeak"]


def test_the_config_reaches_both(tmp_path):
    plugin = EspeakPlugin(EspeakConfig(library=str(tmp_path / "gone.so")))
    assert all("gone.so" in (engine.missing() or "") for engine in plugin.register_engines())
    for phonemizer in plugin.register_phonemizers():
        with pytest.raises(EngineUnavailableError, match=r"gone\.so"):
            phonemizer.supports("en")


@pytest.mark.parametrize("wrong", [{"pitch": 100}, {"pitch": -1}, {"word_gap": -1}, {"word_gap": 101}])
def test_values_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError):
        EspeakConfig(**wrong)


@pytest.mark.usefixtures("nothing_left")
def test_espeak_is_let_go_of_when_the_server_stops():
    plugin = EspeakPlugin()
    (phonemizer,) = plugin.register_phonemizers()

    async def serve():
        async with plugin.lifespan(Mock(Server)):
            await asyncio.to_thread(phonemizer.phonemize, to_phonemize("hello"))
            assert any("koe_espeak.worker" in child.cmdline() for child in psutil.Process().children())

    asyncio.run(serve())


def test_importing_loads_nothing_and_leaving_without_closing_leaves_nothing(tmp_path):
    program = (
        "import sys, threading; import koe_espeak; "
        "assert 'espeakng_loader' not in sys.modules and threading.active_count() == 1; "
        "p = koe_espeak.EspeakPlugin(); assert threading.active_count() == 1; "
        "(x,) = p.register_phonemizers(); assert x.supports('en'); "
        "x._espeak.read('gmw/en-US', 'hello', ties=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_espeaks_process_ends_with_koe_whatever_ends_that():
    program = (
        "import koe_espeak, psutil; (p,) = koe_espeak.EspeakPlugin().register_phonemizers(); "
        "p._espeak.version(); print(psutil.Process().children()[0].pid, flush=True); input()"
    )
    koe = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert koe.stdout is not None
    child = psutil.Process(int(koe.stdout.readline()))
    assert child.is_running()
    koe.kill()
    koe.communicate(timeout=30)
    child.wait(30)
