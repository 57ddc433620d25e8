"""The processor `watermark`, apart from what its policy says of failures."""

import numpy as np
import pytest
from koe.api import AudioChunk, ForbiddenError, Span, StreamInfo, WordTiming
from koe.testing.audio import tone
from koe.testing.conformance.processors import AudioProcessorConformance
from koe_watermark import WatermarkConfig
from koe_watermark.processor import Watermark
from koe_watermark.schemes import load_schemes
from structlog.testing import capture_logs


def _processor(**options):
    config = WatermarkConfig(**options)
    return Watermark(load_schemes(config), config)


class TestWatermark(AudioProcessorConformance):
    tolerance = 1e-6

    @pytest.fixture
    def processor(self):
        return _processor()


class TestWithoutMark(AudioProcessorConformance):
    """Where only tags are wanted, the audio stays as it is."""

    tolerance = 0.0

    @pytest.fixture
    def processor(self):
        return _processor(schemes=("metadata",), policy="best_effort")


def _word(text, start_s):
    return WordTiming(text, start_s, start_s + 0.1, Span(0, 1))


def test_nothing_may_follow_it():
    assert Watermark.last


def test_no_words_are_lost_while_audio_is_held_back():
    stream = _processor().open(StreamInfo(24_000))
    first, second = _word("one", 0.0), _word("two", 0.01)
    held = stream.process(AudioChunk(tone(200, 0.01, 24_000), 24_000, (first,)))
    assert (len(held.samples), held.words) == (0, ())
    made = stream.process(AudioChunk(tone(200, 1.0, 24_000), 24_000, (second,)))
    assert made.words == (first, second)
    assert stream.process(AudioChunk(tone(200, 1.0, 24_000), 24_000)).words == ()


def test_words_of_a_very_short_sound_come_with_the_rest():
    stream = _processor().open(StreamInfo(24_000))
    stream.process(AudioChunk(tone(200, 0.01, 24_000), 24_000, (_word("a", 0.0),)))
    rest = stream.flush()
    assert rest is not None
    assert (len(rest.samples), rest.words) == (240, (_word("a", 0.0),))


def test_it_says_that_it_marked():
    assert _processor().open(StreamInfo(24_000)).facts == {"watermark": "yes"}


def test_it_says_that_tags_alone_are_no_mark():
    stream = _processor(schemes=("metadata",), policy="best_effort").open(StreamInfo(24_000, engine="kokoro"))
    assert stream.facts == {"watermark": "no"}
    assert "engine: kokoro" in stream.tags["comment"]


def test_tags_come_from_the_schemes_that_write_some():
    stream = _processor(schemes=("perth-implicit", "metadata")).open(StreamInfo(24_000))
    assert stream.facts == {"watermark": "yes"}
    assert stream.tags["encoded_by"].startswith("koe ")
    assert _processor().open(StreamInfo(24_000)).tags == {}


def test_samples_that_are_not_finite_are_logged_once_with_the_request():
    stream = _processor().open(StreamInfo(24_000, request_id="r7"))
    with capture_logs() as logged:
        stream.process(AudioChunk(np.full(3_000, np.nan, np.float32), 24_000))
        stream.process(AudioChunk(np.full(3_000, np.inf, np.float32), 24_000))
        stream.flush()
    (line,) = logged
    assert line["event"] == "samples_not_finite"
    assert (line["samples"], line["request_id"]) == (6_000, "r7")


def test_clipped_samples_are_logged():
    stream = _processor().open(StreamInfo(24_000, request_id="r7"))
    with capture_logs() as logged:
        stream.process(AudioChunk(tone(200, 1.0, 24_000, peak=2.0), 24_000))
        stream.flush()
    assert [line["event"] for line in logged] == ["watermark_clipped"]


def test_a_chunk_of_another_sample_rate_is_refused():
    stream = _processor().open(StreamInfo(24_000))
    with pytest.raises(ValueError, match="opened for 24000 Hz and was given a chunk of 16000 Hz"):
        stream.process(AudioChunk(tone(200, 1.0, 16_000), 16_000))


def test_only_named_callers_get_unmarked_audio():
    processor = _processor(opt_out=("studio",))
    stream = processor.open(StreamInfo(24_000, watermark=False, caller="studio"))
    chunk = AudioChunk(tone(200, 1.0, 24_000), 24_000)
    assert stream.process(chunk) is chunk
    assert stream.flush() is None
    assert stream.facts == {"watermark": "no"}
    assert processor.open(StreamInfo(24_000, caller="studio")).facts == {"watermark": "yes"}


@pytest.mark.parametrize("opt_out", [(), ("studio",), ("",)])
@pytest.mark.parametrize("caller", ["", "somebody"])
def test_everybody_else_is_refused_and_told_the_way_out(opt_out, caller):
    with pytest.raises(ForbiddenError, match=r"plugins\.watermark\.opt_out.*leave the field out") as refused:
        _processor(opt_out=opt_out).open(StreamInfo(24_000, watermark=False, caller=caller))
    assert refused.value.param == "watermark"


def test_those_who_opt_out_get_no_tags_either():
    processor = _processor(schemes=("perth-implicit", "metadata"), opt_out=("studio",))
    assert processor.open(StreamInfo(24_000, watermark=False, caller="studio")).tags == {}
