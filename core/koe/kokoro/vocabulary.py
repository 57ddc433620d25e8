"""Phoneme symbols to model ids. Every symbol is one character and becomes one token."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from koe.errors import KoeError, ModelFileError

METADATA_KEY = "kokoro_config"
"""Where newer exports carry the model's own `config.json`."""
PAD = 0


def load_vocabulary(metadata: Mapping[str, str], model: Path, file: Path | None) -> dict[str, int]:
    """The vocabulary in the model's metadata, else in `file`, else the one kokoro-onnx ships for v1.0.

    Raises:
        ModelFileError: the metadata or the file hold no usable vocabulary.
    """
    if METADATA_KEY in metadata:
        return _parse(metadata[METADATA_KEY], f"{model} (metadata {METADATA_KEY!r})")
    if file is not None:
        return _parse(_read(file), str(file))
    from kokoro_onnx.config import DEFAULT_VOCAB

    return dict(DEFAULT_VOCAB)


def tokens(phonemes: str, vocabulary: Mapping[str, int], limit: int) -> list[int]:
    """The ids of `phonemes`, without pads.

    Raises:
        KoeError: there are none, more than `limit`, or symbols outside the vocabulary. The pipeline splits
            and reports before this; nothing is cut or left out here.
    """
    unknown = sorted(set(phonemes) - vocabulary.keys())
    if unknown:
        named = ", ".join(f"{symbol!r} (U+{ord(symbol):04X})" for symbol in unknown)
        raise KoeError(f"Phoneme symbols outside the model's vocabulary: {named}")
    if not 0 < len(phonemes) <= limit:
        raise KoeError(f"One inference takes 1 to {limit} phoneme symbols, got {len(phonemes)}")
    return [vocabulary[symbol] for symbol in phonemes]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{file}: expected a JSON file with a vocabulary, found: {error}") from error


def _parse(text: str, where: str) -> dict[str, int]:
    try:
        vocabulary = json.loads(text)["vocab"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(where, f"{type(error).__name__}: {error}") from error
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise _unusable(where, f"'vocab' is {type(vocabulary).__name__} {vocabulary!r:.60}")
    wrong = [f"{symbol!r}: {token!r}" for symbol, token in vocabulary.items() if not _is_id(token)]
    if wrong:
        raise _unusable(where, f"entries {', '.join(wrong[:5])}")
    return vocabulary


def _is_id(token: Any) -> bool:
    return isinstance(token, int) and not isinstance(token, bool) and token >= PAD


def _unusable(where: str, found: str) -> ModelFileError:
    return ModelFileError(
        f"{where}: expected JSON with a 'vocab' object of symbols to ids from {PAD}, found {found}"
    )
