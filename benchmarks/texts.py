"""Texts to speak, by length and seed."""

import random
from collections.abc import Iterator

from koe.bench.texts import WORDS


def of_words(count: int, seed: int) -> str:
    """A text of so many words with a comma now and then and a sentence end every 25 words."""
    chance = random.Random(seed)
    picked = [chance.choice(WORDS) for _ in range(count)]
    for index in range(11, count, 12):
        picked[index] += ","
    sentences = [" ".join(picked[at : at + 25]).capitalize().rstrip(",") for at in range(0, count, 25)]
    return ". ".join(sentences) + "."


def of_characters(count: int, seed: int = 0) -> str:
    """A text of exactly so many characters, cut behind its last whole word and filled up with that."""
    text = of_words(count // 3 + 10, seed)[:count].rpartition(" ")[0] or "Oh"
    return text.rstrip(",.") + "." + "!" * (count - len(text.rstrip(",.")) - 1)


def short(seed: int = 0) -> Iterator[str]:
    """Texts of one to six words, for ever."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        yield of_words(chance.choice((1, 1, 2, 2, 3, 4, 6)), seed * 1_000_003 + number)
