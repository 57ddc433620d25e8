"""Captions as cues: the user's text in lines that can be read in time, cut where speech is."""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import evolve, frozen

from koe.http.words import DialogueWord, OriginalWord

LINE_CHARACTERS = 42
LINES = 2
MAX_CUE_S = 7.0
_PAUSE_S = 0.6
"""Silence after which a new cue begins."""
_SENTENCE_PAUSE_S = 0.15
"""The same behind what looks like the end of a sentence, and is no abbreviation."""

_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_SENTENCE_END = re.compile(r"""[.!?…。！？]["'”’»)\]」』]*$""")
_CLAUSE_END = re.compile(r"""[,;:—–、，；：.!?…。！？]["'”’»)\]」』]*$""")
_TAGS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\]?\(/[^/]*/\)|[\[\]]")
"""What of markup is not text: XML tags, tags in brackets, phonemes behind a word."""
_NO_TAGS = re.compile(r"(?!)")


@frozen
class Cue:
    """One caption of at most `LINES` lines. Times are whole milliseconds; cues never overlap."""

    lines: tuple[str, ...]
    start_ms: int
    end_ms: int
    start_char: int
    end_char: int

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@frozen
class _Token:
    """A word with the punctuation around it. `spaced`: white space stands behind it."""

    text: str
    word: OriginalWord
    spaced: bool = True


def cues(text: str, words: Sequence[OriginalWord], markup: str = "text") -> tuple[Cue, ...]:
    """Cues that show `words` of `text`, in order.

    Args:
        text: what the user sent.
        words: its words in the order in which they are spoken.
        markup: how `text` is written. Everything but tags is shown.
    """
    tokens = [piece for token in _tokens(text, words, markup) for piece in _short(token)]
    groups = [group for phrase in _phrases(tokens) for group in _fitting(phrase)]
    return tuple(_timed(groups))


def _tokens(text: str, words: Sequence[OriginalWord], markup: str) -> Iterator[_Token]:
    tags = _NO_TAGS if markup == "text" else _TAGS
    read = html.unescape if markup == "ssml" else str
    before = tags.sub("", text[: words[0].start_char]) if words else ""
    for word, following in pairwise([*words, None]):
        assert word is not None
        if following is None:
            after, opening, spaced = tags.sub("", text[word.end_char :]), "", True
        elif following.start_char < word.end_char:
            after, opening, spaced = "", "", True
        else:
            after, opening, spaced = _parted(text[word.end_char : following.start_char], tags)
        yield _Token(_one_line(read(before + word.text + after)), word, spaced)
        before = opening


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _parted(gap: str, tags: re.Pattern[str]) -> tuple[str, str, bool]:
    """What of a gap belongs to the word before it, what to the one behind it, and whether they part there."""
    shown = tags.sub("", gap)
    spaces = list(_SPACE.finditer(shown))
    if not spaces:
        return shown, "", len(shown) < len(gap)
    return shown[: spaces[-1].start()], shown[spaces[-1].end() :], True


def _short(token: _Token) -> Iterator[_Token]:
    """The token, cut where it is longer than a line; its time is shared out by length."""
    text, word = token.text, token.word
    cuts = [*range(0, len(text), LINE_CHARACTERS), len(text)]
    seconds = word.end - word.start
    for start, end in pairwise(cuts):
        part = evolve(
            word,
            start=word.start + seconds * start / len(text),
            end=word.start + seconds * end / len(text),
        )
        yield _Token(text[start:end], part, token.spaced and end == len(text))


def _phrases(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """The tokens between sentence ends, pauses and turns."""
    phrase: list[_Token] = []
    for token, following in pairwise([*tokens, None]):
        assert token is not None
        phrase.append(token)
        most = _SENTENCE_PAUSE_S if _SENTENCE_END.search(token.text) else _PAUSE_S
        if (
            following is None
            or following.word.start - token.word.end >= most
            or _turn(following.word) != _turn(token.word)
        ):
            yield phrase
            phrase = []


def _turn(word: OriginalWord) -> int | None:
    return word.turn if isinstance(word, DialogueWord) else None


def _fitting(tokens: list[_Token]) -> Iterator[list[_Token]]:
    """The tokens in groups that fit into a cue each, of similar length."""
    waiting = [tokens]
    while waiting:
        group = waiting.pop()
        seconds = group[-1].word.end - group[0].word.start
        if len(group) == 1 or (seconds <= MAX_CUE_S and _lines(group) is not None):
            yield group
            continue
        place = _split(group)
        waiting += [group[place:], group[:place]]


def _split(tokens: Sequence[_Token]) -> int:
    """Where to part tokens: in the middle half behind a clause where there is one, else in the middle."""
    lengths = [len(token.text) + token.spaced for token in tokens]
    total, position = sum(lengths), 0
    best, place = (True, float(total)), 1
    for index, (token, length) in enumerate(zip(tokens[:-1], lengths, strict=False), start=1):
        position += length
        clause = total / 4 <= position <= total * 3 / 4 and _CLAUSE_END.search(token.text) is not None
        score = (not clause, abs(position - total / 2))
        if score < best:
            best, place = score, index
    return place


def _lines(tokens: Sequence[_Token]) -> tuple[str, ...] | None:
    """The tokens in as few lines as they need, evenly filled; None where they need too many."""
    whole = _joined(tokens)
    if len(whole) <= LINE_CHARACTERS:
        return (whole,)
    if len(whole) > LINES * (LINE_CHARACTERS + 1):
        return None
    pairs = [(_joined(tokens[:place]), _joined(tokens[place:])) for place in range(1, len(tokens))]
    best = min(pairs, key=lambda pair: max(map(len, pair)), default=None)
    return best if best is not None and max(map(len, best)) <= LINE_CHARACTERS else None


def _joined(tokens: Sequence[_Token]) -> str:
    return "".join(token.text + " " * token.spaced for token in tokens).strip()


def _timed(groups: Sequence[Sequence[_Token]]) -> Iterator[Cue]:
    """The cues, each of at least a millisecond, at most `MAX_CUE_S`, and none before its predecessor ends."""
    previous = 0
    for group in groups:
        lines = _lines(group)
        assert lines is not None
        first, last = group[0].word, group[-1].word
        start = max(previous, round(first.start * 1000))
        end = max(start + 1, min(round(last.end * 1000), start + round(MAX_CUE_S * 1000)))
        previous = end
        chars = [token.word for token in group]
        yield Cue(
            lines,
            start,
            end,
            min(word.start_char for word in chars),
            max(word.end_char for word in chars),
        )
