"""BCP 47 language tags and the voices that espeak-ng has for them."""

from collections.abc import Iterable, Mapping

from attrs import frozen

from koe_espeak.library import EspeakVoice

DEFAULT = "en-us"
# espeak-ng's own choice for a bare "en" is British, and for regions that it does not know as well.
_PREFERRED = {
    "en": "en-us",
    "en-au": "en-gb",
    "en-ie": "en-gb",
    "en-in": "en-gb",
    "en-nz": "en-gb",
    "en-za": "en-gb",
    "zh-hk": "yue",
}
# espeak-ng's names that are not well-formed tags.
_TAGS = {"en-us-nyc": "en-US-x-nyc", "chr-us-qaaa-x-west": "chr-Qaaa-US-x-west"}


@frozen
class Language:
    """A language voice: koe's name for it, its BCP 47 tag and espeak-ng's identifier."""

    name: str
    tag: str
    identifier: str


@frozen
class Languages:
    """The language voices by name, and by every tag that leads to one."""

    by_name: Mapping[str, Language]
    _by_tag: Mapping[str, Language]

    @classmethod
    def of(cls, voices: Iterable[EspeakVoice]) -> "Languages":
        """Read espeak-ng's list; where several voices claim a tag, its priorities decide."""
        by_name: dict[str, Language] = {}
        claims: dict[str, tuple[int, Language]] = {}
        for voice in voices:
            language = _named(voice, by_name)
            by_name[language.name] = language
            own = [(0, language.name), (0, language.tag), (1, voice.identifier.rpartition("/")[2])]
            for priority, tag in (*own, *voice.languages):
                claim = (priority, language)
                claims[tag.lower()] = min(claims.get(tag.lower(), claim), claim, key=lambda item: item[0])
        by_tag = {tag: language for tag, (_, language) in claims.items()}
        preferred = {tag: by_name[name] for tag, name in _PREFERRED.items() if name in by_name}
        return cls(by_name, by_tag | preferred)

    def find(self, tag: str) -> Language | None:
        """The voice for a tag, or for the longest beginning of it that has one (RFC 4647 lookup)."""
        parts = tag.lower().replace("_", "-").split("-")
        for length in range(len(parts), 0, -1):
            language = self._by_tag.get("-".join(parts[:length]))
            if language is not None:
                return language
        return None


def _named(voice: EspeakVoice, taken: Mapping[str, Language]) -> Language:
    name = voice.languages[0][1].lower()
    if name in taken:
        name = voice.identifier.rpartition("/")[2].lower()
    return Language(name, _TAGS.get(name, _canonical(name)), voice.identifier)


def _canonical(name: str) -> str:
    """The tag in the letter case that BCP 47 recommends."""
    first, *rest = name.split("-")
    parts = [first]
    for part in rest:
        private = "x" in parts
        cased = {2: part.upper(), 4: part.title()}.get(len(part), part)
        parts.append(part if private else cased)
    return "-".join(parts)
