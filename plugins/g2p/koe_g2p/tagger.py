"""Parts of speech: what a tagger is, and what it is asked."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from koe.api import Span


class Tagger(ABC):
    """Tells the part of speech of each word. Safe to call from several threads."""

    @abstractmethod
    def tags(self, text: str, words: Sequence[Span]) -> list[str]:
        """A tag of the Penn Treebank for each of the words, which are in order and do not overlap.

        Only what the pronunciation depends on matters: nouns, verbs and adjectives of one spelling, tenses
        of "read" and "wound", names in capital letters, and function words.
        """
