"""From what a request calls a voice to the voices that speak: names, aliases and weighted mixes."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, evolve, field, frozen

from koe.errors import UnknownVoiceError
from koe.mixes import MAX_EXPRESSION, MAX_TERMS, Term, parse_mix, weighed, wrong_voice
from koe.spelling import nearest
from koe.stages import Engine
from koe.types import Voice, VoiceMix

MAX_NESTING = 16
"""How many names may stand for one another before there is a voice."""


@frozen
class ListedVoice:
    """A name that may be asked for, as the listings show it.

    `alias_of` is what an alias stands for, `mix` what a saved mix is made of; the facts are those of the
    voice behind it, or what all voices of a mix have in common. `aliases` are the names that stand for this
    one.
    """

    name: str
    language: str | None = None
    gender: str | None = None
    grade: str | None = None
    description: str = ""
    alias_of: str | None = None
    mix: str | None = None
    aliases: tuple[str, ...] = ()


@frozen
class VoiceBook:
    """The voices of one open engine under all their names. Safe to use from any thread.

    Attributes:
        own_aliases: other names of the deployment or the request, each for a voice, a mix or another alias;
            they win over the engine's.
        default: what an empty name means.
        hint: said after an unknown name, such as why another engine's voices are missing.
        mixes: saved mixes by name.
    """

    engine: Engine
    own_aliases: Mapping[str, str]
    default: str
    hint: str = ""
    mixes: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(
        cls,
        engine: Engine,
        aliases: Mapping[str, str],
        default: str,
        hint: str = "",
        mixes: Mapping[str, str] | None = None,
    ) -> "VoiceBook":
        """The book of `engine` with the config's names; an empty `default` is the engine's own."""
        return cls(engine, aliases, default or engine.voices()[0].name, hint, mixes or {})

    @property
    def aliases(self) -> Mapping[str, str]:
        """Every alias, the engine's included."""
        return {**self.engine.aliases, **self.own_aliases}

    def with_aliases(self, aliases: Mapping[str, str]) -> "VoiceBook":
        """The book with further aliases, which win over those it has."""
        return evolve(self, own_aliases={**self.own_aliases, **aliases}) if aliases else self

    def resolve(self, expression: str) -> VoiceMix:
        """The voices behind a name, an alias or a mix such as `af_bella(2)+af_sky(1)`.

        Raises:
            UnknownVoiceError: a name is unknown, or the expression is not a usable mix (param `voice`).
        """
        return _Resolver(self).resolve(expression.strip() or self.default)

    def find(self, expression: str) -> tuple[VoiceMix, str]:
        """The voices behind `expression`, and their language (see `resolve`)."""
        mix = self.resolve(expression)
        return mix, self.language(mix)

    def voice(self, name: str) -> Voice | None:
        """The engine's voice called `name` (not an alias)."""
        return self.engine.find_voice(name)

    def language(self, mix: VoiceMix) -> str:
        """The language of the first voice that the mix adds."""
        voice = self.voice(next((name for name, share in mix.terms if share > 0), ""))
        return voice.language if voice is not None else "en-US"

    def offers(self, name: str) -> bool:
        """Whether `name` can be spoken here."""
        try:
            self.resolve(name)
        except UnknownVoiceError:
            return False
        return True

    def listed(self) -> Iterator[ListedVoice]:
        """What may be asked for by name: the voices, the default first, then aliases, then saved mixes.

        Names that lead to no voice of this engine are left out. An alias or mix with a voice's name stands
        in its place, because it is what a request for that name gets.
        """
        aliases = {name: target for name, target in self.aliases.items() if self.offers(name)}
        mixes = {name: mix for name, mix in self.mixes.items() if name not in aliases and self.offers(name)}
        known_as: dict[str, list[str]] = {}
        for alias, target in aliases.items():
            known_as.setdefault(target, []).append(alias)
        names = [voice.name for voice in self.engine.voices()]
        for name in dict.fromkeys([*names, *aliases, *mixes]):
            listed = self._listed(name, aliases.get(name), mixes.get(name))
            yield evolve(listed, aliases=tuple(known_as.get(name, ())))

    def _listed(self, name: str, alias_of: str | None, mix: str | None) -> ListedVoice:
        resolved = VoiceMix.of(name) if alias_of is None and mix is None else self.resolve(name)
        voices = [voice for part, _ in resolved.terms if (voice := self.voice(part)) is not None]
        genders = {voice.gender for voice in voices}
        gender = genders.pop() if len(genders) == 1 else None
        only = voices[0] if len(voices) == 1 else None
        return ListedVoice(
            name,
            self.language(resolved),
            gender,
            only.grade if only else None,
            only.description if only else "",
            alias_of,
            mix,
        )


