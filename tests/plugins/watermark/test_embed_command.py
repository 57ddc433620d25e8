"""`koe watermark embed`: files in, marked files out, and nothing half done."""

from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition
from koe.cli.main import main
from koe.testing.audio import decode_audio, speechlike, tone
from koe_watermark import WatermarkConfig
from koe_watermark.fir import Filter, FilterMarker, design
from koe_watermark.media_embed import TARGETS, embed_file
from koe_watermark.perth import gains_db
from koe_watermark.schemes import load_schemes

SCHEMES = load_schemes(WatermarkConfig())


def _embed(*arguments, schemes='["perth-implicit"]'):
    options = ("--enable", "watermark", "--set", 'pipeline.postprocess=["watermark"]')
    return main(
        [
            "watermark",
            "embed",
            *map(str, arguments),
            *options,
            "--set",
            f"plugins.watermark.schemes={schemes}",
        ]
    )


def _marked(samples, sample_rate):
    marker = FilterMarker(Filter(design(gains_db(), sample_rate)))
    return np.concatenate([marker.push(samples), marker.flush()])


@pytest.fixture
def speech(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, speechlike(48_000, 24_000), 24_000)
    return path


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100, 96_000])
def test_a_wav_keeps_rate_and_length_and_holds_the_mark(tmp_path, capsys, sample_rate):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    samples = speechlike(2 * sample_rate + 17, sample_rate)
    soundfile.write(source, samples, sample_rate, subtype="FLOAT")
    assert _embed(source, target) == 0
    made, rate = soundfile.read(target, dtype="float32")
    assert rate == sample_rate
    assert soundfile.info(target).subtype == "FLOAT"
    assert np.abs(made - _marked(samples, sample_rate)).max() < 1e-6
    assert f"2.00 s marked at {sample_rate} Hz, 1 channel" in capsys.readouterr().out


@pytest.mark.parametrize(("subtype", "depth"), [("PCM_16", 16), ("PCM_24", 24)])
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_lossless_files_keep_their_depth(tmp_path, subtype, depth, ending):
    source, target = tmp_path / f"in.{ending}", tmp_path / f"out.{ending}"
    samples = speechlike(24_000, 24_000)
    soundfile.write(source, samples, 24_000, subtype=subtype)
    assert _embed(source, target) == 0
    assert soundfile.info(target).subtype == subtype
    error = np.abs(soundfile.read(target, dtype="float32")[0] - _marked(samples, 24_000)).max()
    assert error < 2.5 * 2.0 ** (1 - depth)


def test_each_channel_is_marked_for_itself(tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    left, right = speechlike(30_000, 24_000), tone(500, 1.25, 24_000)
    soundfile.write(source, np.stack([left, right], axis=1), 24_000, subtype="FLOAT")
    assert _embed(source, target) == 0
    made = soundfile.read(target, dtype="float32")[0]
    assert np.abs(made[:, 0] - _marked(left, 24_000)).max() < 1e-6
    assert np.abs(made[:, 1] - _marked(right, 24_000)).max() < 1e-6


@pytest.mark.parametrize("ending", TARGETS)
def test_every_format_that_is_offered_can_be_written_and_read(speech, tmp_path, ending):
    target = tmp_path / f"out.{ending}"
    assert _embed(speech, target) == 0
    samples, sample_rate = decode_audio(target.read_bytes())
    assert abs(len(samples) / sample_rate - 2.0) < 0.1


def test_a_rate_that_the_format_lacks_is_resampled_and_said(tmp_path, capsys):
    source, target = tmp_path / "in.wav", tmp_path / "out.opus"
    soundfile.write(source, speechlike(44_100, 44_100), 44_100)
    assert _embed(source, target) == 0
    assert "resampled to 48000 Hz, as the format has no 44100 Hz" in capsys.readouterr().out
    assert decode_audio(target.read_bytes())[1] == 48_000


def test_the_bitrate_can_be_chosen(speech, tmp_path):
    sizes = []
    for bitrate in (32_000, 128_000):
        target = tmp_path / f"{bitrate}.mp3"
        assert _embed(speech, target, "--bitrate", bitrate) == 0
        sizes.append(target.stat().st_size)
    assert sizes[1] > 2 * sizes[0]


def test_a_file_that_is_there_stays_unless_force_is_given(speech, tmp_path, capsys):
    target = tmp_path / "out.wav"
    target.write_text("precious")
    assert _embed(speech, target) == 2
    assert "is there already; --force replaces it" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert _embed(speech, target, "--force") == 0
    assert soundfile.info(target).frames == 48_000


def test_a_file_can_be_replaced_by_its_marked_self(speech):
    before = soundfile.read(speech, dtype="float32")[0]
    assert _embed(speech, speech, "--force") == 0
    after = soundfile.read(speech, dtype="float32")[0]
    assert np.abs(after - _marked(before, 24_000)).max() < 1e-4


def test_tags_are_kept_and_the_scheme_metadata_adds_its_own(tmp_path):
    source, target = tmp_path / "in.flac", tmp_path / "out.flac"
    with soundfile.SoundFile(source, "w", 24_000, 1) as file:
        file.title = "A title"
        file.write(speechlike(24_000, 24_000))
    assert _embed(source, target, schemes='["perth-implicit", "metadata"]') == 0
    with av.open(str(target)) as container:
        tags = {name.lower(): text for name, text in container.metadata.items()}
    assert tags["title"] == "A title"
    assert tags["encoded_by"].startswith("koe ")
    assert tags["comment"] == "synthetic speech"


def test_a_picture_of_the_cover_is_left_behind(tmp_path):
    source, target = tmp_path / "in.mp3", tmp_path / "out.flac"
    with av.open(str(source), "w", format="mp3") as container:
        audio = container.add_stream("libmp3lame", rate=24_000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = Disposition.attached_pic
        _mux_second(container, cover, audio)
    with av.open(str(source)) as container:
        assert len(container.streams.video) == 1
    assert _embed(source, target) == 0
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def _mux_second(container, video, audio):
    """A black picture and a second of silence."""
    picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
    picture.pts, picture.time_base = 0, Fraction(1, 25)
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 24_000), np.float32), "flt", "mono")
    frame.sample_rate = 24_000
    frame.pts, frame.time_base = 0, Fraction(1, 24_000)
    for stream, made in ((video, picture), (audio, frame)):
        container.mux(stream.encode(made))
        container.mux(stream.encode(None))


