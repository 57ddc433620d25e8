"""The engine takes in and lets go of voices while it runs."""

import asyncio
import os
import time

import numpy as np
import pytest
from koe.cancellation import Cancellation
from koe.errors import KoeError, ModelFileError
from koe.kokoro import plugin as kokoro_plugin
from koe.kokoro.config import KokoroConfig
from koe.kokoro.voice_facts import describe
from koe.testing.tiny_model import VOICES, voice_level, voice_table
from koe.voices import VoiceBook

from tests.core.kokoro.builders import opened, segment


def drop(folder, name, table=None):
    (folder / f"{name}.bin").write_bytes((voice_table(name) if table is None else table).tobytes())
    then = time.time() - 60
    os.utime(folder / f"{name}.bin", (then, then))


def names(engine):
    return [voice.name for voice in engine.voices()]


def peak(engine, voice):
    samples = engine.infer(segment(("c", ""), voice=voice), Cancellation()).samples
    return np.abs(samples).max()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "extra").mkdir()
    return tmp_path / "extra"


@pytest.fixture
def engine(tiny, folder):
    engine = opened(tiny, extra_voices=str(folder))
    yield engine
    engine.close()


def test_voices_that_are_there_at_the_start_follow_the_model_s_own(tiny, folder):
    drop(folder, "bm_new")
    engine = opened(tiny, extra_voices=str(folder))
    assert names(engine) == [*VOICES, "bm_new"]
    assert engine.find_voice("bm_new") == describe("bm_new")
    assert (describe("bm_new").language, describe("bm_new").gender) == ("en-GB", "male")
    assert peak(engine, "bm_new") == pytest.approx(voice_level("bm_new"), abs=1e-3)


def test_a_voice_comes_and_goes_while_the_engine_runs(engine, folder):
    before = engine.fingerprint
    drop(folder, "af_new")
    assert engine.find_voice("af_new") is None
    engine.rescan_voices()
    assert engine.find_voice("af_new") is not None
    assert engine.info().detail["voices"] == len(VOICES) + 1
    assert engine.fingerprint != before
    (folder / "af_new.bin").unlink()
    engine.rescan_voices()
    assert engine.find_voice("af_new") is None
    assert engine.fingerprint == before


def test_a_request_that_began_before_its_voice_was_taken_away_goes_on(engine, folder):
    drop(folder, "af_new")
    engine.rescan_voices()
    (folder / "af_new.bin").unlink()
    engine.rescan_voices()
    assert peak(engine, "af_new") == pytest.approx(voice_level("af_new"), abs=1e-3)


def test_only_the_last_voices_that_went_are_kept_for_such_requests(engine, folder):
    for number in range(33):
        drop(folder, f"af_{number}")
        engine.rescan_voices()
        (folder / f"af_{number}.bin").unlink()
        engine.rescan_voices()
    with pytest.raises(KoeError, match="no voice 'af_0'"):
        peak(engine, "af_0")
    assert peak(engine, "af_1") > 0


def test_a_replaced_file_sounds_different_and_has_another_fingerprint(engine, folder):
    drop(folder, "af_new")
    engine.rescan_voices()
    before = engine.fingerprint
    drop(folder, "af_new", voice_table("af_other"))
    engine.rescan_voices()
    assert peak(engine, "af_new") == pytest.approx(voice_level("af_other"), abs=1e-3)
    assert engine.fingerprint != before


def test_a_dropped_voice_mixes_with_others(engine, folder):
    drop(folder, "af_new")
    engine.rescan_voices()
    mix = VoiceBook.of(engine, {}, "").resolve("af_new(3)+af_heart")
    expected = 0.75 * voice_level("af_new") + 0.25 * voice_level("af_heart")
    assert peak(engine, mix) == pytest.approx(expected, abs=1e-3)


def test_openai_s_names_and_the_model_s_voices_cannot_be_replaced(engine, folder):
    drop(folder, "alloy")
    drop(folder, "af_heart", voice_table("other"))
    engine.rescan_voices()
    assert names(engine) == list(VOICES)
    assert {refused.file for refused in engine.refused_voices()} == {"alloy.bin", "af_heart.bin"}
    assert peak(engine, "af_heart") == pytest.approx(voice_level("af_heart"), abs=1e-3)


def test_a_dropped_voice_may_be_the_default_and_stays_it_when_it_comes_back(tiny, folder):
    drop(folder, "af_new")
    engine = opened(tiny, extra_voices=str(folder), default_voice="af_new")
    assert names(engine)[0] == "af_new"
    (folder / "af_new.bin").unlink()
    engine.rescan_voices()
    drop(folder, "af_new")
    engine.rescan_voices()
    assert names(engine)[0] == "af_new"


def test_a_folder_that_is_not_there_keeps_the_engine_from_opening(tiny, tmp_path):
    with pytest.raises(
        ModelFileError, match=r"gone, given as `extra_voices`.*found no such folder"
    ) as caught:
        opened(tiny, extra_voices=str(tmp_path / "gone"))
    assert caught.value.param == "extra_voices"


def test_rescanning_an_engine_that_is_closed_or_has_no_folder_does_nothing(tiny, engine, folder):
    without = opened(tiny)
    without.rescan_voices()
    assert names(without) == list(VOICES)
    drop(folder, "af_new")
    engine.close()
    engine.rescan_voices()
    with pytest.raises(KoeError, match="not open"):
        engine.voices()


async def test_the_plugin_rescans_while_its_lifespan_lasts(tiny, folder, monkeypatch):
    monkeypatch.setattr(kokoro_plugin, "RESCAN_S", 0.001)
    config = KokoroConfig(model=str(tiny.model), voices=str(tiny.voices), extra_voices=str(folder))
    plugin = kokoro_plugin.KokoroPlugin(config)
    [engine] = plugin.register_engines()
    rescans = []
    monkeypatch.setattr(engine, "rescan_voices", lambda: rescans.append(1))
    async with plugin.lifespan(None):  # type: ignore[arg-type]
        async with asyncio.timeout(30):
            while len(rescans) < 3:
                await asyncio.sleep(0)
    seen = len(rescans)
    await asyncio.sleep(0.01)
    assert len(rescans) <= seen + 1
