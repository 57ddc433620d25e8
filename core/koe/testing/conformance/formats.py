"""What every response format has to do."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from koe.errors import UnsupportedFormatError
from koe.stages import AudioFormat, Encoder
from koe.testing.audio import correlation, cut, decode_audio, speechlike, tone
from koe.types import AudioChunk, Mode, Samples, StreamInfo

LENGTHS = (1, 240, 2_400, 24_001, 60_000)
BURST_S = 0.02


class AudioFormatConformance:
    """Subclass it in your tests, say which format, and run pytest.

    ```python
    class TestShorten(AudioFormatConformance):
        frame_samples = 256

        @pytest.fixture
        def audio_format(self) -> AudioFormat:
            return ShortenFormat()
    ```

    Attributes:
        sample_rate: of the audio that is fed, in Hz. Lengths below are in samples at this rate.
        frame_samples: the codec's frame: how far a decoded length may be from what was fed. 0: exact.
        stream_lead_in_samples: silence that every decoder plays first, in mode `stream`.
        whole_lead_in_samples: the same in mode `whole`.
        stream_least_samples: of a file that players recognise, in mode `stream`.
        whole_least_samples: the same in mode `whole`.
        min_correlation: between what was fed and what a lossy format decodes to.
        headerless: whether the bytes are 16-bit little-endian samples and nothing else.
    """

    sample_rate: ClassVar[int] = 24_000
    frame_samples: ClassVar[int] = 0
    stream_lead_in_samples: ClassVar[int] = 0
    whole_lead_in_samples: ClassVar[int] = 0
    stream_least_samples: ClassVar[int] = 0
    whole_least_samples: ClassVar[int] = 0
    min_correlation: ClassVar[float] = 0.9
    headerless: ClassVar[bool] = False

    @pytest.fixture
    def audio_format(self) -> AudioFormat:
        """The format under test."""
        raise NotImplementedError("Override the fixture `audio_format`")

    def decode(self, encoded: bytes) -> tuple[Samples, int]:
        """Samples and sample rate. Override it for a format that FFmpeg cannot read on its own."""
        return _pcm(encoded, self.sample_rate) if self.headerless else decode_audio(encoded)

    def test_it_has_a_name_a_media_type_and_an_extension(self, audio_format: AudioFormat) -> None:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", audio_format.name), audio_format.name
        assert re.fullmatch(r"audio/[a-z0-9.+-]+(; ?[a-z]+=[\w.-]+)*", audio_format.media_type)
        assert re.fullmatch(r"[a-z0-9]+", audio_format.extension), "an extension has no dot"

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    @pytest.mark.parametrize("length", LENGTHS)
    def test_it_decodes_to_the_length_that_was_fed(
        self, audio_format: AudioFormat, mode: Mode, length: int
    ) -> None:
        decoded = self._round_trip(audio_format, speechlike(length, self.sample_rate), mode=mode)

        least = self.stream_least_samples if mode == "stream" else self.whole_least_samples
        excess = len(decoded) - max(length + self._lead_in(mode), least)
        assert abs(excess) <= self.frame_samples, f"{excess} samples beyond what was fed"

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_it_sounds_like_what_was_fed(self, audio_format: AudioFormat, mode: Mode) -> None:
        samples = speechlike(self.sample_rate, self.sample_rate)
        decoded = self._round_trip(audio_format, samples, mode=mode)

        if audio_format.lossless:
            assert np.abs(decoded - np.clip(samples, -1, 1)).max() <= 1 / 32_768
        else:
            assert correlation(samples, decoded, self._max_lag(mode)) >= self.min_correlation

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_the_last_sound_is_not_lost_at_flush(self, audio_format: AudioFormat, mode: Mode) -> None:
        """A beep in the last 20 ms comes out with at least 70 % of its energy."""
        beep = tone(1_000, BURST_S, self.sample_rate)
        samples = np.concatenate([np.zeros(self.sample_rate - len(beep), np.float32), beep])
        decoded = self._round_trip(audio_format, samples, mode=mode)

        energy = float(np.square(decoded).sum() / np.square(beep).sum())
        assert energy >= 0.7, f"only {energy:.0%} of the last sound's energy came out"

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_nothing_fed_is_a_file_without_sound(self, audio_format: AudioFormat, mode: Mode) -> None:
        encoder = self._open(audio_format, mode)
        encoded = encoder.flush()
        encoder.close()
        decoded, sample_rate = self.decode(encoded)

        longest = self._lead_in(mode) + 2 * self.frame_samples
        assert len(decoded) * self.sample_rate / sample_rate <= longest
        assert not len(decoded) or np.abs(decoded).max() < 0.001

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_any_chunking_decodes_to_the_same_audio(self, audio_format: AudioFormat, mode: Mode) -> None:
        samples = speechlike(2 * self.sample_rate + 17, self.sample_rate)
        at_once = self._decoded(self._encode(audio_format, samples, mode, len(samples)))

        for chunk_samples in (self.sample_rate // 50, self.sample_rate // 20, 7_919):
            chunked = self._decoded(self._encode(audio_format, samples, mode, chunk_samples))
            assert len(at_once) == len(chunked)
            assert np.abs(at_once - chunked).max() < 0.001, f"chunks of {chunk_samples} samples differ"

    def test_random_chunks_among_them_empty_ones_change_nothing(self, audio_format: AudioFormat) -> None:
        samples = speechlike(self.sample_rate, self.sample_rate)
        cuts = np.sort(np.random.default_rng(1).integers(0, len(samples), 40))
        cuts = np.concatenate([[0, 0], cuts, [cuts[-1]]])
        encoder = self._open(audio_format)
        pieces = [AudioChunk(piece, self.sample_rate) for piece in np.split(samples, cuts)]
        decoded = self._decoded(b"".join([*map(encoder.feed, pieces), encoder.flush()]))
        encoder.close()

        at_once = self._decoded(self._encode(audio_format, samples, "stream", len(samples)))
        assert len(at_once) == len(decoded)
        assert np.abs(at_once - decoded).max() < 0.001

    def test_a_stream_can_be_heard_before_its_end(self, audio_format: AudioFormat) -> None:
        """What has left after 10 s were fed, before `flush`, already decodes to at least 5 s."""
        encoder = self._open(audio_format)
        samples = speechlike(10 * self.sample_rate, self.sample_rate)
        early = b"".join(encoder.feed(chunk) for chunk in cut(samples, self.sample_rate, 1_200))
        encoder.close()

        assert early, "not a byte left before `flush`"
        decoded, sample_rate = self.decode(early)
        assert len(decoded) / sample_rate >= 5.0

    def test_two_encoders_that_take_turns_do_not_disturb_each_other(self, audio_format: AudioFormat) -> None:
        left = speechlike(self.sample_rate, self.sample_rate)
        right = tone(700, 1.0, self.sample_rate)
        encoders = self._open(audio_format), self._open(audio_format)
        outputs: list[list[bytes]] = [[], []]
        for pair in zip(cut(left, self.sample_rate, 960), cut(right, self.sample_rate, 960), strict=True):
            for output, encoder, chunk in zip(outputs, encoders, pair, strict=True):
                output.append(encoder.feed(chunk))
        for output, encoder in zip(outputs, encoders, strict=True):
            output.append(encoder.flush())
            encoder.close()

        for output, samples in zip(outputs, (left, right), strict=True):
            alone = self._decoded(self._encode(audio_format, samples, "stream", 960))
            assert np.array_equal(alone, self._decoded(b"".join(output)))

    def test_encoders_run_in_different_threads(self, audio_format: AudioFormat) -> None:
        signals = [tone(200 + 100 * i, 0.5, self.sample_rate) for i in range(8)]
        alone = [self._decoded(self._encode(audio_format, signal, "stream", 480)) for signal in signals]
        with ThreadPoolExecutor(4) as pool:
            encoded = list(pool.map(lambda s: self._encode(audio_format, s, "stream", 480), signals))

        assert all(np.array_equal(a, self._decoded(e)) for a, e in zip(alone, encoded, strict=True))

    def test_it_encodes_at_every_sample_rate_that_it_names(self, audio_format: AudioFormat) -> None:
        """A tone keeps its pitch and its length."""
        samples = tone(1_000, 1.0, self.sample_rate)
        for rate in audio_format.sample_rates or (8_000, 11_025, 16_000, 22_050, 44_100, 48_000):
            encoder = audio_format.open(StreamInfo(self.sample_rate, output_sample_rate=rate))
            encoded = encoder.feed(AudioChunk(samples, self.sample_rate)) + encoder.flush()
            encoder.close()
            decoded, decoded_rate = self._decode_at(encoded, rate)
            peak = np.argmax(np.abs(np.fft.rfft(decoded))) * decoded_rate / len(decoded)
            assert peak == pytest.approx(1_000, rel=0.01), f"at {rate} Hz"
            # Frames count samples of the encoded audio: at low rates they last longer.
            slack = (self.frame_samples + self.stream_lead_in_samples) / min(rate, self.sample_rate)
            assert len(decoded) / decoded_rate == pytest.approx(1.0, abs=2 * slack + 0.0002), f"at {rate} Hz"

    def test_other_sample_rates_are_refused_with_the_name_of_the_field(
        self, audio_format: AudioFormat
    ) -> None:
        for rate in (1, 7_999, 13_579, 48_001) if audio_format.sample_rates else (1, 7_999, 48_001):
            with pytest.raises(UnsupportedFormatError, match=str(rate)) as refused:
                audio_format.open(StreamInfo(self.sample_rate, output_sample_rate=rate))
            assert refused.value.param == "sample_rate"
            assert audio_format.name in refused.value.message

    def test_bitrates_out_of_range_are_refused_with_the_name_of_the_field(
        self, audio_format: AudioFormat
    ) -> None:
        lowest, highest = audio_format.bitrates or (64_000, 64_000)
        refusable = (lowest - 1, highest + 1) if audio_format.bitrates else (64_000,)
        for bitrate in refusable:
            with pytest.raises(UnsupportedFormatError, match=str(bitrate)) as refused:
                audio_format.open(StreamInfo(self.sample_rate, bitrate=bitrate))
            assert refused.value.param == "bitrate"
            assert audio_format.name in refused.value.message

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_audio_beyond_full_scale_is_clipped(self, audio_format: AudioFormat, mode: Mode) -> None:
        """It does not wrap around: the loud tone decodes to nearly the tone cut off at full scale."""
        loud = tone(300, 0.5, self.sample_rate, peak=1.8)
        decoded = self._round_trip(audio_format, loud, mode=mode)

        clipped = np.clip(loud, -1, 1)
        assert correlation(clipped, decoded, self._max_lag(mode)) >= self.min_correlation

    @pytest.mark.parametrize("mode", ["stream", "whole"])
    def test_closing_is_harmless_whenever_and_twice(self, audio_format: AudioFormat, mode: Mode) -> None:
        untouched, abandoned, finished = (self._open(audio_format, mode) for _ in range(3))
        chunk = AudioChunk(speechlike(self.sample_rate, self.sample_rate), self.sample_rate)
        abandoned.feed(chunk)
        finished.feed(chunk)
        finished.flush()

        for encoder in (untouched, abandoned, finished):
            encoder.close()
            encoder.close()

    def _open(self, audio_format: AudioFormat, mode: Mode = "stream") -> Encoder:
        return audio_format.open(StreamInfo(self.sample_rate, mode=mode, output_sample_rate=None))

    def _encode(self, audio_format: AudioFormat, samples: Samples, mode: Mode, chunk_samples: int) -> bytes:
        encoder = self._open(audio_format, mode)
        fed = b"".join(encoder.feed(chunk) for chunk in cut(samples, self.sample_rate, chunk_samples))
        encoded = fed + encoder.flush()
        encoder.close()
        return encoded

    def _decoded(self, encoded: bytes) -> Samples:
        return self.decode(encoded)[0]

    def _decode_at(self, encoded: bytes, sample_rate: int) -> tuple[Samples, int]:
        """`decode` for audio encoded at `sample_rate`."""
        return _pcm(encoded, sample_rate) if self.headerless else self.decode(encoded)

    def _round_trip(self, audio_format: AudioFormat, samples: Samples, *, mode: Mode) -> Samples:
        """Encode in chunks of 50 ms, decode, and bring back to `sample_rate`."""
        decoded, rate = self.decode(self._encode(audio_format, samples, mode, self.sample_rate // 20))
        if rate == self.sample_rate:
            return decoded
        import soxr

        resampled: Samples = soxr.resample(decoded, rate, self.sample_rate)
        return resampled

    def _lead_in(self, mode: Mode) -> int:
        return self.whole_lead_in_samples if mode == "whole" else self.stream_lead_in_samples

    def _max_lag(self, mode: Mode) -> int:
        return self._lead_in(mode) + self.frame_samples


def _pcm(encoded: bytes, sample_rate: int) -> tuple[Samples, int]:
    return np.frombuffer(encoded, "<i2").astype(np.float32) / np.float32(32_768), sample_rate
