"""English number words: cardinals, ordinals and years."""

from collections.abc import Iterator

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST = 10**15 - 1


def cardinal(number: int) -> list[str]:
    """The words of 0 to `LARGEST`, without "and": 120 is "one hundred twenty"."""
    return list(_cardinal(number)) if number else [_ONES[0]]


def ordinal(number: int) -> list[str]:
    """The words of 0th to `LARGEST`."""
    *words, last = cardinal(number)
    if last in _ORDINALS:
        return [*words, _ORDINALS[last]]
    return [*words, last[:-1] + "ieth" if last.endswith("y") else last + "th"]


def year(number: int) -> list[str]:
    """The words of 0 to 9999 as a year: "nineteen eighty four", "nineteen oh five", "two thousand five"."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:  # noqa: PLR2004
        return cardinal(number)
    words = cardinal(century)
    if rest == 0:
        return [*words, "hundred"]
    return [*words, "oh", _ONES[rest]] if rest < 10 else [*words, *cardinal(rest)]  # noqa: PLR2004


def digits(text: str) -> list[str]:
    """Each digit's name."""
    return [_ONES[int(digit)] for digit in text]


def _cardinal(number: int) -> Iterator[str]:
    for size, name in _SCALES:
        if number >= size:
            yield from _cardinal(number // size)
            yield name
            number %= size
    if number >= len(_ONES):
        yield _TENS[number // 10 - 2]
        number %= 10
    if number:
        yield _ONES[number]
