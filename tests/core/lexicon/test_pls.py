"""W3C PLS documents."""

import pytest
from koe.lexicon.contents import LexiconFileError
from koe.lexicon.pls import read_pls

HEAD = '<lexicon version="1.0" alphabet="{}" xml:lang="{}">'


def pls(*lexemes, alphabet="ipa", language="en-US"):
    return "\n".join(['<?xml version="1.0"?>', HEAD.format(alphabet, language), *lexemes, "</lexicon>"])


def test_a_lexeme_is_an_entry_for_each_of_its_graphemes():
    contents = read_pls(
        "x.pls",
        pls(
            "<lexeme><grapheme>Nguyen</grapheme><grapheme> Nguyễn </grapheme><phoneme>ˈwɪn</phoneme>",
            "<phoneme>nˈujɛn</phoneme><alias>win</alias></lexeme>",
            "<metadata>x</metadata><lexeme><grapheme>W3C</grapheme><alias>the web</alias>"
            "<example>W3C</example></lexeme>",
        ),
    )
    found = [
        (one.entry.word, one.entry.ipa, one.entry.say, one.entry.language, one.entry.case, one.origin.line)
        for one in contents.held
    ]
    assert found == [
        ("Nguyen", "ˈwɪn", "win", "en", "exact", 3),
        ("Nguyễn", "ˈwɪn", "win", "en", "exact", 3),
        ("W3C", "", "the web", "en", "exact", 5),
    ]


def test_alphabets_become_ipa():
    lexeme = "<lexeme><grapheme>a</grapheme><phoneme>{}</phoneme></lexeme>"
    assert read_pls("x", pls(lexeme.format('t@"meItoU'), alphabet="x-sampa")).held[0].entry.ipa == "təˈmeɪtoʊ"
    own = '<lexeme><grapheme>a</grapheme><phoneme alphabet="x-kokoro">wˈA</phoneme></lexeme>'
    assert read_pls("x", pls(own)).held[0].entry.ipa == "wˈA"


def test_roles_that_are_parts_of_speech_are_conditions_and_others_are_left_out_with_their_place():
    contents = read_pls(
        "x.pls",
        pls(
            "<lexeme><grapheme>read</grapheme><phoneme>ɹid</phoneme></lexeme>",
            '<lexeme role="p:VBD p:verb"><grapheme>read</grapheme><phoneme>ɹɛd</phoneme></lexeme>',
            '<lexeme role="claws:VV0"><grapheme>read</grapheme><phoneme>x</phoneme></lexeme>',
        ),
    )
    assert [(one.entry.part_of_speech, one.entry.ipa) for one in contents.held] == [
        (("VBD", "verb"), "ɹɛd"),
        ((), "ɹid"),
    ]
    assert contents.left_out == ("x.pls, line 5: role 'claws:VV0' is no part of speech that is known here",)


def test_all_mistakes_of_entries_are_listed_with_their_places():
    with pytest.raises(LexiconFileError) as caught:
        read_pls(
            "x.pls",
            pls(
                "<lexeme><grapheme>a</grapheme></lexeme>",
                "<lexeme><phoneme>a</phoneme></lexeme>",
                '<lexeme><grapheme>a</grapheme><phoneme alphabet="klingon">a</phoneme></lexeme>',
                f"<lexeme><grapheme>{'x' * 101}</grapheme><phoneme>a</phoneme></lexeme>",
            ),
        )
    assert [problem.partition(", column")[0] for problem in caught.value.problems] == [
        f"x.pls: line {line}" for line in (3, 4, 5, 6)
    ]
    assert "klingon" in caught.value.problems[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<lexicon>\n<lexeme>", "line 2, column 9"),
        ("<!DOCTYPE x><lexicon/>", "DOCTYPE"),
        ("<speak/>", "<speak> is no <lexicon>"),
        ("nothing", "begins with <lexicon>"),
        ("<lexicon>" * 9, "deeper than 8"),
        ('<lexicon><lexeme role="NN"><grapheme>a</grapheme><alias>b</alias></lexeme></lexicon>', "xml:lang"),
    ],
)
def test_what_is_no_lexicon_is_refused_with_its_place(text, reason):
    with pytest.raises(LexiconFileError, match=f"x.pls.*{reason}"):
        read_pls("x.pls", text)
