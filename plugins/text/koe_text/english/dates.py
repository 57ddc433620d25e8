"""Dates, years, decades and centuries."""

import re
from collections.abc import Callable

from koe_text.english.numbers import cardinal, decade, digits, ordinal, year
from koe_text.english.rules import DASH, Rule, rule, sentence_end
from koe_text.english.tables import one_of, table

_MONTHS = table("months")
_MONTH_NAMES = tuple(_MONTHS.values())
_WEEKDAYS = table("weekdays")
_MONTH = rf"(?P<month>(?i:{one_of(_MONTHS)}))\.?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_SUFFIX = r"(?:st|nd|rd|th)"
_YEAR = r"(?P<year>[12]\d{3}|'\d\d|’\d\d)"
_ERA = r"(?:\s?(?P<era>(?i:BCE?|B\.C\.(?:E\.)?|A\.D\.)|CE|AD|ad(?=\s*(?:[.,;:!?)]|$))))"
_WORDS_OF_TIME = r"(?:in|since|by|until|till|from|before|after|of|year|during|around|circa|c\.)"
_AFTER_WEEKDAY = re.compile(r"day,?\s$")
_WORDS_TOO = frozenset({"sat", "sun", "wed", "mon"})
_LOWER = re.compile(r"(?:may|march|mar|dec|jan)$")


def _month(match: re.Match[str]) -> str:
    return _MONTHS[match["month"].lower()]


def _year(written: str) -> str:
    if written[0] in "'’":
        two = int(written[1:])
        return year(2000 + two) if two < 50 else cardinal(two)
    return year(int(written))


def _tail(match: re.Match[str]) -> str:
    """What follows day and month: the year, with the comma before it, and the era."""
    named = match.groupdict()
    comma = "," if named.get("comma") else ""
    spoken = f"{comma} {_year(match['year'])}" if named.get("year") else ""
    if named.get("era"):
        spoken += " " + match["era"].replace(".", "").upper()
    return spoken + (sentence_end(match) if named.get("era") or not named.get("year") else "")


def _month_day(match: re.Match[str]) -> str | None:
    if _is_word(match):
        return None
    second = f" to {ordinal(int(match['last']))}" if match["last"] else ""
    return f"{_month(match)} {ordinal(int(match['day']))}{second}{_tail(match)}"


def _day_month(match: re.Match[str]) -> str | None:
    if _is_word(match):
        return None
    before = match.string[max(0, match.start() - 10) : match.start()].lower().rstrip()
    article = "" if before.endswith(" the") or before == "the" or match["of"] else "the "
    first = f"{ordinal(int(match['first']))} to " if match["first"] else ""
    return f"{article}{first}{ordinal(int(match['day']))} of {_month(match)}{_tail(match)}"


def _is_word(match: re.Match[str]) -> bool:
    """Whether the "month" may be a word, such as "may" in "5 may win"."""
    written = match["month"]
    if not _LOWER.match(written) or match.groupdict().get("year"):
        return False
    if _AFTER_WEEKDAY.search(match.string, 0, match.start()):
        return False
    return match.start() > 0 or match.end() < len(match.string)


def _month_year(match: re.Match[str]) -> str:
    return _month(match) + _tail(match)


def _month_alone(match: re.Match[str]) -> str:
    return _month(match) + sentence_end(match)


def _numeric(order: str) -> Callable[[re.Match[str]], str | None]:
    """A date of three numbers; where month and day are impossible in `order`, they change places."""

    def speak(match: re.Match[str]) -> str | None:
        first, second = int(match["a"]), int(match["b"])
        month, day = (first, second) if order == "md" else (second, first)
        day_first = order == "dm"
        if month > 12 >= day:
            month, day, day_first = day, month, not day_first
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        name = _MONTH_NAMES[month - 1]
        written = match.groupdict().get("year") or ""
        tail = f" {_year(written if len(written) == 4 else chr(39) + written)}" if written else ""
        return f"the {ordinal(day)} of {name}{tail}" if day_first else f"{name} {ordinal(day)}{tail}"

    return speak


