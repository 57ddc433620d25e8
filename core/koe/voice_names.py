"""What can be wrong with `[voices]` whatever engine is there."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from koe.errors import UnknownVoiceError
from koe.mixes import MAX_EXPRESSION, parse_mix
from koe.settings import VoicesSettings
from koe.toml import dotted
from koe.wording import shown

_ALIASES, _MIXES = ("voices", "aliases"), ("voices", "mixes")


def voice_name_mistakes(voices: VoicesSettings) -> Iterator[tuple[str, str]]:
    """Each mistake in the names of voices as a dotted key and a message."""
    for table, names in ((_ALIASES, voices.aliases), (_MIXES, voices.mixes)):
        for name in names:
            if not name or name != name.strip():
                yield dotted((*table, name)), "a name has at least one character, and no space around it"
    for name, expression in voices.mixes.items():
        if name in voices.aliases:
            other = dotted((*_ALIASES, name))
            yield dotted((*_MIXES, name)), f"{other} has the same name; rename one of them"
        mistake = _mix_mistake(expression)
        if mistake:
            yield dotted((*_MIXES, name)), mistake
    for circle in _circles(_graph(voices)):
        table = _MIXES if circle[0] in voices.mixes else _ALIASES
        way = " -> ".join(circle)
        yield dotted((*table, circle[0])), f"aliases and mixes go round in a circle: {way}; break it"


def _mix_mistake(expression: str) -> str:
    if len(expression) > MAX_EXPRESSION:
        return f"the mix has {len(expression)} characters; the limit is {MAX_EXPRESSION}"
    try:
        terms = parse_mix(expression)
    except UnknownVoiceError as error:
        return error.message
    return "" if terms else f'expected a mix such as "af_bella(2)+af_sky(1)", given {shown(expression)}'


def _graph(voices: VoicesSettings) -> dict[str, list[str]]:
    """The names that each name surely leads to.

    Only parentheses tell a mix from a voice's name with `+` and `-` in it, such as `en-us+f2`; what that
    misses, the engine's voices show when it is opened.
    """
    names = {**voices.aliases, **voices.mixes}
    graph = {}
    for name, target in names.items():
        inner = [target.strip()]
        if name in voices.mixes or "(" in target:
            inner += _terms(target)
        graph[name] = [one for one in dict.fromkeys(inner) if one in names]
    return graph


def _terms(expression: str) -> Sequence[str]:
    try:
        return [term.name for term in parse_mix(expression) or ()]
    except UnknownVoiceError:
        return []


def _circles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]
            yield circle
            graph = {name: inner for name, inner in graph.items() if name not in circle}
        else:
            return
