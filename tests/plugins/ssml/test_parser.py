"""Structure, modes, pauses and marks."""

import pytest
from koe.api import Mark, Pause, Segment
from koe.errors import InvalidRequestError

from tests.plugins.ssml.helpers import parse, segments, texts


def shape(document, **config):
    """Texts, pauses and marks in order."""
    show = {
        Segment: lambda part: part.text.strip(),
        Pause: lambda part: part.seconds,
        Mark: lambda part: part.name,
    }
    return [show[type(part)](part) for part in parse(document, **config).parts]


class TestStructure:
    def test_sentences_end_with_or_without_a_full_stop(self):
        assert texts("<speak><s>One</s><s>Two?</s><s>“Three.” </s></speak>") == ["One.", "Two?", "“Three.” "]

    def test_full_stops_are_those_of_the_language(self):
        assert texts('<speak><s xml:lang="en">a</s></speak>') == ["a."]

    def test_paragraphs_are_parted_and_the_ends_are_not_padded(self):
        assert shape("<speak> <p>One</p>\n<p>Two</p> </speak>") == ["One.", 0.6, "Two."]

    def test_text_beside_paragraphs_is_a_paragraph(self):
        assert shape("<speak>Title<p>One</p>Rest</speak>") == ["Title.", 0.6, "One.", 0.6, "Rest"]

    def test_an_empty_document_says_nothing(self):
        assert shape("<speak> <p> </p><s/> </speak>") == []

    def test_punctuation_stays_with_the_word_before_it(self):
        assert texts("<speak>It is <emphasis>this</emphasis>, not that.</speak>") == [
            "It is ",
            "this,",
            "not that.",
        ]

    def test_neighbours_in_one_style_are_one_segment(self):
        assert texts('<speak>a <prosody rate="100%">b</prosody> c<foo:x>d</foo:x></speak>') == ["a b cd"]

    def test_metadata_and_comments_are_not_spoken(self):
        document = "<speak><metadata><s>no</s></metadata>a<!-- no --><?no no?>b</speak>"
        assert texts(document) == ["ab"]


class TestPauses:
    @pytest.mark.parametrize(
        ("attributes", "seconds"),
        [
            ("", 0.5),
            ('strength="x-weak"', 0.1),
            ('strength="x-strong"', 1.0),
            ('time="1.5s"', 1.5),
            ('strength="strong" time="300ms"', 0.3),
        ],
    )
    def test_breaks_have_a_strength_or_a_time(self, attributes, seconds):
        assert shape(f"<speak>a<break {attributes}/>b</speak>") == ["a", seconds, "b"]

    @pytest.mark.parametrize("attributes", ['strength="none"', 'time="0s"'])
    def test_no_pause_is_no_part(self, attributes):
        assert shape(f"<speak>a <break {attributes}/>b</speak>") == ["a b"]

    def test_breaks_between_two_sounds_are_all_kept_and_the_pipeline_adds_them_up(self):
        document = '<speak>a<break time="1s"/> <mark name="m"/><break time="1s"/>b<break time="1s"/></speak>'
        assert shape(document) == ["a", 1.0, "m", 1.0, "b", 1.0]

    def test_long_breaks_are_shortened_and_named(self):
        assert shape('<speak>a<break time="11s"/>b</speak>') == ["a", 10.0, "b"]
        assert parse('<speak>a<break time="11s"/>b</speak>').ignored == ("break@time",)
        assert shape('<speak>a<break time="11s"/>b</speak>', max_break_s=20.0) == ["a", 11.0, "b"]

    def test_all_of_them_together_have_a_limit(self):
        with pytest.raises(InvalidRequestError, match=r"line 1, column 6848: .* 3600 s together"):
            parse("<speak>" + '<break time="10s"/>' * 400 + "a</speak>")

    @pytest.mark.parametrize(
        ("element", "ignored"),
        [
            ('<break time="soon"/>', "break@time"),
            ('<break strength="very"/>', "break@strength"),
            ("<mark/>", "mark@name"),
            ('<bookmark name="x"/>', "bookmark@name"),
            ('<prosody rate="quick"/>', "prosody@rate"),
            ('<prosody pitch="x"/>', "prosody@pitch"),
            ('<prosody volume="x"/>', "prosody@volume"),
            ('<prosody duration="x"/>', "prosody@duration"),
            ('<prosody contour="(0%,+20Hz)"/>', "prosody@contour"),
            ('<prosody range="high"/>', "prosody@range"),
            ('<emphasis level="mad"/>', "emphasis@level"),
            ("<sub>x</sub>", "sub@alias"),
            ('<mstts:express-as style="sad"/>', "mstts:express-as@style"),
            ('<mstts:silence type="Comma" value="1s"/>', "mstts:silence@type"),
            ('<mstts:silence type="Leading"/>', "mstts:silence@value"),
            ("<mstts:audioduration/>", "mstts:audioduration@value"),
            ("<speak/>", "speak"),
            ('<w role="VB"/>', "w@role"),
            ('<amazon:effect vocal-tract-length="+10%"/>', "amazon:effect@vocal-tract-length"),
            ('<media begin="x.end"/>', "media@begin"),
            ("<foo/>", "foo"),
            ('<s foo="1"/>', "s@foo"),
        ],
    )
    def test_what_has_no_effect_is_named(self, element, ignored):
        assert ignored in parse(f"<speak>a{element}</speak>").ignored