def _decade(match: re.Match[str]) -> str:
    return decade(int(match["decade"]))


def _decades(match: re.Match[str]) -> str:
    return f"{decade(int(match[1]))} to {decade(int(match[2]))}"


def _short_year(match: re.Match[str]) -> str:
    return _two_digits(match[1])


def _short_years(match: re.Match[str]) -> str:
    return f"{_two_digits(match[1])} to {_two_digits(match[2])}"


def _two_digits(written: str) -> str:
    return digits(written).replace("zero", "oh") if written[0] == "0" else cardinal(int(written))


def _with_era(match: re.Match[str]) -> str:
    written = int(match["number"])
    spoken = year(written) if written < 2100 else cardinal(written)
    return f"{spoken} {match['era'].replace('.', '').upper()}{sentence_end(match)}"


def _era_first(match: re.Match[str]) -> str:
    return f"AD {year(int(match[1]))}"


def _years(match: re.Match[str]) -> str | None:
    first, last = match["first"], match["last"]
    if len(last) == 4 and int(last) <= int(first):
        return None
    if len(last) == 2 and int(last) <= int(first[2:]):
        return None
    spoken = year(int(last)) if len(last) == 4 else cardinal(int(last))
    return f"{year(int(first))} to {spoken}"


def _bare(match: re.Match[str]) -> str:
    return match["before"] + year(int(match["bare"]))


def _timestamp(match: re.Match[str]) -> str | None:
    """2026-11-20T14:05:00Z: the date, then the time; seconds only where there are any."""
    month, day, hour = int(match["month"]), int(match["day"]), int(match["hour"])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24):
        return None
    minute, second = match["minute"], match["second"]
    time = f"{cardinal(hour)} {_minute(minute)}"
    if second and int(second):
        time += f" and {cardinal(int(second))} second{'' if second == '01' else 's'}"
    name = _MONTH_NAMES[month - 1]
    return f"{name} {ordinal(day)}, {year(int(match['year']))}, {time}{_offset(match['zone'])}"


def _minute(written: str) -> str:
    if written == "00":
        return "hundred"
    return f"oh {cardinal(int(written))}" if written[0] == "0" else cardinal(int(written))


def _offset(written: str | None) -> str:
    if not written:
        return ""
    if written == "Z":
        return " UTC"
    hours, minutes = int(written[1:3]), written[-2:]
    spoken = f" UTC {'plus' if written[0] == '+' else 'minus'} {cardinal(hours)}"
    return spoken if minutes == "00" else f"{spoken} {cardinal(int(minutes))}"


def _fiscal(match: re.Match[str]) -> str:
    quarter = f" {cardinal(int(match['quarter']))}" if match["quarter"] else ""
    return f"{match['letters']}{quarter}{match['gap'] or ' '}{year(int(match['year']))}"


def _month_of_year(match: re.Match[str]) -> str | None:
    month = int(match[1])
    return f"{_MONTH_NAMES[month - 1]} {year(int(match[2]))}" if 1 <= month <= 12 else None


def _year_month(match: re.Match[str]) -> str | None:
    """2011-11 is a month; 2011-12 may be two years and is read as such."""
    first, last = match[1], match[2]
    if last[0] != "0" and int(last) > int(first[2:]):
        return None
    return f"{_MONTH_NAMES[int(last) - 1]} {year(int(first))}"


def _split_year(match: re.Match[str]) -> str | None:
    first, last = int(match[1]), int(match[2])
    return f"{year(first)} {cardinal(last)}" if (first + 1) % 100 == last else None


def _months(match: re.Match[str]) -> str:
    return f"{_MONTHS[match[1].lower()]} to {_MONTHS[match[2].lower()]}"


def _circa(match: re.Match[str]) -> str:
    return f"circa {year(int(match[1]))}"


def _weekdays(match: re.Match[str]) -> str:
    return f"{_WEEKDAYS[match[1].lower()]} to {_WEEKDAYS[match[2].lower()]}"


