"""Numbers as American English words, without "and"."""

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = (
    "",
    *"thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion"
    " decillion".split(),
)
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
MOST_DIGITS = 3 * len(_SCALES)
"""Longer numbers are read digit by digit."""


def cardinal(number: int) -> str:
    """1234 as "one thousand two hundred thirty four"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number == 0:
        return _SMALL[0]
    words: list[str] = []
    groups = f"{number:,}".split(",")
    for scale, group in zip(reversed(_SCALES[: len(groups)]), groups, strict=True):
        if int(group):
            words += [*_below_thousand(int(group)), scale]
    return " ".join(word for word in words if word)


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [_SMALL[hundreds], "hundred"] if hundreds else []
    if not rest:
        return words
    if rest < len(_SMALL):
        return [*words, _SMALL[rest]]
    tens, ones = divmod(rest, 10)
    return [*words, _TENS[tens], *([_SMALL[ones]] if ones else [])]


def ordinal(number: int) -> str:
    """23 as "twenty third"."""
    head, _, last = cardinal(number).rpartition(" ")
    if last not in _ORDINALS:
        last = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    else:
        last = _ORDINALS[last]
    return f"{head} {last}".strip()


def digits(text: str) -> str:
    """Every digit of `text` on its own."""
    return " ".join(_SMALL[int(character)] for character in text if character.isdecimal())


def year(number: int) -> str:
    """1906 as "nineteen oh six", 2005 as "two thousand five", 2012 as "twenty twelve"."""
    century, rest = divmod(number, 100)
    if number < 1000 or number > 9999 or number % 1000 < 10:
        return pairs(number) if 100 < number < 1000 and rest else cardinal(number)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {_two(rest)}"


def pairs(number: int) -> str:
    """As house numbers and model names are read: 708 "seven oh eight", 2788 "twenty seven eighty eight"."""
    century, rest = divmod(number, 100)
    if not century:
        return cardinal(number)
    if number > 9999:
        return digits(str(number))
    if not rest:
        return cardinal(number) if not number % 1000 else f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {_two(rest)}"


def _two(rest: int) -> str:
    return cardinal(rest) if rest >= 10 else f"oh {cardinal(rest)}"


def number(text: str) -> str:
    """A written number with sign, grouping commas and decimals: "-1,234.05"."""
    text = text.strip()
    sign = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus "}.get(text[:1], "")
    whole, point, decimals = text.lstrip("-−+± ").replace(",", "").partition(".")
    spoken = [] if not whole else [integer(whole)]
    if point and decimals:
        spoken += ["point", digits(decimals)]
    return sign + " ".join(spoken)


def integer(text: str) -> str:
    """A whole number without sign; with a leading zero, or very long, digit by digit."""
    if (text[0] == "0" and len(text) > 1) or len(text) > MOST_DIGITS:
        return digits(text)
    return cardinal(int(text))


def fraction(above: int, below: int) -> str:
    """3/4 as "three quarters"; what has no usual name with "over"."""
    if below in {0, 1} or below > 1_000_000:
        return f"{cardinal(above)} over {cardinal(below)}"
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below)
    if above == 1:
        return f"one {name}"
    return f"{cardinal(above)} {'halves' if below == 2 else name + 's'}"


def decade(number: int) -> str:
    """1980 as "nineteen eighties"; 80 as "eighties"."""
    spoken = year(number) if number >= 100 else cardinal(number)
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + "s"
