"""What a file says of itself, in the names of each container."""

import struct
from collections.abc import Mapping

TAGS = ("title", "artist", "copyright", "comment", "encoded_by")
"""The names of `StreamInfo.tags` that every container here has a place for; others are left out."""

_RIFF = {"title": b"INAM", "artist": b"IART", "copyright": b"ICOP", "comment": b"ICMT", "encoded_by": b"ITCH"}
_SOUNDFILE = {"encoded_by": "software"}


def known(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that can be written, in the order of `TAGS`, each on one line."""
    return {name: " ".join(tags[name].split()) for name in TAGS if tags.get(name, "").strip()}


def info_chunk(tags: Mapping[str, str]) -> bytes:
    """The tags as a RIFF `LIST` chunk of type `INFO`, in UTF-8; nothing where there are none."""
    entries = b"".join(_entry(_RIFF[name], text.encode()) for name, text in known(tags).items())
    return _entry(b"LIST", b"INFO" + entries, end=b"") if entries else b""


def soundfile_names(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags by libsndfile's names."""
    return {_SOUNDFILE.get(name, name): text for name, text in known(tags).items()}


def _entry(name: bytes, data: bytes, end: bytes = b"\0") -> bytes:
    """A RIFF chunk; strings end with a zero byte, and chunks begin at even places."""
    data += end
    return struct.pack("<4sI", name, len(data)) + data + bytes(len(data) % 2)