def _weekday(match: re.Match[str]) -> str | None:
    """Sat 5 June, but not "he sat 3 hours"."""
    if match[1] in _WORDS_TOO and match.string[match.end(1)] != ".":
        return None
    return _WEEKDAYS[match[1].lower()] + match[2]


def numeric(*, day_first: bool) -> list[Rule]:
    """Dates of numbers alone; `day_first` says how 1/5/2012 is meant where both are possible."""
    order = "dm" if day_first else "md"
    any_dates = [
        (
            "ymd",
            r"(?<![\w.])(?P<year>[12]\d{3})(?P<s>[-/.])(?P<a>\d{1,2})(?P=s)(?P<b>\d{1,2})(?![\w/-])",
        ),
        (order, r"(?<![\w.])(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?P=s)(?P<year>[12]\d{3})(?![\w/-])"),
        (order, r"(?<![\w.])(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?P<year>[12]\d{3})(?![\w-])"),
        ("dm", r"(?<![\w.])(?P<a>\d{1,2})\.\s(?P<b>\d{1,2})\.\s?(?P<year>[12]\d{3})(?![\w-])"),
        (order, r"(?<![\w./])(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<year>\d\d)(?![\w/-])"),
    ]
    return [
        rule("dates", pattern, _numeric("md" if which == "ymd" else which)) for which, pattern in any_dates
    ]


TIMESTAMPS: list[Rule] = [
    rule(
        "dates",
        r"(?<![\w.-])(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<hour>\d\d):(?P<minute>[0-5]\d)"
        r"(?::(?P<second>[0-5]\d)(?:[.,]\d{1,9})?)?(?P<zone>Z|[-+]\d\d:?\d\d)?(?![\w:])",
        _timestamp,
    ),
]

