"""A recogniser that knows nothing of espeak-ng hears what was said."""

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
import soxr
from koe.cli.main import main

from .build import opened_engine, speak

pocketsphinx = pytest.importorskip("pocketsphinx")

README = Path(__file__).parents[3] / "README.md"
FOX = "the quick brown fox jumps over the lazy dog"
SENTENCES = (
    FOX,
    "she had your dark suit in greasy wash water all year",
    "please call stella and ask her to bring these things",
    "we will meet again tomorrow morning at the station",
    "the weather in the north was cold and wet",
    "the birch canoe slid on the smooth planks",
    "glue the sheet to the dark blue background",
    "it is easy to tell the depth of a well",
    "these days a chicken leg is a rare dish",
    "rice is often served in round bowls",
    "the juice of lemons makes fine punch",
    "the box was thrown beside the parked truck",
)


class Listener:
    """Says whether audio can be a sentence at all, and which one of `SENTENCES` it is."""

    def __init__(self):
        self.aligner = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
        self.chooser = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
        self.chooser.add_jsgf_string(
            "list", f"#JSGF V1.0; grammar list; public <sentence> = {' | '.join(SENTENCES)} ;"
        )
        self.chooser.activate_search("list")

    def aligns(self, samples, text):
        self.aligner.set_align_text(text)
        return self._heard(self.aligner, samples).split() == text.split()

    def chooses(self, samples):
        return self._heard(self.chooser, samples)

    def _heard(self, decoder, samples):
        """With half a second of silence around it, which a recogniser needs to settle."""
        around = np.zeros(8_000, np.float32)
        heard = np.concatenate([around, soxr.resample(samples, 24_000, 16_000), around])
        decoder.start_utt()
        decoder.process_raw((heard * 32_767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""


@pytest.fixture(scope="module")
def listener():
    return Listener()


@pytest.fixture(scope="module")
def spoken():
    """Each sentence by the default voice."""
    engine = opened_engine()
    default = engine.voices()[0].name
    yield {text: speak(engine, text.capitalize() + ".", default).samples for text in SENTENCES}
    engine.close()


@pytest.mark.parametrize("text", SENTENCES)
def test_the_default_voice_is_understood(listener, spoken, text):
    assert listener.aligns(spoken[text], text)
    assert listener.chooses(spoken[text]) == text


def test_alignment_means_something(listener, spoken):
    """It takes hardly any sentence for another (the list never does)."""
    others = (*SENTENCES[1:], SENTENCES[0])
    fooled = [listener.aligns(spoken[text], other) for text, other in zip(SENTENCES, others, strict=True)]
    assert sum(fooled) <= 1


def test_the_readme_s_first_words_are_understood(listener, tmp_path, monkeypatch):
    monkeypatch.setenv("KOE_MODEL_DIR", str(tmp_path / "none"))
    found = re.search(r'pip install \. && koe say "([^"]+)" -o', README.read_text())
    assert found is not None
    text = found.group(1)
    assert re.sub(r"\W+", " ", text.lower()).strip() == FOX
    made = tmp_path / "hello.wav"
    assert main(["say", text, "-o", str(made)]) == 0
    with wave.open(io.BytesIO(made.read_bytes())) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (1, 24_000, 2)
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.float32) / 32_768
    assert 2 <= len(samples) / 24_000 <= 4
    assert listener.aligns(samples, FOX)
    assert listener.chooses(samples) == FOX
