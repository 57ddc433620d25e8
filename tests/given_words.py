"""A phonemizer that honours given phonemes, as those of the plugins do."""

from koe.api import PhonemeWord, Phonemizer, Span


class GivenWords(Phonemizer):
    """Given phonemes as they are, other words in lower case; a word behind "to" is a verb."""

    name = "words"

    def supports(self, language):
        return language.startswith("en")

    def phonemize(self, segment):
        words, start = [], 0
        for given in (*segment.given, None):
            end = len(segment.text) if given is None else given.span.start
            words += self._stretch(segment, start, end)
            if given is not None:
                start = given.span.end
                words.append(_word(segment, given.span, given.phonemes))
        return words

    def _stretch(self, segment, start, end):
        for token in segment.text[start:end].split():
            place = segment.text.index(token, start)
            start = place + len(token)
            yield _word(segment, Span(place, start), token.lower())

    def parts_of_speech(self, segment):
        found, before, start = [], "", 0
        for token in segment.text.split():
            place = segment.text.index(token, start)
            start = place + len(token)
            found.append((Span(place, start), "VB" if before == "to" else "NN"))
            before = token
        return found


def _word(segment, span, phonemes):
    return PhonemeWord(
        segment.text[span.start : span.end], phonemes, " ", segment.source(span.start, span.end)
    )
