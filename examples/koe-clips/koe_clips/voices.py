"""A voice: a folder with `voice.toml` and the WAV files that it names."""

import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from attrs import frozen
from koe.api import ModelFileError, Samples, StructureError, Voice, structure

from koe_clips.wav import read_wav
from koe_clips.words import key

MANIFEST: Final = "voice.toml"


@frozen
class Manifest:
    """`voice.toml`.

    Attributes:
        language: BCP 47 tag.
        clips: file names, relative to the folder, by the word or phrase that is heard.
        gender: of the voice.
        description: for the listings.
    """

    language: str
    clips: Mapping[str, str]
    gender: Literal["female", "male", "neutral"] | None = None
    description: str = ""


@frozen
class ClipVoice:
    """A voice, ready to speak. `clips` are by the key of their words, all at one sample rate."""

    voice: Voice
    clips: Mapping[tuple[str, ...], Samples]
    longest: int
    digest: str


def voice_folders(folder: Path) -> Sequence[Path]:
    """The folders that have a manifest, in the order of their names."""
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))


def load_voice(folder: Path, sample_rate: int) -> ClipVoice:
    """Read a voice with all of its clips. Raises `ModelFileError` with every mistake of the folder."""
    manifest = _manifest(folder / MANIFEST)
    problems: list[str] = []
    clips: dict[tuple[str, ...], Samples] = {}
    digest = sha256()
    for word, name in manifest.clips.items():
        words = key(word)
        if not words or words in clips:
            problems.append(f"{word!r}: " + ("a clip for it is there already" if words else "names no word"))
            continue
        try:
            clips[words] = read_wav(_inside(folder, name), sample_rate)
        except (OSError, ValueError) as error:
            problems.append(f"{word!r} = {name!r}: {error}")
            continue
        digest.update(repr(words).encode() + clips[words].tobytes())
    if problems:
        raise ModelFileError(f"{folder / MANIFEST}: {'; '.join(problems)}")
    voice = Voice(folder.name, manifest.language, manifest.gender, description=manifest.description)
    return ClipVoice(voice, clips, max(map(len, clips), default=1), digest.hexdigest())


def _manifest(path: Path) -> Manifest:
    try:
        tree: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return structure(tree, Manifest)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
    except StructureError as error:
        raise ModelFileError(f"{path}: {error}") from error


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("must lie in the voice's folder")
    return path
