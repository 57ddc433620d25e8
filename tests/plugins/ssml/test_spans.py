"""Every spoken character knows where it stands in the document."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plugins.ssml.helpers import parse, segments, sources, texts


def test_plain_characters_are_their_own_source():
    assert sources("<speak>ab <w>cd</w></speak>") == [(one, one) for one in "abcd"]


def test_entities_are_their_whole_reference():
    document = "<speak>a&amp;b &lt;&#233;&#x1F600; c</speak>"
    assert sources(document) == [
        ("a", "a"),
        ("&", "&amp;"),
        ("b", "b"),
        ("<", "&lt;"),
        ("é", "&#233;"),
        ("😀", "&#x1F600;"),
        ("c", "c"),
    ]


def test_cdata_is_verbatim():
    assert sources("<speak>a<![CDATA[<&amp;>]]>b</speak>") == [(one, one) for one in "a<&amp;>b"]


def test_letters_of_several_bytes_and_surrogate_pairs_count_as_one_character():
    assert sources("<?xml version='1.0'?><speak>ä あ😀<w>𝒳ö</w></speak>") == [(one, one) for one in "äあ😀𝒳ö"]


def test_white_space_is_one_space_and_lines_may_end_as_they_like():
    document = "<speak>\r\n  one\r\n\ttwo \n three\r</speak>"
    (segment,) = segments(document)
    assert segment.text.strip() == "one two three"
    assert [one for one, written in sources(document)] == [written for one, written in sources(document)]
    position = segment.text.index(" two")
    assert document[slice(*_span(segment.source(position, position + 1)))] == "\r\n"


def _span(span):
    return span.start, span.end


def test_no_break_spaces_stay():
    assert texts("<speak>10&#160;km\u00a0h</speak>") == ["10\u00a0km\u00a0h"]


def test_an_alias_stands_for_its_text():
    document = '<speak>the <sub alias="World Wide Web Consortium"> W3C </sub>says</speak>'
    (segment,) = segments(document)
    assert segment.text == "the World Wide Web Consortium says"
    assert document[slice(*_span(segment.source(4, 29)))] == "W3C"
    assert document[slice(*_span(segment.source(30, 34)))] == "says"


def test_spelt_characters_stand_where_they_were_written():
    assert sources('<speak><say-as interpret-as="characters">k&amp;</say-as></speak>') == [
        ("K", "k"),
        ("a", "&amp;"),
        ("n", "&amp;"),
        ("d", "&amp;"),
    ]


def test_a_full_stop_that_s_adds_has_no_source():
    assert sources("<speak><s>ab </s></speak>") == [("a", "a"), ("b", "b"), (".", "")]


def test_pauses_and_marks_stand_at_their_tag():
    document = "<speak>a<break time='1s'/>b<mark name='x>y'></mark>c</speak>"
    places = [
        document[slice(*_span(part.source))] for part in parse(document).parts if not hasattr(part, "text")
    ]
    assert places == ["<break time='1s'/>", "<mark name='x>y'>"]


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<>&"), max_size=8)
_PIECE = st.one_of(
    _TEXT,
    st.sampled_from(["&amp;", "&lt;", "&#233;", "&#x1F600;", "\r\n", "\n\t", "\r"]),
    _TEXT.map(lambda text: f"<![CDATA[{text.replace(']', '')}&]]>"),
    _TEXT.map(lambda text: f"<emphasis>{text}</emphasis>"),
    _TEXT.map(lambda text: f"<s>{text}</s>"),
    _TEXT.map(lambda text: f"<!--{text.replace('-', '')}-->"),
)
_DECODED = {"&amp;": "&", "&lt;": "<", "&#233;": "é", "&#x1F600;": "😀", "": "."}


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECE, max_size=12))
def test_whatever_the_document_every_character_comes_from_its_source(pieces):
    for spoken, written in sources(f"<speak>{''.join(pieces)}</speak>"):
        assert _DECODED.get(written, written) == spoken or written.isspace()
