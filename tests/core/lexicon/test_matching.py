"""Finding the words of a lexicon in a text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from koe.lexicon.entries import LexiconEntry
from koe.lexicon.matching import Lexicon, Origin
from koe.lexicon.words import written
from koe.types import Span

HERE = Origin("here")


def lexicon(*words, **fields):
    return Lexicon.of((LexiconEntry(word, say="x", **fields), HERE) for word in words)


def found(text, *words, language="en-US", **fields):
    return [text[hit.span.start : hit.span.end] for hit in lexicon(*words, **fields).find(text, language)]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("Ask nginx.", "nginx", ["nginx"]),
        ("nginx", "nginx", ["nginx"]),
        ("NGINX, Nginx", "nginx", ["NGINX", "Nginx"]),
        ("nginxes anginx nginx2 nginx_x", "nginx", []),
        ("“nginx” (nginx) *nginx*", "nginx", ["nginx"] * 3),
        ("nginx-based, non-nginx", "nginx", ["nginx", "nginx"]),
        ("foo,nginx;bar/nginx", "nginx", ["nginx", "nginx"]),
        ("Node.js and node", "node", ["node"]),
        ("Node.js, node.js.", "Node.js", ["Node.js", "node.js"]),
        ("don't do Don", "don", ["Don"]),
        ("don’t", "don't", ["don’t"]),
        ("GPT-4 4.5 4,500 4:30 4", "4", ["4"]),
        ("GPT-4 gpt 4", "GPT-4", ["GPT-4"]),
        ("C, C++, C#.", "C", ["C"]),
        ("C++ and c++17, C.", "C++", ["C++"]),
        (".NET ASP.NET net", ".NET", [".NET"]),
        ("AT&T or AT & T", "AT&T", ["AT&T"]),
        ("New  York,\nnew\nyork New\n\nYork New-York", "New York", ["New  York", "new\nyork"]),
        ("naïve nai\u0308ve", "naïve", ["naïve", "nai\u0308ve"]),
        ("STRASSE Straße", "straße", ["STRASSE", "Straße"]),
        ("हिन्दी हिन्द", "हिन्द", ["हिन्द"]),
        ("東京都は東京だ", "東京", ["東京", "東京"]),
        ("私はkoeです", "koe", ["koe"]),
        ("me@koe.dev https://koe.dev/koe koe", "koe", ["koe"]),
        ("mail me@koe.dev now", "me@koe.dev", ["me@koe.dev"]),
    ],
)
def test_words_are_found_whole(text, word, expected):
    assert found(text, word) == expected


def test_an_english_possessive_belongs_to_the_word():
    (hit,) = Lexicon.of([(LexiconEntry("koe", ipa="koʊ", say="ko eh"), HERE)]).find("koe's", "en-GB")
    assert (hit.span, hit.possessive, hit.ipa, hit.say) == (Span(0, 5), "'s", "koʊz", "ko eh's")
    assert found("koe's", "koe", language="de") == []
    assert found("koe'st koe'd", "koe") == []


@pytest.mark.parametrize(
    ("ipa", "expected"), [("kæt", "kæts"), ("bʌs", "bʌsɪz"), ("ʤɔɹʤ", "ʤɔɹʤɪz"), ("biː", "biːz")]
)
def test_the_ending_sounds_as_english_has_it(ipa, expected):
    (hit,) = Lexicon.of([(LexiconEntry("x", ipa=ipa), HERE)]).find("x’s", "en")
    assert hit.ipa == expected


def test_a_word_begins_behind_an_elision_where_the_language_has_them():
    assert found("l'Oréal", "Oréal", language="fr-FR") == ["Oréal"]
    assert found("l'Oréal", "Oréal", language="en") == []


def test_the_longest_word_wins_and_what_is_left_is_looked_up_on():
    assert found("New York York", "York", "New York", "New York City") == ["New York", "York"]
    assert found("a b c d", "a b c e", "b c", "d") == ["b c", "d"]


def test_the_first_entry_that_fits_wins():
    entries = [
        LexiconEntry("read", say="red", part_of_speech="VBD", language="en"),
        LexiconEntry("read", say="rot", language="de"),
        LexiconEntry("read", say="shout", case="exact"),
        LexiconEntry("read", say="reed"),
        LexiconEntry("read", say="never"),
    ]
    book = Lexicon.of((entry, HERE) for entry in entries)

    def said(text, language="en", tag=""):
        return [hit.say for hit in book.find(text, language, tag_of=lambda _: tag)]

    assert said("read", tag="VBD") == ["red"]
    assert said("read", tag="VB") == ["shout"]
    assert said("Read", tag="VB") == ["reed"]
    assert said("read", "de-AT") == ["rot"]


def test_exact_words_are_compared_as_they_are_written():
    assert found("us US U.S.", "US", case="exact") == ["US"]
    assert found("San  José", "San Jose\u0301", case="exact") == ["San  José"]


def test_protected_places_are_left_alone():
    hits = lexicon("New York", "York").find("New York York", "en", lambda start, _end: start < 5)
    assert [hit.span for hit in hits] == [Span(9, 13)]


@settings(max_examples=300, deadline=None)
@given(
    text=st.text("ab.'’-/@_4 \n東å\u030a\ud800", max_size=60), language=st.sampled_from(["en", "fr", "ja"])
)
def test_hits_are_in_order_apart_and_say_their_word(text, language):
    book = lexicon("a", "a b", "b-a", "4", "東", "å", "a'b", "ab.a")
    end = 0
    for hit in book.find(text, language):
        assert end <= hit.span.start < hit.span.end <= len(text)
        word = text[hit.span.start : hit.span.end - len(hit.possessive)]
        assert written(word).casefold() == written(hit.entry.word).casefold()
        end = hit.span.end


@pytest.mark.parametrize("unit", ["a ", "@", "'", "a@ ", "://", "東", " ", "\n a", "a\u0301", "x.y-z's "])
def test_hostile_texts_cost_linear_time(unit):
    book = Lexicon.of((LexiconEntry("a " * k + "c", say="x"), HERE) for k in range(1, 45))

    def seconds(times):
        text, begun = unit * times, time.thread_time()
        assert sum(1 for _ in book.find(text, "en")) == 0
        return time.thread_time() - begun

    small, large = (min(seconds(times) for _ in range(3)) for times in (1_000, 16_000))
    assert large < 100 * max(small, 0.005), "16 times the text may cost far less than 256 times the time"


def test_a_sentence_is_looked_up_in_far_less_than_a_millisecond_among_50_000_words():
    book = lexicon(*(f"w{number}x" for number in range(50_000)))
    text = "The quick brown fox w77x jumps over w49999x and then it reads all the news of the day here."
    assert [text[hit.span.start : hit.span.end] for hit in book.find(text, "en")] == ["w77x", "w49999x"]

    def once():
        begun = time.thread_time()
        list(book.find(text, "en"))
        return time.thread_time() - begun

    assert min(once() for _ in range(50)) < 0.0005


def test_an_origin_is_shown_without_its_folder():
    origin = Origin("/etc/koe/names.toml", 3)
    assert (str(origin), origin.shown) == ("/etc/koe/names.toml, line 3", "names.toml, line 3")
    assert Origin('lexicon.words."a/b"').shown == 'lexicon.words."a/b"'
