"""`/v1/text/inspect` shows what was left as written, and that the request goes on."""

from attrs import evolve
from koe.settings import PipelineSettings
from koe.testing.build import FAKE_SETTINGS, running
from koe.testing.fakes import FakePlugin
from koe.types import SpeechRequest

from tests.plugins.text.build import plugin


async def test_a_failing_library_is_named_in_the_step_s_notes(monkeypatch):
    def broken(*_arguments):
        raise ValueError("no")

    monkeypatch.setattr("koe_text.spokenform_library._replacements", broken)
    pipeline = PipelineSettings(normalize=("clean", "english"), phonemize=("letters",))
    settings = evolve(FAKE_SETTINGS, pipeline=pipeline)
    async with running(FakePlugin(), plugin(), settings=settings) as synthesizer:
        found = await synthesizer.inspect(SpeechRequest("Assoc. Lee is 5.", language="en", format="none"))
    (part,) = found.parts
    cleaned, read = part.steps
    assert cleaned.notes == ()
    assert read.notes == ("spokenform left 'Assoc. Lee is five.' as written: failed (ValueError: no)",)
    assert [one.text for one in read.texts] == ["Assoc. Lee is five."]