def _truncated(path, speech):
    path.write_bytes(speech.read_bytes()[:30])


def _text(path, speech):
    path.write_text("This is no audio.")


def _empty(path, speech):
    path.write_bytes(b"")


def _no_samples(path, speech):
    soundfile.write(path, np.zeros(0, np.float32), 24_000, format="WAV")


def _slow(path, speech):
    soundfile.write(path, np.zeros(4_000, np.float32), 4_000, format="WAV")


def _nothing(path, speech):
    """No file at all."""


def _video(path, speech):
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("flac", rate=24_000, layout="mono")
        _mux_second(container, video, audio)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (_truncated, "cannot be read as audio"),
        (_text, "cannot be read as audio"),
        (_empty, "cannot be read as audio"),
        (_nothing, "cannot be read as audio: No such file"),
        (_no_samples, "holds no audio"),
        (_slow, "marks audio of 8000 to 192000 Hz, not of 4000 Hz"),
        (_video, "holds 1 audio and 1 video streams"),
    ],
)
def test_what_cannot_be_marked_is_named_and_leaves_nothing_behind(speech, tmp_path, capsys, made, said):
    source, folder = tmp_path / "source", tmp_path / "out"
    folder.mkdir()
    made(source, speech)
    assert _embed(source, folder / "out.wav") == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert str(source) in errors
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("out.xyz", "use one of wav, flac, mp3, ogg, opus, m4a, aac"),
        ("out", "use one of wav, flac"),
        ("no/such/folder/out.wav", "cannot be written: No such file"),
    ],
)
def test_targets_that_cannot_be_written_are_named(speech, tmp_path, capsys, target, said):
    assert _embed(speech, tmp_path / target) == 2
    assert said in capsys.readouterr().err


def test_too_many_channels_for_a_format_leave_nothing_behind(tmp_path, capsys):
    source, target = tmp_path / "in.wav", tmp_path / "out.mp3"
    soundfile.write(source, np.zeros((24_000, 6), np.float32), 24_000)
    assert _embed(source, target) == 2
    assert f"{target}: cannot be written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [source]


def test_a_scheme_that_marks_nothing_is_refused(speech, tmp_path):
    from koe.api import InvalidRequestError

    with pytest.raises(InvalidRequestError, match=r"No scheme in plugins\.watermark\.schemes marks audio"):
        embed_file(speech, tmp_path / "out.wav", load_schemes(WatermarkConfig(schemes=("metadata",))))


def test_samples_that_are_not_finite_are_told(tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    samples = speechlike(24_000, 24_000)
    samples[100:110] = np.nan
    soundfile.write(source, samples, 24_000, subtype="FLOAT")
    done = embed_file(source, target, SCHEMES)
    assert done.replaced == 10
    assert "10 samples that were not finite are silent" in str(done)
    assert np.isfinite(soundfile.read(target)[0]).all()