RULES: list[Rule] = [
    rule(
        "dates",
        rf"\b((?i:{one_of(_WEEKDAYS)}))\.?{DASH}((?i:{one_of(_WEEKDAYS)}))\b\.?",
        _weekdays,
        digits=False,
    ),
    rule(
        "dates",
        rf"\b({one_of(_WEEKDAYS)})\.?(,?\s)(?=(?i:{one_of(_MONTHS)})\b|\d)",
        _weekday,
        flags=re.IGNORECASE,
    ),
    rule(
        "dates",
        rf"\b{_MONTH}\s{_DAY}{_SUFFIX}?(?:\s?[-–—]\s?(?P<last>[1-3]?\d){_SUFFIX}?)?\b"
        rf"(?:(?P<comma>,)?\s?(?<=[\s,]){_YEAR}\b{_ERA}?)?(?![:\d]|[.,]\d|\s?%)",
        _month_day,
    ),
    rule(
        "dates",
        rf"(?<![\w-]){_MONTH}-{_DAY}(?P<last>\d{{0}})(?![\w/:-]|[.,]\d)",
        _month_day,
    ),
    rule(
        "dates",
        rf"(?<![\w.,$:])(?:(?P<first>[1-3]?\d){_SUFFIX}?\s?[-–—]\s?)?{_DAY}{_SUFFIX}?"
        rf"(?:\s|-|\s(?P<of>of)\s){_MONTH}(?:(?P<comma>,)?[\s-]{_YEAR}\b{_ERA}?)?(?!\w)",
        _day_month,
    ),
    rule("dates", r"\b(?:ca|circa|c)\.?\s([1-9]\d{2,3})\b(?![,%]|\.\d)", _circa),
    rule(
        "dates",
        r"\b(?P<letters>FY|Q(?=[1-4])|[HS](?=[12]\s))(?P<quarter>[1-4])?(?P<gap>\s?['’]?)(?P<year>(?:19|20)\d\d)(?![\w,]|\.\d)",
        _fiscal,
    ),
    rule(
        "dates",
        rf"(?P<before>\b(?:(?:{one_of(_WEEKDAYS)})(?:[a-z]{{0,3}}day)?[.,]{{0,2}}|on|due|dated)\s|(?<=\ue000))"
        r"(?P<a>0?[1-9]|1[0-2])/(?P<b>0?[1-9]|[12]\d|3[01])(?![\w/]|[.,]\d|\sof\b|\s(?:inch|in|cup|lb|mile)\b)",
        lambda match: f"{match['before']}{_MONTH_NAMES[int(match['a']) - 1]} {ordinal(int(match['b']))}",
        flags=re.IGNORECASE,
    ),
    rule("dates", r"(?<![\w.,/])(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?![\w/]|[.,]\d)", _month_of_year),
    rule("dates", r"(?<![\w.,/])((?:19|20)\d\d)/(\d\d)(?![\w/-]|[.,]\d)", _split_year),
    rule("dates", r"(?<![\w.,/$€£-])((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\w/-]|[.,]\d)", _year_month),
    rule(
        "dates",
        rf"\b((?i:{one_of(name for name in _MONTHS if name not in {'may', 'march', 'mar', 'dec'})}))\.?"
        rf"{DASH}((?i:{one_of(_MONTHS)}))\b(?!\s?\d{{1,2}}(?!\d))",
        _months,
        digits=False,
    ),
    rule("dates", rf"\b{_MONTH}(?P<comma>,)?[\s-]{_YEAR}\b{_ERA}?(?![,.]\d)", _month_year),
    rule(
        "dates",
        rf"(?<!\w)['’]?([12]\d\d0|[1-9]0)['’]?[sS]{DASH}['’]?([12]\d\d0|[1-9]0)['’]?[sS]\b",
        _decades,
    ),
    rule("dates", r"(?<![\w'’])['’](\d\d)[-–—]['’](\d\d)\b(?!['’\d])", _short_years),
    rule("dates", r"(?<![\w'’])['’](\d\d)\b(?!['’\d])", _short_year),
    rule(
        "dates",
        r"(?<!\w)(?<!\dm\s)(?:(?P<apostrophe>['’])(?=\d0s))?(?P<decade>[12]\d\d0|[1-9]0)['’]?[sS]\b",
        _decade,
    ),
    rule("dates", rf"(?<![\w.,])(?P<number>\d{{1,4}}){_ERA}(?!\w)", _with_era),
    rule("dates", r"\bA\.?D\.?\s(\d{1,4})\b", _era_first),
    rule(
        "dates",
        rf"(?<![\w.,$€£-])(?P<first>1[1-9]\d\d|20\d\d){DASH}(?P<last>1[1-9]\d\d|20\d\d|\d\d)(?![\w%/-]|[.,]\d)",
        _years,
    ),
    rule(
        "dates",
        rf"\b(?P<month>(?i:{one_of(name for name in _MONTHS if len(name) < 5 and name != 'may')}))\.(?=\s|$)"
        r"(?<!\bmar\.)",
        _month_alone,
        digits=False,
    ),
]

YEARS: list[Rule] = [
    rule("dates", r"(?<=\ue000)\s[-–—]\s(?=\ue000)", lambda _match: " to ", digits=False),
    rule("dates", r"(?P<before>\b[Yy]ear\s)(?P<bare>2[1-9]\d\d)(?![\w%]|[.,]\d)", _bare),
    rule(
        "dates",
        rf"\b(?P<before>{_WORDS_OF_TIME}\s(?:the\syear\s)?)(?P<bare>10\d\d|[5-9]\d\d(?=\s(?:BC|AD)))"
        rf"(?![\w%]|[.,]\d)",
        _bare,
        flags=re.IGNORECASE,
    ),
    rule(
        "dates",
        r"(?P<before>)(?<![\w.,/$€£#+*=<>^×÷-])(?P<bare>10[1-9]\d|1[1-9]\d\d|20\d\d)(?![\w%/:°×^*+=]|[.,]\d|-\w|\s?[-–+*=/<>×÷])",
        _bare,
    ),
]
