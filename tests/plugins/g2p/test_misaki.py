"""What our rules make is what misaki's own code makes of the same words and tags."""

import importlib.util
import json
import random
from pathlib import Path

import pytest
from koe_g2p.lexicon import Lexicon, Table

from .build import to_phonemize
from .oracle import Oracle

PROSE = (Path(__file__).parent / "cases/prose.txt").read_text(encoding="utf-8")
DATA = Path(__file__).parents[3] / "plugins/g2p/koe_g2p/data"
ACCENTS = [("en-US", False), ("en-GB", True)]


@pytest.fixture(scope="module")
def oracles():
    return {british: Oracle(british=british) for _, british in ACCENTS}


def _compared(phonemizer, oracle, text, language):
    """Every word as misaki says it and as we do."""
    ours = [word for word in phonemizer.phonemize(to_phonemize(text, language)) if word.text]
    theirs = oracle.words(text)
    assert len(ours) == len(theirs)
    return [(word.text, said, word.phonemes) for word, (_, said) in zip(ours, theirs, strict=True)]


@pytest.mark.parametrize(("language", "british"), ACCENTS)
def test_prose_differs_in_at_most_three_words_of_a_hundred(phonemizer, oracles, language, british):
    compared = _compared(phonemizer, oracles[british], PROSE, language)
    differing = [one for one in compared if one[1] != one[2]]
    assert len(compared) >= 1000
    assert len(differing) / len(compared) <= 0.03, differing


@pytest.mark.parametrize(("language", "british"), ACCENTS)
def test_every_form_of_a_known_word_is_the_same(phonemizer, oracles, language, british):
    """Endings, capitals and compounds of words drawn from the lexicon; misaki leaves unknown ones open."""
    compared = _compared(phonemizer, oracles[british], _forms(random.Random(4)), language)
    assert len(compared) > 1500
    assert [one for one in compared if one[1] and "❓" not in one[1] and one[1] != one[2]] == []
    assert sum(one[1] is None or "❓" in one[1] for one in compared) < len(compared) / 8


@pytest.mark.parametrize(
    "text",
    [
        "1984 1900 2000 2005 1905 2010 1000 1066 9999",
        "0 7 12 21 80 99 100 101 110 999",
        "1,000 12,345 1,000,000 1,234,567,890",
        "1st 2nd 3rd 4th 12th 21st 100th",
        "1990s 80s 747s",
        "3.14 0.5 1.2.3",
        "A320 B52 MP3 X100 F117",
        "-5 -12",
        "10% R&B and/or 20%",
    ],
)
def test_numbers_are_the_same(phonemizer, oracles, text):
    joined = " and ".join(text.split()) + "."
    assert [one for one in _compared(phonemizer, oracles[False], joined, "en-US") if one[1] != one[2]] == []


@pytest.mark.parametrize("name", ["american_gold", "american_silver", "british_gold", "british_silver"])
def test_the_lexicon_is_misaki_s_unchanged(name):
    spec = importlib.util.find_spec("misaki")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("misaki is not installed")
    source = {"american": "us", "british": "gb"}[name.partition("_")[0]] + "_" + name.partition("_")[2]
    file = Path(spec.submodule_search_locations[0]) / "data" / f"{source}.json"
    theirs = json.loads(file.read_text(encoding="utf-8"))
    table = Table((DATA / f"{name}.tsv").read_bytes())
    assert len(table) == len(theirs)
    for word in random.Random(1).sample(sorted(theirs), 3000):
        entry = table.find(word)
        assert entry is not None, word
        ours = {"DEFAULT": entry.default, **entry.by_tag}
        assert ours == (theirs[word] if isinstance(theirs[word], dict) else {"DEFAULT": theirs[word]})


def _forms(randomly):
    words = [line.split("\t")[0] for line in (DATA / "american_gold.tsv").read_text("utf-8").splitlines()]
    changes = [
        str.upper,
        str.title,
        lambda word: f"{word}s",
        lambda word: f"{word}ing",
        lambda word: f"{word}ed",
        lambda word: f"{word}'s",
        lambda word: f"{word}-{randomly.choice(words)}",
        lambda word: word,
    ]
    made = [randomly.choice(changes)(word) for word in randomly.sample(words, 800)]
    return " and ".join(made) + "."


def test_both_accents_have_lexicons_of_their_own():
    american, british = (Lexicon.of(accent).gold("bath") for accent in ("american", "british"))
    assert american is not None
    assert british is not None
    assert (american.default, british.default) == ("bˈæθ", "bˈɑːθ")
