"""`[plugins.g2p]`."""

from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import in_

LANGUAGES = ("en", "es", "fr", "hi", "it", "pt", "ja", "zh")


def _known_languages(_: Any, attribute: "Attribute[tuple[str, ...]]", value: tuple[str, ...]) -> None:
    unknown = [language for language in value if language not in LANGUAGES]
    if unknown:
        raise ValueError(
            f"{attribute.name} holds {', '.join(map(repr, unknown))}; possible are {', '.join(LANGUAGES)}"
        )


@frozen
class G2pConfig:
    """What a deployment can choose about grapheme-to-phoneme.

    Attributes:
        languages: what the phonemizer `misaki` takes on; all others are left to the phonemizers behind it
            in `pipeline.phonemize`.
        english: `language`: as the segment's language tag says (en-GB and its like are British); or always
            `american` or `british`.
        tagger: who tells nouns from verbs: the built-in `rules`, or `spacy`.
        spacy_model: the model of `tagger = "spacy"`.
        unknown_words: English words outside the lexicon: `fallback` asks the phonemizers behind this one
            and spells what they cannot say, `spell` always spells.
    """

    languages: tuple[str, ...] = field(default=LANGUAGES, validator=_known_languages)
    english: Literal["language", "american", "british"] = field(
        default="language", validator=in_(("language", "american", "british"))
    )
    tagger: Literal["rules", "spacy"] = field(default="rules", validator=in_(("rules", "spacy")))
    spacy_model: str = "en_core_web_sm"
    unknown_words: Literal["fallback", "spell"] = field(
        default="fallback", validator=in_(("fallback", "spell"))
    )
