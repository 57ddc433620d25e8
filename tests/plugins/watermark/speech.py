"""Speech of the embedded voice, marked and not, at 24 kHz; and files made of it."""

import io
from fractions import Fraction
from functools import cache

import av
import numpy as np
from koe.api import Alignment, Cancellation, EngineRuntime, PhonemeSegment, Prosody, StreamInfo, VoiceMix
from koe_espeak.config import EspeakConfig
from koe_espeak.plugin import EspeakPlugin
from koe_watermark.perth import PerthImplicit

from benchmarks.watermark_texts import TEXTS

RATE = 24_000
TAIL_S = 0.2


@cache
def speech(index=0):
    """The text `index` of the benchmark, as the engine speaks it."""
    voice, text = TEXTS[index]
    (engine,) = EspeakPlugin(EspeakConfig()).register_engines()
    engine.open(EngineRuntime())
    try:
        language = voice.partition("+")[0]
        alignment = Alignment.verbatim(len(text), 0)
        segment = PhonemeSegment(text, (), VoiceMix.of(voice), language, Prosody(), alignment=alignment)
        return engine.infer(segment, Cancellation()).samples
    finally:
        engine.close()


@cache
def monologue(seconds=30):
    """Several texts in a row."""
    parts = [
        np.concatenate([speech(index), np.zeros(round(TAIL_S * RATE), np.float32)]) for index in range(9)
    ]
    return np.concatenate(parts)[: seconds * RATE]


def marked(samples, sample_rate=RATE):
    marker = PerthImplicit({}).open(StreamInfo(sample_rate))
    return np.clip(np.concatenate([marker.push(samples), marker.flush()]), -1, 1)


class Pipe(io.BytesIO):
    """Takes bytes in order only."""

    def seekable(self):
        return False


def encoded(samples, container="wav", codec="pcm_s16le", sample_rate=RATE, bitrate=None, seekable=True):
    """An audio file; one that is not `seekable` was written without going back to its header."""
    target = io.BytesIO() if seekable else Pipe()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=sample_rate)
        stream.codec_context.layout = "mono"
        if bitrate:
            stream.codec_context.bit_rate = bitrate
        for begin in range(0, len(samples), 10 * RATE):
            piece = samples[np.newaxis, begin : begin + 10 * RATE].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(piece, "flt", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return target.getvalue()


def video(samples):
    """A film of a few grey pictures, with sound."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as file:
        pictures = file.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = file.add_stream("aac", rate=RATE)
        for number in range(25):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            for packet in pictures.encode(frame):
                file.mux(packet)
        heard = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
        heard.sample_rate, heard.pts, heard.time_base = RATE, 0, Fraction(1, RATE)
        for packet in sound.encode(heard):
            file.mux(packet)
        for stream in (pictures, sound):
            for packet in stream.encode(None):
                file.mux(packet)
    return target.getvalue()
