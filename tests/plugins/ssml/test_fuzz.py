"""Whatever comes, it is an utterance or a refusal."""

from hypothesis import given, settings
from hypothesis import strategies as st
from koe.api import Pause, Segment
from koe.errors import InvalidRequestError
from koe_ssml.builder import MAX_PAUSES_S
from koe_ssml.table import ELEMENTS

from tests.plugins.ssml.helpers import parse

_NAMES = st.sampled_from([*ELEMENTS, "foo", "ssml:x"])
_ATTRIBUTES = st.sampled_from(sorted({a for e in ELEMENTS.values() for a in (*e.heard, *e.unheard)} | {"zz"}))
_VALUES = st.one_of(
    st.sampled_from(
        """50% +50% -200% 0% 0 1e9 999999999 -999999999 1s 500ms 99999999s +3st -999st 9999Hz -9999Hz
        0Hz +6dB -999dB x-slow silent x-high strong none default ipa x-sampa x-kokoro tɛst {st_> de-DE fr
        xx-!! male female bob eva http://x/y /etc/passwd ../../x file:///etc/passwd characters digits
        telephone ordinal date bleep XIV mdy Leading Sentenceboundary Tailing-exact ignoretext 1 2 -1 nan inf
        1e309 ٣ ²""".split()
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<>&\"'"), max_size=10),
)


def _element(children):
    def write(drawn):
        name, attributes, inner = drawn
        written = "".join(f' {key}="{value}"' for key, value in attributes.items())
        return f"<{name}{written}>{inner}</{name}>"

    attributes = st.dictionaries(_ATTRIBUTES, _VALUES, max_size=4)
    inner = st.lists(children, max_size=4).map("".join)
    return st.tuples(_NAMES, attributes, inner).map(write)


_BODY = st.recursive(
    st.sampled_from(
        ["word", "Two words. ", " ", "", "12/3/2024", "x", "&amp;", "<![CDATA[<]]>", "“q”", "😀", "."]
    ),
    _element,
    max_leaves=20,
)


def _spoken(document: str, mode) -> None:
    try:
        utterance = parse(document, mode=mode, media_roots=("/nowhere",), lexicon_roots=("/nowhere",))
    except InvalidRequestError as error:
        _check_refusal(error)
    else:
        assert mode == "lenient" or not utterance.ignored
        for part in utterance.parts:
            _check_part(part, len(document))


def _check_refusal(error: InvalidRequestError) -> None:
    assert error.param == "input"
    assert "line " in str(error)


def _check_part(part, length) -> None:
    if isinstance(part, Pause):
        assert 0 <= part.seconds <= MAX_PAUSES_S
    if isinstance(part, Segment):
        assert 0.25 <= part.prosody.rate <= 4
        assert -12 <= part.prosody.pitch_semitones <= 12
        assert -120 <= part.prosody.volume_db <= 20
        assert len(part.alignment) == len(part.text)
        assert 0 <= part.source().start <= part.source().end <= length


@settings(max_examples=400, deadline=None)
@given(_BODY, st.sampled_from(["lenient", "strict"]))
def test_well_formed_documents(body, mode):
    _spoken(f"<speak>{body}</speak>", mode)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 200))
def test_broken_documents(noise, at, cut):
    document = (
        '<speak><p>One <break time="1s"/><sub alias="b">a</sub></p>&amp;<phoneme ph="x">y</phoneme></speak>'
    )
    _spoken((document[:at] + noise + document[at:])[:cut], "lenient")
