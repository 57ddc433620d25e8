"""The sorted tables."""

from koe_g2p.lexicon import Entry, Lexicon, Table

TABLE = Table("Rome\tɹˈOm\nUS\tˌʌs\tNOUN=\nhouse\thˈWs\tVERB=hˈWz\nzoo\tzˈu\n".encode())
EMPTY = Table(b"")


def test_a_word_is_found_with_its_readings():
    assert TABLE.find("house") == Entry("hˈWs", {"VERB": "hˈWz"})
    assert TABLE.find("US") == Entry("ˌʌs", {"NOUN": None})


def test_first_and_last_are_found_and_what_lies_between_is_not():
    assert TABLE.find("Rome") is not None
    assert TABLE.find("zoo") is not None
    assert [TABLE.find(word) for word in ("", "A", "hous", "houses", "zzz", "\ud800")] == [None] * 6
    assert len(TABLE) == 4
    assert EMPTY.find("x") is None


def test_capitalised_words_answer_for_small_ones_and_the_other_way_round():
    lexicon = Lexicon(TABLE, EMPTY)
    assert lexicon.gold("House") == lexicon.gold("house")
    assert lexicon.gold("rome") == lexicon.gold("Rome")
    assert lexicon.gold("HOUSE") is None
    assert lexicon.silver("house") is None
