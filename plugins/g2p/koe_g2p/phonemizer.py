"""The phonemizer `misaki`: text to the phonemes that Kokoro was trained on."""

import threading
from collections.abc import Callable, Mapping, Sequence

from koe.api import PhonemeWord, Phonemizer, Segment, Span, UnsupportedLanguageError, VoiceMix

from koe_g2p.chinese import chinese
from koe_g2p.config import G2pConfig
from koe_g2p.english import English
from koe_g2p.extras import installed
from koe_g2p.fallback import Fallbacks, UnknownWords
from koe_g2p.japanese import japanese
from koe_g2p.languages import accent_of, primary
from koe_g2p.lexicon import Accent
from koe_g2p.readings import Parts, read, read_scripts
from koe_g2p.rule_tagger import RuleTagger
from koe_g2p.spacy_tagger import SpacyTagger
from koe_g2p.tagger import Tagger
from koe_g2p.words import split


class MisakiPhonemizer(Phonemizer):
    """English by misaki's lexicon, Japanese and Chinese by misaki, the rest by the fallback's IPA, mapped.

    Nothing is loaded before it is used, except a spaCy model that the config asks for.
    """

    name = "misaki"

    def __init__(self, config: G2pConfig) -> None:
        self._config = config
        self._tagger: Tagger = SpacyTagger(config.spacy_model) if config.tagger == "spacy" else RuleTagger()
        self._fallbacks = Fallbacks()
        self._lock = threading.Lock()
        self._english: dict[Accent, English] = {}
        self._others: Mapping[str, Callable[[str], Parts]] = {"ja": japanese, "zh": chinese}

    def use_fallbacks(self, fallbacks: Sequence[Phonemizer]) -> None:
        self._fallbacks.use(fallbacks)

    def supports(self, language: str) -> bool:
        """Whether the config gives it the language, and a phonemizer behind it has the IPA it needs.

        Japanese and Chinese without their extra are left to a phonemizer behind it, if one has them.
        """
        wanted = primary(language)
        if wanted not in self._config.languages:
            return False
        if wanted == "en":
            return True
        behind = self._fallbacks.find(language) is not None
        return (not behind or installed(wanted)) if wanted in self._others else behind

    def phonemize(self, segment: Segment) -> Sequence[PhonemeWord]:
        """The words of the segment, with curly quotation marks and all other punctuation in their tails.

        Punctuation before the first word comes as the tail of a word without text and phonemes. A word
        that nobody can say has the phoneme `❓`, which the core reports.

        Raises:
            UnsupportedLanguageError: the language is not in the config, has no fallback, or needs an extra.
        """
        language = primary(segment.language)
        if language not in self._config.languages:
            raise _unsupported(segment.language, self._config)
        if language == "en":
            return read(segment, self._accent(segment.language).phonemes)
        native = self._others.get(language)
        if native is not None:
            return read_scripts(segment, native, self._latin)
        fallback = self._fallbacks.find(segment.language)
        if fallback is None:
            raise _unsupported(segment.language, self._config)
        return fallback.words(segment)

    def parts_of_speech(self, segment: Segment) -> Sequence[tuple[Span, str]] | None:
        """The tags of English words, as the tagger has them."""
        if primary(segment.language) != "en" or "en" not in self._config.languages:
            return None
        words = split(segment.text, segment.given).words
        spans = [Span(word.start, word.end) for word in words]
        return list(zip(spans, self._tagger.tags(segment.text, spans), strict=True))

    def _accent(self, tag: str) -> English:
        accent = accent_of(tag) if self._config.english == "language" else self._config.english
        with self._lock:
            if accent not in self._english:
                fallbacks = self._fallbacks if self._config.unknown_words == "fallback" else Fallbacks()
                self._english[accent] = English.of(accent, self._tagger, UnknownWords(accent, fallbacks).say)
            return self._english[accent]

    def _latin(self, text: str) -> str:
        """The phonemes of a Latin word in other scripts, in American English."""
        made = read(Segment(text, VoiceMix(()), "en-US"), self._accent("en-US").phonemes)
        return " ".join(word.phonemes for word in made if word.phonemes)


def _unsupported(language: str, config: G2pConfig) -> UnsupportedLanguageError:
    return UnsupportedLanguageError(
        f"misaki does not speak {language!r} here: plugins.g2p.languages are {', '.join(config.languages)}, "
        "and other languages than English, Japanese and Chinese need a phonemizer such as 'espeak' behind it "
        "in pipeline.phonemize",
        param="language",
    )
