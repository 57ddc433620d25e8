"""One phonemizer serves many threads."""

from concurrent.futures import ThreadPoolExecutor

from .build import misaki, to_phonemize

TEXTS = {
    "en-US": "Sentence {0}: the Wexley team read {0} pages of record number {0}x, didn't they?",
    "en-GB": "She wound the clock {0} times; Quixtar {0} lives near the bath.",
    "es": "La casa número {0} tiene un coche y {0} ventanas.",
    "fr-FR": "Il boit {0} verres du whisky à la maison.",
    "it": "La pizza numero {0} è buona, ciao.",
}
ROUNDS = 40  # of each of 5 languages: 200 sentences


def test_eight_threads_get_what_one_gets():
    segments = [
        to_phonemize(text.format(number), language)
        for number in range(ROUNDS)
        for language, text in TEXTS.items()
    ]
    alone = misaki()
    expected = [list(alone.phonemize(segment)) for segment in segments]
    shared = misaki()
    with ThreadPoolExecutor(8) as pool:
        turns = [pool.submit(_all, shared, segments, turn * 25) for turn in range(8)]
        for turn, made in enumerate(turns):
            start = turn * 25
            assert made.result() == [*expected[start:], *expected[:start]]


def _all(phonemizer, segments, start):
    return [list(phonemizer.phonemize(segment)) for segment in [*segments[start:], *segments[:start]]]
