"""Words of one spelling and several sounds, told apart by their sentence."""

from pathlib import Path

from .build import to_phonemize

CASES = [
    line.split("\t")
    for line in (Path(__file__).parent / "cases/heteronyms.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
FLOOR = 0.95


def _said(phonemizer, sentence, word):
    words = phonemizer.phonemize(to_phonemize(sentence))
    return next(one.phonemes for one in words if one.text.lower() == word.lower())


def test_the_cases_are_many_and_each_kind_of_word_occurs_in_several_readings():
    readings: dict[str, set[str]] = {}
    for _, word, phonemes in CASES:
        readings.setdefault(word.lower(), set()).add(phonemes)
    assert len(CASES) >= 100
    assert sum(len(found) > 1 for found in readings.values()) >= 40


def test_nearly_all_are_read_right(phonemizer):
    wrong = [
        (sentence, word, expected, said)
        for sentence, word, expected in CASES
        if (said := _said(phonemizer, sentence, word)) != expected.replace("ɾ", "T").replace("ʔ", "t")
    ]
    assert 1 - len(wrong) / len(CASES) >= FLOOR, wrong


def test_words_in_capital_letters_are_told_apart_as_well(phonemizer):
    assert _said(phonemizer, "PLEASE CLOSE THE DOOR.", "close") == "klˈOz"
    assert _said(phonemizer, "THEY ARE CLOSE FRIENDS.", "close") == "klˈOs"


def test_the_british_reading_has_british_sounds(phonemizer):
    words = phonemizer.phonemize(to_phonemize("There were minute traces of lead.", "en-GB"))
    assert [word.phonemes for word in words if word.text in {"minute", "lead"}] == ["mInjˈuːt", "lˈɛd"]
