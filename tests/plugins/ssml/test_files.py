"""Recordings and lexicons: only what the operator allows, and never from a network."""

import socket

import numpy as np
import pytest
import soundfile
from koe.api import Clip
from koe.testing.audio import tone
from koe_ssml.files import FileRefusedError, allowed_file

from tests.plugins.ssml.helpers import parse, segments


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "secret.wav").write_bytes(b"secret")
    soundfile.write(folder / "tone.wav", tone(440, 1.0, 8_000), 8_000)
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "no audio.wav").write_text("no audio")
    (folder / "list.m3u8").write_text("#EXTM3U\nhttp://127.0.0.1:9/x.ts\n")
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("something asked for a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("uri", ["tone.wav", "./tone.wav", "%74one.wav", "file:tone.wav", "x/../tone.wav"])
def test_files_in_the_folder_are_found(root, uri):
    (root / "x").mkdir()
    assert allowed_file(uri, [str(root.parent / "gone"), str(root)]) == root / "tone.wav"


def test_an_absolute_path_is_allowed_where_it_lies_in_the_folder(root):
    assert allowed_file(f"file://{root}/tone.wav", [str(root)]) == root / "tone.wav"


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.wav",
        "%2e%2e/secret.wav",
        "..%2fsecret.wav",
        "link.wav",
        "/etc/passwd",
        "file:///etc/passwd",
        "",
        ".",
        "gone.wav",
        "http://example.com/tone.wav",
        "https://x/tone.wav",
        "//x/tone.wav",
        "ftp://x/tone.wav",
        "data:audio/wav;base64,AAAA",
        "file://example.com/tone.wav",
        "http://[::1",
        "tone.wav%00",
        "x" * 2_000,
        "\ud800",
        "%ED%A0%80",
        "gopher:x",
        "\\\\server\\tone.wav",
    ],
)
def test_nothing_else_is(root, uri):
    with pytest.raises(FileRefusedError) as caught:
        allowed_file(uri, [str(root)])
    assert str(root) not in str(caught.value)


def test_what_is_missing_and_what_is_elsewhere_look_the_same(root):
    messages = set()
    for uri in ("../secret.wav", "../gone.wav", "/etc/passwd", "/etc/gone"):
        with pytest.raises(FileRefusedError) as caught:
            allowed_file(uri, [str(root)])
        messages.add(str(caught.value))
    assert len(messages) == 1


def played(root, attributes, **config):
    utterance = parse(
        f"<speak><audio {attributes}>instead</audio></speak>", media_roots=(str(root),), **config
    )
    clips = [part for part in utterance.parts if isinstance(part, Clip)]
    assert bool(clips) != any(hasattr(part, "text") for part in utterance.parts)
    return clips, set(utterance.ignored)


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ('src="tone.wav"', 1.0),
        ('src="tone.wav" clipBegin="250ms"', 0.75),
        ('src="tone.wav" clipEnd="0.25s"', 0.25),
        ('src="tone.wav" clipBegin="0.2s" clipEnd="0.5s" repeatCount="2.5"', 0.75),
        ('src="tone.wav" repeatDur="1.5s"', 1.5),
        ('src="tone.wav" repeatDur="0.5s"', 0.5),
        ('src="tone.wav" clipBegin="5s"', 0.0),
        ('src="tone.wav" clipBegin="0.5s" clipEnd="0.2s"', 0.0),
    ],
)
def test_recordings_are_cut_and_repeated(root, attributes, seconds):
    (clip,), ignored = played(root, attributes)
    assert clip.chunk.seconds == pytest.approx(seconds, abs=0.001)
    assert not ignored


def test_the_sound_level_is_in_db(root):
    (clip,), _ = played(root, 'src="tone.wav" soundLevel="+3dB"')
    assert clip.volume_db == 3.0
    assert np.abs(clip.chunk.samples).max() == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(
    "attributes",
    [
        'src="../secret.wav"',
        'src="no audio.wav"',
        'src="list.m3u8"',
        'src="http://x/y.wav"',
        "",
        'src="tone.wav" repeatCount="99"',
        'src="tone.wav" repeatDur="61s"',
    ],
)
def test_what_cannot_be_played_is_named_and_the_content_spoken(root, attributes):
    clips, ignored = played(root, attributes)
    assert not clips
    assert ignored == {"audio@src"}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("clipBegin", "soon"), ("repeatCount", "many"), ("repeatCount", "nan"), ("soundLevel", "6")],
)
def test_values_that_cannot_be_read_are_named_and_the_recording_played(root, attribute, value):
    (clip,), ignored = played(root, f'src="tone.wav" {attribute}="{value}"')
    assert clip.chunk.seconds == pytest.approx(1.0)
    assert ignored == {f"audio@{attribute}"}


def test_all_recordings_of_a_document_share_one_limit(root):
    document = '<speak><audio src="tone.wav"/><audio src="tone.wav"/><audio src="tone.wav">x</audio></speak>'
    utterance = parse(document, media_roots=(str(root),), max_media_s=2.5)
    assert [type(part).__name__ for part in utterance.parts] == ["Clip", "Clip", "Segment"]


