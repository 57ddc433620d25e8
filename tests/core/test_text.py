"""Sentences are found where people would end them, whatever the punctuation does."""

import time

import pytest
from koe.stages import MarkupContext
from koe.testing.conformance.normalizers import MarkupParserConformance, NormalizerConformance
from koe.text import PlainText, Sentences
from koe.types import Segment, SpeechRequest, VoiceMix


def _sentences(text):
    return [segment.text for segment in Sentences().normalize(Segment(text, VoiceMix.of("v"), "en"))]


class TestSentencesConform(NormalizerConformance):
    @pytest.fixture
    def normalizer(self):
        return Sentences()


class TestPlainTextConforms(MarkupParserConformance):
    @pytest.fixture
    def parser(self):
        return PlainText()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("Dr. Smith met Mrs. Jones.", ["Dr. Smith met Mrs. Jones."]),
        ("Really?! Yes…  Good.", ["Really?!", "Yes…", "Good."]),
        ("It costs 3.50 euros. Fine.", ["It costs 3.50 euros.", "Fine."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ("I said no. Then I left.", ["I said no.", "Then I left."]),
        ("See No. 5 there. Good.", ["See No. 5 there.", "Good."]),
        ("wait... what", ["wait... what"]),
        ("これは本です。はい！", ["これは本です。", "はい！"]),
        ("A title\n\nThe text", ["A title", "The text"]),
        ("wrapped\nline stays", ["wrapped\nline stays"]),
        ("List:\n- one\n- two", ["List:", "- one", "- two"]),
        ("so do I. Me too.", ["so do I.", "Me too."]),
        ("   ", []),
        ("", []),
    ],
)
def test_sentence_ends(text, expected):
    assert _sentences(text) == expected


@pytest.mark.parametrize("unit", [".", ". ", "J. ", "\n", " \n", "?!", "a", "Dr. ", "\n1", "。", '."'])
def test_cost_grows_linearly_with_endless_repetition(unit):
    """Ten times the text takes less than forty times the time."""

    def cost(count):
        start = time.process_time()
        _sentences(unit * count)
        return time.process_time() - start

    small = min(cost(2_000) for _ in range(3))
    assert min(cost(20_000) for _ in range(2)) < 40 * small + 0.05


def test_plain_text_is_not_interpreted():
    text = "<speak>[pause:1s] *hi*</speak>"
    utterance = PlainText().parse(SpeechRequest(text), MarkupContext(VoiceMix.of("v"), "en"))
    assert [part.text for part in utterance.parts if isinstance(part, Segment)] == [text]
