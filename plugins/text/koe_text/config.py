"""`[plugins.normalize]`."""

from typing import TYPE_CHECKING, Any

from attrs import asdict, field, frozen

if TYPE_CHECKING:
    from attrs import Attribute

WARMABLE = ("de", "en", "es", "fr", "it", "ja", "pt", "zh")
"""Languages that a library reads."""


def _known_languages(_: Any, attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    unknown = [language for language in value if language not in WARMABLE]
    if unknown:
        raise ValueError(
            f"{attribute.name} holds {', '.join(map(repr, unknown))}; possible are {', '.join(WARMABLE)}"
        )


@frozen
class CleanConfig:
    """What `clean` takes away or folds.

    Attributes:
        markdown: headings, emphasis, lists, links, code and tables become plain text.
        html: tags go, entities such as `&amp;` become characters.
        emoji: pictures go.
        unicode: ligatures, full-width forms, exotic spaces and quotation marks become plain ones.
    """

    markdown: bool = True
    html: bool = True
    emoji: bool = True
    unicode: bool = True


@frozen
class EnglishConfig:
    """What `english` reads as words; what is off stays as written.

    Attributes:
        abbreviations: "Dr.", "etc.", "U.S.", "w/o".
        addresses: "12 Oak St., Austin, TX 78701".
        cardinals: "1,234", "-5", "3.14".
        dates: "5 May 2026", "1/5/2012", "1999", "the 1980s".
        electronic: URLs, e-mail addresses, domains, files, handles.
        fractions: "3/4", "2½", "3x".
        math: "2+2=4", "x²", "≥ 5".
        measures: "12 kg", "60 km/h", "5 ft 10 in", "10-15%".
        money: "$12.05", "€3.5bn", "$20/month".
        ordinals: "23rd".
        ranges: "2-5", "16:9".
        romans: "Henry VIII", "World War II", "Chapter IV".
        serials: "AB12-3d", "covid-19", "#5", "No. 7", "1920x1080".
        symbols: "&", "©", "§" and the other symbols that stand alone.
        telephones: "(555) 123-4567".
        times: "12:30 a.m.", "14:05", "9-5 pm".
        versions: "v2.0.1", "Python 3.11".
        spokenform: whether spokenform reads what the rules leave.
        wetext: whether wetext reads what is left then.
    """

    abbreviations: bool = True
    addresses: bool = True
    cardinals: bool = True
    dates: bool = True
    electronic: bool = True
    fractions: bool = True
    math: bool = True
    measures: bool = True
    money: bool = True
    ordinals: bool = True
    ranges: bool = True
    romans: bool = True
    serials: bool = True
    symbols: bool = True
    telephones: bool = True
    times: bool = True
    versions: bool = True
    spokenform: bool = True
    wetext: bool = True

    def switched_off(self) -> frozenset[str]:
        """The categories that stay as written."""
        return frozenset(name for name, on in asdict(self).items() if not on)


@frozen
class EuropeanConfig:
    """What is rewritten for spokenform in Spanish, French, Italian, Portuguese and German.

    What is off stays as written where one of koe's rules reads it.

    Attributes:
        abbreviations: "EE. UU.", "EUA".
        cardinals: the gender of one, two and the hundreds: "una hora", "duas mulheres".
        dates: "80er", years in German.
        fractions: "1/2".
        math: "3 + 4 = 7" in Portuguese.
        ordinals: "1.º" in Portuguese.
        ranges: "10-15" in Italian.
        romans: "Felipe VI", "Louis XIV", "siglo XXI".
        symbols: "&", "§", "#5" and the other symbols that stand alone.
        telephones: "912 345 678".
        times: "14h30", "14:05", "14.05 Uhr".
    """

    abbreviations: bool = True
    cardinals: bool = True
    dates: bool = True
    fractions: bool = True
    math: bool = True
    ordinals: bool = True
    ranges: bool = True
    romans: bool = True
    symbols: bool = True
    telephones: bool = True
    times: bool = True

    def switched_off(self) -> frozenset[str]:
        """The categories that stay as written."""
        return frozenset(name for name, on in asdict(self).items() if not on)


@frozen
class TextNormalizationConfig:
    """What a deployment can choose about text normalization.

    Attributes:
        clean: what `clean` takes away or folds.
        english: what `english` reads as words.
        european: what `european` does before spokenform.
        warm: languages whose libraries a server loads while it starts, rather than for the first text.
    """

    clean: CleanConfig = CleanConfig()
    english: EnglishConfig = EnglishConfig()
    european: EuropeanConfig = EuropeanConfig()
    warm: tuple[str, ...] = field(default=("en",), validator=_known_languages)
