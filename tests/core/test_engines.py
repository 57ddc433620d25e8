"""Names of voices are checked when the engines are opened."""

import pytest
from attrs import evolve
from koe.engines import EngineSet
from koe.errors import ConfigError
from koe.hooks import Plugin, hookimpl
from koe.settings import EngineSettings, VoicesSettings
from koe.testing.build import FAKE_SETTINGS, registry_of
from koe.testing.fakes import FakeEngine, FakePlugin
from structlog.testing import capture_logs


class OtherEngine(FakeEngine):
    """Has no voices of the fake engine's and cannot mix."""

    mixes = False
    aliases = {"alloy": "zoe"}  # noqa: RUF012 - stands for a property

    def voices(self):
        return [evolve(super().voices()[0], name="zoe")]


class TwoEngines(Plugin):
    def __init__(self, *engines):
        super().__init__()
        self.engines = engines

    @hookimpl
    def register_engines(self):
        return self.engines


def open_set(*engines, default="fake", models=None, **voices):
    settings = evolve(
        FAKE_SETTINGS,
        engine=EngineSettings(default, ("fake", "other"), models or {}),
        voices=VoicesSettings(**voices),
    )
    return EngineSet.open(registry_of(TwoEngines(*(engines or [FakeEngine()]))), settings)


def test_saved_mixes_can_be_asked_for():
    book = open_set(mixes={"duo": "ann(3)+bob"}, default="auto").get("").book
    assert str(book.resolve("duo")) == "ann(0.75)+bob(0.25)"


def test_a_mix_may_be_the_default_voice():
    voices = VoicesSettings(default="duo", mixes={"duo": "ann+bob"})
    engines = EngineSet.open(registry_of(FakePlugin()), evolve(FAKE_SETTINGS, voices=voices))
    assert str(engines.get("").book.resolve("")) == "ann(0.5)+bob(0.5)"


@pytest.mark.parametrize(
    ("mixes", "said"),
    [
        (
            {"duo": "ann+anna"},
            "voices.mixes.duo: Engine 'fake' has no voice 'anna' ('duo' names it). Did you",
        ),
        ({"my duo": "ann-bob"}, 'voices.mixes."my duo": The weights of the voice mix sum to 0'),
        ({"bob": "ann+eva"}, "voices.mixes.bob: engine 'fake' has a voice 'bob'; give the mix another name"),
        ({"alloy": "ann+eva"}, "voices.mixes.alloy: engine 'fake' has an alias 'alloy', for 'ann'; give the"),
    ],
)
def test_a_mix_that_the_named_engine_cannot_speak_keeps_it_from_opening(mixes, said):
    engine = FakeEngine()
    with pytest.raises(ConfigError) as caught:
        open_set(engine, mixes=mixes)
    [problem] = caught.value.problems
    assert problem.startswith(said)
    assert engine.closed == 1


def test_all_such_mixes_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        open_set(mixes={"one": "ann+x", "two": "bob+y", "good": "ann+bob"})
    assert len(caught.value.problems) == 2


def test_where_another_engine_had_to_step_in_its_mixes_are_warned_of_and_not_offered():
    engines = (FakeEngine(reason_missing="no files"), OtherEngine("other"))
    with capture_logs() as logs:
        book = (
            open_set(*engines, default="auto", mixes={"duo": "ann+bob"}, aliases={"hero": "ann"}).get("").book
        )
    [event] = [log for log in logs if log["event"] == "voices_not_here"]
    assert (event["engine"], set(event["names"])) == ("other", {"voices.mixes.duo", "voices.aliases.hero"})
    assert "no voice 'ann'" in event["names"]["voices.aliases.hero"]
    assert [voice.name for voice in book.listed()] == ["zoe", "alloy"]


def test_a_mix_that_another_open_engine_speaks_is_no_mistake():
    engines = open_set(
        OtherEngine("other"), FakeEngine(), default="other", models={"f": "fake"}, mixes={"duo": "ann+bob"}
    )
    assert [voice.name for voice in engines.get("other").book.listed()] == ["zoe", "alloy"]
    assert "duo" in [voice.name for voice in engines.get("fake").book.listed()]


def test_names_that_every_engine_can_speak_are_not_mentioned():
    with capture_logs() as logs:
        open_set(mixes={"duo": "ann+bob"}, aliases={"hero": "duo", "alloy": "bob"})
    assert not [log for log in logs if log["event"] == "voices_not_here"]


def test_an_engine_that_fails_to_close_keeps_no_other_open():
    class Stuck(OtherEngine):
        def close(self):
            raise OSError("stuck")

    last = FakeEngine()
    engines = open_set(Stuck("other"), last, default="other", models={"f": "fake"})
    with capture_logs() as logs:
        engines.close()
    assert [(log["event"], log["engine"]) for log in logs] == [("engine_not_closed", "other")]
    assert last.closed == 1