def test_audio_and_lexicons_are_off_by_default(root):
    document = '<speak><lexicon uri="x.pls"/><audio src="tone.wav">in<desc>no</desc>stead</audio></speak>'
    utterance = parse(document)
    assert utterance.ignored == ("lexicon", "audio")
    assert [part.text for part in utterance.parts] == ["instead"]


PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" alphabet="{alphabet}" xml:lang="{language}">
  <lexeme><grapheme>Nguyen</grapheme><grapheme>Nguyễn</grapheme><phoneme>{phoneme}</phoneme></lexeme>
  <lexeme><grapheme>New York</grapheme><alias>the big apple</alias></lexeme>
  <lexeme><grapheme>York</grapheme><alias>Yorkshire</alias></lexeme>
</lexicon>"""


def write_pls(root, alphabet="ipa", language="en-US", phoneme="ˈwɪn"):
    text = PLS.format(alphabet=alphabet, language=language, phoneme=phoneme)
    (root / "names.pls").write_text(text, encoding="utf-8")


def looked_up(root, text, lookup="lookup"):
    document = f'<speak><lexicon uri="names.pls" xml:id="n"/><{lookup} ref="n">{text}</{lookup}></speak>'
    return segments(document, lexicon_roots=(str(root),))


@pytest.mark.parametrize(
    ("alphabet", "phoneme"), [("ipa", "ˈwɪn"), ("x-sampa", '"wIn'), ("x-kokoro", "wˈɪn")]
)
def test_phonemes_of_a_lexicon_are_given_to_whole_words(root, alphabet, phoneme):
    write_pls(root, alphabet, phoneme=phoneme)
    (segment,) = looked_up(root, "Ms Nguyễn, Nguyens")
    assert segment.text == "Ms Nguyễn, Nguyens"
    assert [(segment.text[g.span.start : g.span.end], g.phonemes) for g in segment.given] == [
        ("Nguyễn", "wˈɪn")
    ]


def test_the_longest_grapheme_counts_and_the_alias_has_its_place(root):
    write_pls(root)
    document = '<speak><lexicon uri="names.pls"/>New York is not York.</speak>'
    (segment,) = segments(document, lexicon_roots=(str(root),))
    assert segment.text == "the big apple is not Yorkshire."
    source = segment.source(4, 7)
    assert document[source.start : source.end] == "New York"


def test_a_lexicon_with_a_name_waits_for_lookup(root):
    write_pls(root)
    document = '<speak><lexicon uri="names.pls" xml:id="n"/>York <lookup ref="n">York</lookup> York</speak>'
    found = segments(document, lexicon_roots=(str(root),))
    assert [one.text.strip() for one in found] == ["York", "Yorkshire", "York"]


def test_a_lexicon_of_another_language_is_not_applied(root):
    write_pls(root, language="de-DE")
    assert [one.text for one in looked_up(root, "York")] == ["York"]


def test_a_changed_file_is_read_again(root):
    write_pls(root, phoneme="wˈɪn")
    assert looked_up(root, "Nguyen")[0].given[0].phonemes == "wˈɪn"
    write_pls(root, phoneme="nˈujɛn")
    assert looked_up(root, "Nguyen")[0].given[0].phonemes == "nˈujɛn"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<lexicon><lexeme>", "line 1, column 18"),
        ("<!DOCTYPE x><lexicon/>", "DOCTYPE"),
        ("<speak/>", "no <lexicon>"),
        (
            '<lexicon alphabet="klingon"><lexeme><grapheme/>\n<phoneme>a</phoneme></lexeme></lexicon>',
            "line 2, column 11",
        ),
        ("\xff", "not UTF-8"),
    ],
)
def test_a_bad_lexicon_is_named_with_its_place(root, content, reason):
    (root / "names.pls").write_bytes(content.encode("latin-1"))
    with pytest.raises(Exception, match=f"lexicon@uri .*names.pls.*{reason}"):
        parse('<speak><lexicon uri="names.pls"/>a</speak>', lexicon_roots=(str(root),), mode="strict")


def test_lexemes_for_parts_of_speech_are_left_out_and_named(root):
    (root / "names.pls").write_text(
        '<lexicon xml:lang="en"><lexeme role="p:NN"><grapheme>York</grapheme>'
        "<alias>x</alias></lexeme></lexicon>"
    )
    utterance = parse('<speak><lexicon uri="names.pls"/>York</speak>', lexicon_roots=(str(root),))
    assert utterance.ignored == ("lexeme@role",)
    assert [part.text for part in utterance.parts] == ["York"]


def test_only_pls_documents_are_lexicons(root):
    (root / "names.toml").write_text('[words]\nYork = "x"')
    utterance = parse('<speak><lexicon uri="names.toml"/>York</speak>', lexicon_roots=(str(root),))
    assert utterance.ignored == ("lexicon@uri",)


def test_an_unknown_lookup_is_named(root):
    assert parse('<speak><lookup ref="gone">a</lookup></speak>').ignored == ("lookup@ref",)