@define
class _Resolver:
    """One look-up. Each name is worked out once, so that names within names cost no more than there are."""

    book: VoiceBook
    names: Mapping[str, str] = field(init=False)
    found: dict[str, VoiceMix] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.names = {**self.book.mixes, **self.book.aliases}

    def resolve(self, expression: str, chain: tuple[str, ...] = ()) -> VoiceMix:
        """The voices behind `expression`; `chain` holds the names that led to it."""
        if expression not in self.found:
            self.found[expression] = self._resolve(expression, chain)
        return self.found[expression]

    def _resolve(self, expression: str, chain: tuple[str, ...]) -> VoiceMix:
        if len(expression) > MAX_EXPRESSION:
            raise wrong_voice(f"The voice has {len(expression)} characters; the limit is {MAX_EXPRESSION}")
        if expression in self.names:
            _check_chain(expression, chain)
            return self.resolve(self.names[expression].strip(), (*chain, expression))
        if self.book.voice(expression) is not None:
            return VoiceMix.of(expression)
        terms = parse_mix(expression)
        if terms is None or terms[0].name == expression:
            raise self._unknown(expression, chain)
        if len(terms) > 1 and not self.book.engine.mixes:
            raise self._not_mixed(expression, terms, chain)
        return weighed([(self.resolve(term.name, chain), term.weight) for term in terms])

    def _not_mixed(self, expression: str, terms: Sequence[Term], chain: tuple[str, ...]) -> UnknownVoiceError:
        """What a mix is to an engine of single voices, whose names may hold signs themselves."""
        if all(term.name in self.names or self.book.voice(term.name) for term in terms):
            return wrong_voice(
                f"Engine {self.book.engine.name!r} speaks single voices only, not the mix {expression!r:.100}"
            )
        return self._unknown(expression, chain)

    def _unknown(self, name: str, chain: tuple[str, ...]) -> UnknownVoiceError:
        known = [voice.name for voice in self.book.engine.voices()]
        near = nearest(name, [*known, *self.names])
        guess = f" Did you mean {', '.join(near)}?" if near else ""
        meant = f" ({chain[-1]!r:.100} names it)" if chain else ""
        return wrong_voice(
            f"Engine {self.book.engine.name!r} has no voice {name!r:.100}{meant}.{guess} "
            f"It has {len(known)}, listed by GET /v1/audio/voices and `koe voices`.{self.book.hint}"
        )


def _check_chain(name: str, chain: tuple[str, ...]) -> None:
    if name in chain:
        circle = (*chain[chain.index(name) :], name)
        raise wrong_voice(f"The voice aliases go round in a circle: {_shown(circle)}")
    if len(chain) == MAX_NESTING:
        raise wrong_voice(
            f"The voice is more than {MAX_NESTING} names away: {_shown((*chain[:3], '…', name))}"
        )


def _shown(chain: tuple[str, ...]) -> str:
    return " -> ".join(name if len(name) <= 60 else f"{name[:60]}…" for name in chain)  # noqa: PLR2004


__all__ = ["MAX_EXPRESSION", "MAX_NESTING", "MAX_TERMS", "ListedVoice", "VoiceBook"]