class TestStyle:
    def test_it_nests_and_ends_with_the_element(self):
        inner = '<prosody rate="+50%" pitch="+1st">c</prosody>'
        document = f'<speak>a<prosody rate="50%" volume="-6dB">b{inner}</prosody>d</speak>'
        found = [
            (one.prosody.rate, one.prosody.volume_db, one.prosody.pitch_semitones)
            for one in segments(document)
        ]
        assert found == [(1, 0, 0), (0.5, -6, 0), (0.75, -6, 1), (1, 0, 0)]

    @pytest.mark.parametrize(
        ("attribute", "value", "expected"),
        [
            ("rate", "9", 4.0),
            ("rate", "1%", 0.25),
            ("volume", "+99dB", 20.0),
            ("pitch", "+2000Hz", 12.0),
            ("pitch", "-24st", -12.0),
        ],
    )
    def test_what_is_out_of_range_is_the_nearest_and_named(self, attribute, value, expected):
        utterance = parse(f'<speak><prosody {attribute}="{value}">a</prosody></speak>')
        prosody = utterance.parts[0].prosody
        assert expected in {prosody.rate, prosody.volume_db, prosody.pitch_semitones}
        assert utterance.ignored == (f"prosody@{attribute}",)

    def test_pitches_in_hz_are_reckoned_from_the_voice_s_gender(self):
        document = (
            '<speak><prosody pitch="200Hz">a<voice name="bob">'
            '<prosody pitch="240Hz">b</prosody></voice></prosody></speak>'
        )
        assert [one.prosody.pitch_semitones for one in segments(document)] == pytest.approx([0.0, 12.0])

    @pytest.mark.parametrize(
        ("level", "rate", "volume_db"),
        [("strong", 0.9, 3.0), ("moderate", 0.95, 1.5), ("none", 1.0, 0.0), ("reduced", 1.1, -3.0)],
    )
    def test_emphasis_is_slower_and_louder(self, level, rate, volume_db):
        (segment,) = segments(f'<speak><emphasis level="{level}">a</emphasis></speak>')
        assert (segment.prosody.rate, segment.prosody.volume_db) == (rate, volume_db)

    def test_a_style_that_leads_to_no_voice_is_named(self):
        document = '<speak><mstts:express-as style="sad" role="Girl">a</mstts:express-as></speak>'
        utterance = parse(document, styles={"sad": "nobody"})
        assert utterance.ignored == ("mstts:express-as@role", "mstts:express-as@style")


class TestModes:
    DOCUMENT = '<speak>one\n <amazon:breath/><prosody contour="(0%,+20Hz)" rate="9">two</prosody></speak>'

    def test_lenient_speaks_the_text_and_names_what_it_left_out(self):
        utterance = parse(self.DOCUMENT)
        assert utterance.ignored == ("amazon:breath", "prosody@contour", "prosody@rate")
        assert [part.text.strip() for part in utterance.parts] == ["one", "two"]

    def test_strict_refuses_and_names_all_of_it(self):
        with pytest.raises(InvalidRequestError) as caught:
            parse(self.DOCUMENT, mode="strict")
        message = str(caught.value)
        assert message.startswith("SSML: line 2, column 2: '<amazon:breath/>")
        assert "amazon:breath, prosody@contour, prosody@rate (it stays within 0.25 and 4)" in message
        assert caught.value.param == "input"

    def test_strict_takes_what_is_done(self):
        assert parse('<speak version="1.1">a<break/>b</speak>', mode="strict").ignored == ()

    def test_strict_names_a_few_of_many(self):
        with pytest.raises(InvalidRequestError, match=r"x9 and 490 more"):
            parse("<speak>" + "".join(f"<x{n}/>" for n in range(500)) + "</speak>", mode="strict")
