"""A folder of further voices: what is dropped in can be spoken, what is taken out no longer."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog
from attrs import define, field, frozen

from koe.kokoro.voice_files import FOREIGN_SUFFIXES, SUFFIXES, Read, read_voice_file
from koe.kokoro.voices import VoiceFileError
from koe.types import RefusedVoice, Samples

MAX_VOICES = 500
SETTLED_S = 1.0
"""A file that was changed more recently than this may still be written to."""

_NAME = re.compile(r"[\w.]{1,64}")
log = structlog.get_logger(__name__)


@frozen
class _State:
    """What tells one version of a file from another."""

    changed_ns: int
    status_changed_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, file: Path) -> "_State":
        status = file.stat()
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)

    def settled(self) -> bool:
        return not 0 <= time.time() - self.changed_ns / 1e9 < SETTLED_S


@frozen
class _Known:
    """A file as it was read: its voices, or why it has none. Without a state, it is read again."""

    state: _State | None
    voices: Read = field(factory=dict)
    reason: str = ""


@frozen
class DroppedVoices:
    """The sound voices of the folder by name, and what is refused."""

    tables: Mapping[str, Samples] = field(factory=dict, repr=lambda tables: f"<{len(tables)} voices>")
    refused: tuple[RefusedVoice, ...] = ()


@define(eq=False)
class VoiceFolder:
    """Reads the folder anew on every `scan`, but only the files that have changed. Not for several threads.

    Attributes:
        path: the folder.
        taken: names that are not to be had, each with whose it is.
    """

    path: Path
    taken: Mapping[str, str]
    _known: dict[Path, _Known] = field(factory=dict, init=False)
    _last: DroppedVoices = field(factory=DroppedVoices, init=False)

    def scan(self, *, settled_only: bool = True) -> DroppedVoices:
        """What the folder holds now. Reads files, blocks; logs what has been refused since the last scan.

        With `settled_only`, a file that was changed within `SETTLED_S` counts as it was before: it may
        still be being copied.
        """
        try:
            files = sorted(file for file in self.path.iterdir() if _concerns(file))
            self._known = {file: known for file in files if (known := self._read(file, settled_only))}
            found = self._sorted_out()
        except OSError as error:
            self._known.clear()
            reason = f"expected a folder of voices, found {error.strerror or error}"
            found = DroppedVoices(refused=(RefusedVoice(self.path.name, reason),))
        for refused in found.refused:
            if refused not in self._last.refused:
                log.warning("voice_file_refused", file=refused.file, reason=refused.reason)
        self._last = found
        return found

    def _read(self, file: Path, settled_only: bool) -> _Known | None:  # noqa: FBT001
        """The file as it is, or as it was while it is being written; None where there is nothing to say."""
        known = self._known.get(file)
        try:
            state = _State.of(file)
            if known is not None and known.state == state:
                return known
            if settled_only and not state.settled():
                return known
            read = _Known(state, read_voice_file(file))
            return read if _State.of(file) == state else known
        except FileNotFoundError:
            return None
        except VoiceFileError as error:
            return _Known(state, reason=str(error))
        except OSError as error:
            return _Known(None, reason=f"expected a readable file, found {error.strerror or error}")

    def _sorted_out(self) -> DroppedVoices:
        tables: dict[str, Samples] = {}
        refused: list[RefusedVoice] = []
        owners = dict(self.taken)
        for file, name, table in self._voices():
            reason = str(table) if isinstance(table, str | VoiceFileError) else _name_mistake(name, owners)
            if not reason and len(tables) == MAX_VOICES:
                reason = f"the folder has more than {MAX_VOICES} voices"
            if reason:
                refused.append(RefusedVoice(file.name, reason))
            elif not isinstance(table, str | VoiceFileError):
                tables[name] = table
                owners[name] = file.name
        return DroppedVoices(tables, tuple(refused))

    def _voices(self) -> Iterator[tuple[Path, str, "Samples | VoiceFileError | str"]]:
        """Every voice of every file, in the files' order; a reason in place of one that could not be read."""
        for file, known in self._known.items():
            if known.reason:
                yield file, file.stem, known.reason
            for name, table in known.voices.items():
                if isinstance(table, VoiceFileError):
                    yield file, name, f"voice {name!r:.100}: {table}"
                else:
                    yield file, name, table


def _concerns(file: Path) -> bool:
    """Whether the file claims to hold voices. Hidden files are copies in the making."""
    suffix = file.suffix.lower()
    return suffix in (*SUFFIXES, *FOREIGN_SUFFIXES) and not file.name.startswith(".") and not file.is_dir()


def _name_mistake(name: str, owners: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        return (
            f"expected a name of 1 to 64 letters, digits, '_' and '.', which can stand in a mix, "
            f"found {name!r:.100}; rename the file"
        )
    owner = owners.get(name)
    return f"the voice {name!r} is there already: {owner}; rename one of them" if owner else ""


def missing_folder(path: Path) -> str | None:
    """Why the folder cannot be read; None where it can."""
    if not path.is_dir():
        return "no such folder" if not path.exists() else "a file, not a folder"
    return None if os.access(path, os.R_OK | os.X_OK) else "a folder that may not be read"
