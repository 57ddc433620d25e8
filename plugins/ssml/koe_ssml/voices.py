"""Which voice a `voice` element means."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import frozen
from koe.api import MarkupContext, UnknownVoiceError, Voice, VoiceMix

_SEPARATORS = re.compile(r"[\s,]+")
_DEFAULT_REQUIRED = "languages"


@frozen
class Choice:
    """The voice that was chosen, its language, and the attributes that it does not satisfy."""

    voice: VoiceMix | None
    language: str = ""
    unmet: tuple[str, ...] = ()


def choose(attributes: Mapping[str, str], current: VoiceMix, language: str, context: MarkupContext) -> Choice:
    """The voice for a `voice` element's attributes, in a text that is in `language`.

    The first of `name` that is known is taken. Otherwise it is the voice that has the most of what is asked
    for, the earlier in `ordering` counting more, then one of the text's language, among those that have all
    of `required`; the current one wins where it is as good as any. There is none where nothing fits.
    """
    names = [name for name in _SEPARATORS.split(attributes.get("name", "")) if name]
    for name in names:
        try:
            return Choice(*context.find_voice(name))
        except UnknownVoiceError:
            continue
    unmet = ("name",) if names else ()
    wanted = _wanted(attributes)
    if not wanted:
        return Choice(None, unmet=unmet)
    required = set(attributes.get("required", _DEFAULT_REQUIRED).split())
    found = [voice for voice in _candidates(context, current) if _fits(voice, wanted, required)]
    if not found or "name" in required & {*unmet}:
        return Choice(None, unmet=(*unmet, *wanted))
    ordering = attributes.get("ordering", "languages gender").split()
    ranks = sorted(wanted, key=lambda feature: ordering.index(feature) if feature in ordering else 99)
    primary = language.partition("-")[0].lower()
    tests: list[Callable[[Voice], bool]] = [
        *(wanted[feature] for feature in ranks),
        lambda voice: _speaks(voice.language.lower(), primary),
    ]
    found.sort(key=lambda voice: [not test(voice) for test in tests])
    best = _variant(found, tests, attributes.get("variant", ""))
    missed = tuple(feature for feature in wanted if not wanted[feature](best))
    spoken = best.language if "languages" in wanted else language
    return Choice(VoiceMix.of(best.name), spoken, (*unmet, *missed))


def gender_of(voice: VoiceMix, context: MarkupContext) -> str:
    """The gender of the voice that counts most in the mix; `neutral` where that is not known."""
    name, _ = max(voice.terms, key=lambda term: term[1])
    found = (one.gender for one in context.voices() if one.name == name)
    return next(found, None) or "neutral"


def _wanted(attributes: Mapping[str, str]) -> dict[str, Callable[[Voice], bool]]:
    """What is asked for besides a name, as tests of a voice."""
    wanted: dict[str, Callable[[Voice], bool]] = {}
    given = attributes.get("languages") or attributes.get("language") or attributes.get("xml:lang") or ""
    languages = [tag.partition(":")[0].lower() for tag in _SEPARATORS.split(given) if tag]
    if languages:
        wanted["languages"] = lambda voice: any(_speaks(voice.language.lower(), tag) for tag in languages)
    gender = attributes.get("gender", "").strip().lower()
    if gender:
        wanted["gender"] = lambda voice: voice.gender == gender
    return wanted


def _speaks(language: str, tag: str) -> bool:
    return language == tag or (language.partition("-")[0] == tag if "-" not in tag else False)


def _candidates(context: MarkupContext, current: VoiceMix) -> Iterator[Voice]:
    """The engine's voices, the current one first."""
    voices: Sequence[Voice] = context.voices()
    yield from (voice for voice in voices if voice.name == current.name)
    yield from (voice for voice in voices if voice.name != current.name)


def _fits(voice: Voice, wanted: Mapping[str, Callable[[Voice], bool]], required: set[str]) -> bool:
    return all(wanted[feature](voice) for feature in required if feature in wanted)


def _variant(ranked: Sequence[Voice], tests: Sequence[Callable[[Voice], bool]], variant: str) -> Voice:
    """The first of the voices, or the n-th of those that are as good."""
    best = [test(ranked[0]) for test in tests]
    equals = [voice for voice in ranked if [test(voice) for test in tests] == best]
    number = int(variant) if variant.isascii() and variant.isdigit() and len(variant) < 4 else 1  # noqa: PLR2004
    return equals[min(max(number, 1), len(equals)) - 1]
