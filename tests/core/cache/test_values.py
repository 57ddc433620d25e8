"""Values hold what is heard and nothing that was written, and tell when they are damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.cache.samples import Storage
from koe.cache.values import CorruptValueError, decode_value, encode_value
from koe.types import AudioChunk, Span, WordTiming
from koe_formats.intake import to_int16

KEY = "k" * 64
STORAGES: tuple[Storage, ...] = ("int16", "flac", "float32")


def _speech(count=24_000, peak=0.9):
    noise = np.random.default_rng(5).standard_normal(count).astype(np.float32)
    return np.float32(peak) * noise / np.abs(noise).max(initial=1.0)


def _chunk(samples):
    return AudioChunk(samples, 24_000, (WordTiming("spoken", 0.25, 0.5, Span(3, 4)),))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("count", [0, 1, 100, 24_000])
def test_what_comes_back_has_the_same_length_and_the_same_words(storage, count):
    value = encode_value(KEY, _chunk(_speech(count)), storage)
    found = decode_value(KEY, value, 10)
    assert (len(found.samples), found.sample_rate) == (count, 24_000)
    assert found.samples.dtype == np.float32
    assert found.words == (WordTiming("", 0.25, 0.5, Span(3, 4)),)
    found.samples[:] = 0.0  # whoever gets it may write into it


@pytest.mark.parametrize("storage", ["int16", "flac"])
@pytest.mark.parametrize("peak", [1e-4, 0.3, 1.0])
def test_16_bit_answers_are_the_same_bit_for_bit(storage, peak):
    samples = _speech(peak=peak)
    found = decode_value(KEY, encode_value(KEY, _chunk(samples), storage), 10)
    assert np.array_equal(to_int16(found.samples), to_int16(samples))


def test_float32_is_the_same_sample_for_sample():
    samples = _speech(peak=3.0)
    found = decode_value(KEY, encode_value(KEY, _chunk(samples), "float32"), 10)
    assert np.array_equal(found.samples, samples)


@pytest.mark.parametrize("storage", STORAGES)
def test_audio_beyond_full_scale_is_not_clipped(storage):
    samples = _speech(peak=4.0)
    found = decode_value(KEY, encode_value(KEY, _chunk(samples), storage), 10)
    assert np.abs(found.samples - samples).max() <= 4.0 / 32_000


def test_flac_needs_less_than_int16_and_int16_half_of_float32():
    tone = np.sin(np.arange(48_000) * 0.03).astype(np.float32)
    sizes = {storage: len(encode_value(KEY, _chunk(tone), storage)) for storage in STORAGES}
    assert len(encode_value(KEY, _chunk(tone[:10]), "flac")) < 300
    assert sizes["flac"] < sizes["int16"] < 0.51 * sizes["float32"]


@pytest.mark.parametrize("storage", STORAGES)
def test_no_text_is_in_a_value(storage):
    assert b"spoken" not in encode_value(KEY, _chunk(_speech(10)), storage)


@given(st.data())
def test_any_damage_is_noticed(data):
    value = encode_value(KEY, _chunk(_speech(200)), data.draw(st.sampled_from(STORAGES)))
    kind = data.draw(st.sampled_from(["cut", "changed", "longer"]))
    place = data.draw(st.integers(0, len(value) - 1))
    if kind == "cut":
        damaged = value[:place]
    elif kind == "changed":
        flip = data.draw(st.integers(1, 255))
        damaged = value[:place] + bytes([value[place] ^ flip]) + value[place + 1 :]
    else:
        damaged = value + b"\x00"
    with pytest.raises(CorruptValueError):
        decode_value(KEY, damaged, 10)


@given(st.binary(max_size=200))
def test_garbage_is_no_value(garbage):
    with pytest.raises(CorruptValueError):
        decode_value(KEY, garbage, 10)


def test_a_value_is_good_under_its_own_key_alone():
    value = encode_value(KEY, _chunk(_speech(10)), "int16")
    with pytest.raises(CorruptValueError, match="checksum"):
        decode_value("other", value, 10)


def test_words_of_a_longer_segment_are_not_taken():
    value = encode_value(KEY, _chunk(_speech(10)), "int16")
    with pytest.raises(CorruptValueError, match="another segment"):
        decode_value(KEY, value, 3)


def test_another_version_is_no_value():
    value = encode_value(KEY, _chunk(_speech(10)), "int16")
    with pytest.raises(CorruptValueError, match="version"):
        decode_value(KEY, b"koe\x02" + value[4:], 10)
