"""Tags steer how text is spoken; nothing of them is read aloud, and nothing else is lost."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koe.alignment import Span
from koe.errors import InvalidRequestError, NothingToSpeakError, UnknownVoiceError
from koe.stages import MarkupContext
from koe.tags import MAX_PHONEMES, Tags
from koe.testing.build import running
from koe.testing.conformance.normalizers import MarkupParserConformance
from koe.text import PlainText, Sentences
from koe.types import Pause, Prosody, Segment, SpeechRequest, VoiceMix

LANGUAGES = {"ann": "en-US", "bob": "en-GB", "eva": "de-DE", "ann(2)+eva(1)": "en-US"}


def find_voice(name):
    if name not in LANGUAGES:
        raise UnknownVoiceError(f"no voice {name!r}", param="voice")
    return VoiceMix.of(name), LANGUAGES[name]


CONTEXT = MarkupContext(VoiceMix.of("ann"), "en-US", find_voice)


def parse(text, **fields):
    return Tags().parse(SpeechRequest(text, **fields), CONTEXT).parts


def segments(text, **fields):
    return [part for part in parse(text, **fields) if isinstance(part, Segment)]


def spoken(text, **fields):
    return [(part.text if isinstance(part, Segment) else part.seconds) for part in parse(text, **fields)]


def refusal(text, **fields):
    with pytest.raises(InvalidRequestError) as caught:
        parse(text, **fields)
    assert caught.value.param == "input"
    return caught.value.message


class TestConforms(MarkupParserConformance):
    document = "Hello [pause:1s]\\[world] [voice](/vɔɪs/)."

    @pytest.fixture
    def parser(self):
        return Tags()


class TestPauses:
    @pytest.mark.parametrize(
        ("tag", "seconds"),
        [
            ("[pause:1.5s]", 1.5),
            ("[pause:300ms]", 0.3),
            ("[pause: .5 s ]", 0.5),
            ("[PAUSE:60S]", 60.0),
            ("[pause:0s]", 0.0),
        ],
    )
    def test_stand_between_the_texts(self, tag, seconds):
        assert spoken(f"One. {tag}Two.") == ["One. ", pytest.approx(seconds), "Two."]

    def test_point_to_their_tag(self):
        assert parse("One. [pause:1s]Two.")[1].source == Span(5, 15)

    def test_that_follow_each_other_add_up(self):
        parts = parse("One. [pause:1s] [pause:250ms]Two.")
        assert parts[1] == Pause(1.25, Span(5, 29))

    @pytest.mark.parametrize(
        "tag", ["[pause:61s]", "[pause:-1s]", "[pause:1]", "[pause:]", "[pause]", "[pause:1h]", "[pause:१s]"]
    )
    def test_of_no_possible_length_are_refused_with_what_is_allowed(self, tag):
        assert refusal(f"One.\nTwo {tag} three.") == (
            f"line 2, column 5: {f'{tag} three.'!r}: a pause takes a length such as 1.5s or 300ms, at most "
            r"60s. Write \[ for a bracket that is to be spoken"
        )

    def test_together_have_a_limit(self):
        assert spoken("a[pause:60s]" * 60)[-1] == 60.0
        assert "3600 s together" in refusal("a[pause:60s]" * 61)

    def test_have_no_end(self):
        assert "a pause has no end tag" in refusal("[/pause]")


class TestVoices:
    def test_hold_until_the_next_one_or_the_end_tag(self):
        found = segments("A [voice:bob]b [voice:eva]e[/voice] a")
        assert [(part.text, str(part.voice), part.language) for part in found] == [
            ("A ", "ann", "en-US"),
            ("b ", "bob", "en-GB"),
            ("e", "eva", "de-DE"),
            (" a", "ann", "en-US"),
        ]

    def test_bring_their_language_unless_the_request_gave_one(self):
        assert [part.language for part in segments("[voice:eva]x", language="fr")] == ["fr"]

    def test_may_be_mixes(self):
        assert str(segments("[voice:ann(2)+eva(1)]x")[0].voice) == "ann(2)+eva(1)"

    def test_that_nobody_has_are_refused_with_their_place(self):
        with pytest.raises(UnknownVoiceError, match=r"line 1, column 4: '\[voice:zoe\]x': no voice 'zoe'"):
            parse("Hi [voice:zoe]x")

    def test_need_a_name(self):
        assert "a name, alias or mix" in refusal("[voice: ]x")


class TestRateAndVolume:
    def test_hold_until_their_end_tag(self):
        found = segments("a[rate:0.9]b[volume:-6dB]c[/rate]d[/volume]e")
        assert [(part.text, part.prosody) for part in found] == [
            ("a", Prosody()),
            ("b", Prosody(rate=0.9)),
            ("c", Prosody(rate=0.9, volume_db=-6)),
            ("d", Prosody(volume_db=-6)),
            ("e", Prosody()),
        ]

    def test_that_change_nothing_do_not_cut(self):
        assert spoken("One[rate:1] two[/rate] three.") == ["One two three."]

    @pytest.mark.parametrize("tag", ["[rate:0.24]", "[rate:4.1]", "[rate:fast]", "[rate:nan]", "[rate=2]"])
    def test_rates_out_of_range_are_refused(self, tag):
        assert "from 0.25 to 4" in refusal(f"{tag}x")

    def test_rates_count_together_with_the_speed(self):
        assert segments("[rate:2]x", speed=2.0)[0].prosody.rate == 2
        assert "2 times the request's speed of 2.5 is outside" in refusal("[rate:2]x", speed=2.5)

    @pytest.mark.parametrize("tag", ["[volume:-61dB]", "[volume:21dB]", "[volume:-6]", "[volume:]"])
    def test_volumes_out_of_range_are_refused(self, tag):
        assert "from -60dB to 20dB" in refusal(f"{tag}x")

    @pytest.mark.parametrize("name", ["voice", "rate", "volume"])
    def test_an_end_without_a_beginning_is_refused(self, name):
        assert f"no [{name}:…] is open here" in refusal(f"a[/{name}]b")


class TestPronunciations:
    def test_are_given_for_the_word_s_span(self):
        (segment,) = segments("Say [koe](/kˈoʊeɪ/) now.")
        assert segment.text == "Say koe now."
        assert [(one.span, one.phonemes) for one in segment.given] == [(Span(4, 7), "kˈoʊeɪ")]
        assert segment.source(4, 7) == Span(5, 8)
        assert segment.source(8, 11) == Span(20, 23)

    def test_without_white_space_around_the_word(self):
        (segment,) = segments("a[ word ](/wɜːd/)b")
        assert segment.text == "a word b"
        assert segment.given[0].span == Span(2, 6)

    @pytest.mark.parametrize(
        "tag", ["[word](/wɜːd", "[word](/wɜːd)", "[](/wɜːd/)", "[word](/ /)", "[a](/b/c/)"]
    )
    def test_that_are_incomplete_are_refused(self, tag):
        assert refusal(f"{tag} x").startswith("line 1, column 1: ")

    @pytest.mark.parametrize("word", ["voice", "rate", "pause", "volume"])
    def test_are_given_for_words_that_name_a_tag_too(self, word):
        (segment,) = segments(f"the [{word}](/x/)")
        assert segment.text == f"the {word}"
        assert segment.given

    def test_have_a_length_limit(self):
        assert segments(f"[a](/{'a' * MAX_PHONEMES}/)")
        assert f"at most {MAX_PHONEMES}" in refusal(f"[a](/{'a' * (MAX_PHONEMES + 1)}/)")


class TestTextInBrackets:
    @pytest.mark.parametrize(
        "text",
        [
            "[sic]",
            "[1]",
            "a[0] = b",
            "[voice over] x",
            "[pause for effect]",
            "[",
            "]",
            "[]",
            "[a](b)",
            "[[x]]",
        ],
    )
    def test_is_spoken_as_it_stands_where_it_is_no_tag(self, text):
        assert spoken(text) == [text]

    def test_is_spoken_where_it_is_escaped(self):
        assert spoken(r"a \[pause:1s] b \[rate:x] \[c](/d/)") == ["a [pause:1s] b [rate:x] [c](/d/)"]

    def test_other_backslashes_are_text(self):
        assert spoken(r"C:\dir \n") == [r"C:\dir \n"]

    @pytest.mark.parametrize("text", ["[pause:1s", "[rate:2\n]x", "[voice:[x]]"])
    def test_a_tag_ends_on_its_line(self, text):
        assert "no ] on its line" in refusal(text)

    def test_plain_text_is_never_interpreted(self):
        text = r"[pause:1s] [voice:x] \[ [a](/b/)"
        (part,) = PlainText().parse(SpeechRequest(text), CONTEXT).parts
        assert isinstance(part, Segment)
        assert part.text == text


PIECES = st.sampled_from(
    [
        *("[pause:1s]", "[pause:20ms]", "[voice:bob]", "[voice:eva]", "[rate:0.5]", "[volume:-3dB]"),
        *("[word](/wɜːd/)", "[two words](/tuː wɜːdz/)", r"\[", "[sic]", "[1]", "]", "(/x/)", "\\", "[", "[["),
        *("Hello.", " ", "\n", "\n\n", "é", "日本", "a b"),
    ]
)
SPOKEN = {
    **dict.fromkeys(["[pause:1s]", "[voice:bob]", "[rate:0.5]", "[volume:-3dB]", "[RATE: 2 ]"], ""),
    "[word](/wɜːd/)": "word",
    "[two words](/tuː wɜːdz/)": "two words",
    r"\[": "[",
    **{text: text for text in ("[sic]", "[1]", "]", "(x)", "Hello.", " ", "\n\n", "é", "日本")},
}
"""Pieces that mean the same whatever stands beside them, and what is spoken of them."""


@given(st.lists(st.sampled_from(sorted(SPOKEN)), max_size=30))
def test_what_is_spoken_is_the_text_without_its_tags(pieces):
    said = "".join(part.text for part in segments("".join(pieces)))
    assert "".join(said.split()) == "".join("".join(SPOKEN[piece] for piece in pieces).split())


@given(st.lists(PIECES, max_size=30))
def test_every_character_maps_to_the_same_character_of_the_input(pieces):
    text = "".join(pieces)
    try:
        found = [part for part in parse(text) if isinstance(part, Segment)]
    except InvalidRequestError:
        return
    last = -1
    for part in found:
        for index, character in enumerate(part.text):
            source = part.source(index, index + 1)
            assert len(source) == 1
            assert text[source.start] == character
            assert source.start > last
            last = source.start


@given(st.text(alphabet="[]()/:\\ \npausevoice1s.rt", max_size=200))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse(text)
    except InvalidRequestError as error:
        refused = error
    else:
        return
    assert re.match(r"line \d+, column \d+: ", refused.message)


@pytest.mark.parametrize(
    "piece",
    ["[", "[[a](/", "[a]", "[a](", "[voice ", "\\", "\\[", "[a](/b/) ", "[a](/b/). ", "[rate:2]x[/rate]"],
)
def test_the_longest_text_is_parsed_and_cut_into_sentences_in_no_time(piece):
    """Quadratic time would be minutes for 200,000 characters; it takes about half a second."""
    text = (piece * 200_000)[:200_000]
    start = time.process_time()
    try:
        for segment in segments(text):
            for sentence in Sentences().normalize(segment):
                sentence.source()
    except InvalidRequestError:
        pass
    assert time.process_time() - start < 4


async def test_spoken_text_is_timed_at_its_own_characters():
    text = "Ab [pause:500ms][koe](/xyz/) \\[cd."
    request = SpeechRequest(text, format="raw", markup="tags")
    async with running() as synthesizer, synthesizer.speak(request) as speech:
        words = [word for piece in [one async for one in speech.pieces()] for word in piece.words]
    assert [text[word.source.start : word.source.end] for word in words] == ["Ab", "koe", "[cd"]
    assert words[1].start_s == pytest.approx(words[0].end_s + 0.5, abs=0.06)


@pytest.mark.parametrize("text", ["[pause:1s]", "[rate:2] [/rate]", "[voice:bob]\n"])
async def test_tags_alone_say_nothing(text):
    async with running() as synthesizer:
        with pytest.raises(NothingToSpeakError):
            async with synthesizer.speak(SpeechRequest(text, format="raw", markup="tags")) as speech:
                [piece async for piece in speech.pieces()]
