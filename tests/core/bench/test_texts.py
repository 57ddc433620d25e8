"""Texts that no cache knows."""

from koe.bench.texts import GivenTexts, Texts, numbered


def test_no_two_texts_begin_alike():
    texts = Texts(1)
    openings = [texts.text().split(",")[0].lower() for _ in range(20_000)]
    assert len(set(openings)) == 20_000


def test_another_seed_gives_other_texts_and_the_same_seed_the_same():
    assert Texts(1).text() == Texts(1).text() != Texts(2).text()


def test_given_texts_come_in_order_and_then_with_a_number_before_each_sentence():
    texts = GivenTexts(["One. Two!", "Three"])
    assert [texts.text() for _ in range(2)] == ["One. Two!", "Three"]
    assert not texts.repeated
    assert texts.text() == "3: One. 3: Two!"
    assert texts.text() == "4: Three"
    assert texts.repeated


def test_a_number_goes_before_every_sentence():
    assert numbered("A? B.  C", 7) == "7: A? 7: B. 7: C"
