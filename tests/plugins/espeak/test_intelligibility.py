"""A recogniser that knows nothing of espeak-ng hears what was said."""

import numpy as np
import pytest
import soxr

from .build import speak

pocketsphinx = pytest.importorskip("pocketsphinx")

SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "she had your dark suit in greasy wash water all year",
    "please call stella and ask her to bring these things",
    "we will meet again tomorrow morning at the station",
    "the weather in the north was cold and wet",
)


def aligns(decoder, samples, text):
    pcm = (soxr.resample(samples, 24000, 16000) * 32767).astype(np.int16).tobytes()
    decoder.set_align_text(text)
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp()
    return heard is not None and heard.hypstr.split() == text.split()


def test_most_sentences_align_with_their_text_and_none_with_another(engine):
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    made = [speak(engine, sentence).samples for sentence in SENTENCES]
    right = [aligns(decoder, samples, text) for samples, text in zip(made, SENTENCES, strict=True)]
    wrong = [
        aligns(decoder, samples, text)
        for samples, text in zip(made, (*SENTENCES[1:], SENTENCES[0]), strict=True)
    ]
    assert sum(right) > len(SENTENCES) / 2, right
    assert not any(wrong), wrong
