"""A canonical segment's audio as one value: what is torn, foreign or of another version is none."""

import hashlib

import msgspec
from attrs import frozen

from koe.cache.samples import Packed, Storage, pack, unpack
from koe.types import AudioChunk, Span, WordTiming

MAGIC = b"koe\x01"
"""Begins every value; the last byte is the version of what follows."""
_DIGEST_BYTES = 16


class CorruptValueError(Exception):
    """What a cache gave back is no value, or not the one that was asked for."""


@frozen
class _Content:
    """Each word is its span in the canonical segment, then when it is spoken, in seconds."""

    storage: str
    sample_rate: int
    count: int
    scale: float
    words: tuple[tuple[int, int, float, float], ...]
    data: bytes


def encode_value(key: str, chunk: AudioChunk, storage: Storage) -> bytes:
    """The value under `key`. Holds no text: words are told by their places alone."""
    packed = pack(chunk.samples, chunk.sample_rate, storage)
    words = tuple((word.source.start, word.source.end, word.start_s, word.end_s) for word in chunk.words)
    content = _Content(storage, chunk.sample_rate, len(chunk.samples), packed.scale, words, packed.data)
    body = msgspec.msgpack.encode(content)
    return MAGIC + _digest(key, body) + body


def decode_value(key: str, value: bytes, extent: int) -> AudioChunk:
    """The audio in a value that was stored under `key`, with spans up to `extent`.

    Raises:
        CorruptValueError: it is anything else.
    """
    head = len(MAGIC) + _DIGEST_BYTES
    if not value.startswith(MAGIC):
        raise CorruptValueError("no value of this version of koe")
    body = value[head:]
    if value[len(MAGIC) : head] != _digest(key, body):
        raise CorruptValueError("the checksum does not fit")
    try:
        content = msgspec.msgpack.decode(body, type=_Content)
        samples = unpack(Packed(content.data, content.scale), content.storage)
    except (msgspec.MsgspecError, ValueError, LookupError, OSError) as error:
        raise CorruptValueError(f"{type(error).__name__}: {error}") from error
    if len(samples) != content.count:
        raise CorruptValueError(f"{len(samples)} samples instead of {content.count}")
    if any(not 0 <= start <= end <= extent for start, end, _, _ in content.words):
        raise CorruptValueError("words of another segment")
    words = tuple(WordTiming("", at, until, Span(start, end)) for start, end, at, until in content.words)
    return AudioChunk(samples, content.sample_rate, words)


def _digest(key: str, body: bytes) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=_DIGEST_BYTES)
    digest.update(body)
    return digest.digest()
