"""One loaded espeak-ng. Process-global and not thread-safe: the process of `koe_espeak.worker` holds one."""

import _ctypes
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from koe_espeak import capi
from koe_espeak.datapath import DataPath
from koe_espeak.files import EspeakFiles
from koe_espeak.recorder import Recorder, Recording

SAMPLE_RATE = 22050
_SEED = 1  # of the noise in voices with breath, which would otherwise depend on the time of day
_BUFFER_MS = 2000  # few callbacks: each one waits for the interpreter lock


@frozen
class Tuning:
    """The parameters that koe sets: words per minute, pitch 0 to 99, word gap of about 10 ms each."""

    rate_wpm: int = 175
    pitch: int = 50
    word_gap: int = 0


@frozen
class EspeakVoice:
    """A voice or variant file: its languages with espeak's priorities (lower is better)."""

    identifier: str
    gender: int
    languages: tuple[tuple[int, str], ...]


class LoadError(Exception):
    """espeak-ng cannot be loaded; the message continues "espeak-ng …"."""


class Library:
    """espeak-ng with its state: voice, parameters and everything that the last utterance left behind.

    The state of its wave generator (the phase of the pitch flutter, echo) outlives an utterance and
    `espeak_Terminate`, so the same text sounds a little different each time. `fresh` loads the library
    anew where that has happened, which costs under 1 ms and makes every utterance start alike.

    `folder` is for its own use, and removed when it is closed; without one, it is slower.
    """

    def __init__(self, files: EspeakFiles, folder: Path | None = None) -> None:
        self.files = files
        self._data = DataPath(files.data.absolute(), folder)
        self._recorder = Recorder()
        self._callback = capi.SynthCallback(self._recorder.receive)
        try:
            self._dll = self._load()
        except BaseException:
            self._data.close()
            raise
        self._voice = ""
        self._tuning: Tuning | None = None
        self._used = False

    def close(self) -> None:
        """Unload the library and remove its folder."""
        self._unload()
        self._data.close()

    def fresh(self) -> None:
        """Be as newly loaded: no voice and no parameters set, nothing left from earlier utterances."""
        if self._used:
            self._unload()
            self._dll = self._load()
            self._voice, self._tuning, self._used = "", None, False

    @property
    def version(self) -> str:
        return str(self._dll.espeak_Info(ctypes.byref(ctypes.c_char_p())).decode())

    def voices(self) -> tuple[EspeakVoice, ...]:
        """The language voices that can speak."""
        listed = _voices(self._dll.espeak_ListVoices(None))
        return tuple(voice for voice in listed if self.files.has_dictionary(voice.identifier))

    def variants(self) -> tuple[EspeakVoice, ...]:
        """The variants (`!v/f2`) that can be laid over every language voice."""
        languages = ctypes.create_string_buffer(b"variant")
        wanted = capi.VoiceRecord(languages=ctypes.addressof(languages))
        return tuple(_voices(self._dll.espeak_ListVoices(ctypes.byref(wanted))))

    def set_voice(self, identifier: str) -> None:
        """Choose a voice by identifier, with or without a variant: `gmw/en-US+f2`."""
        if identifier == self._voice:
            return
        self._used = True
        file = self._data.voice_file(identifier)
        if file is None:
            status = self._dll.espeak_SetVoiceByName(identifier.encode())
        else:
            status = self._dll.espeak_SetVoiceByFile(os.fsencode(file))
        if status != capi.OK:
            raise RuntimeError(f"espeak-ng refused its voice {identifier!r} with status {status:#x}")
        self._voice = identifier

    def tune(self, tuning: Tuning) -> None:
        """Set all parameters."""
        if tuning == self._tuning:
            return
        self._dll.espeak_SetParameter(capi.RATE, tuning.rate_wpm, 0)
        self._dll.espeak_SetParameter(capi.PITCH, tuning.pitch, 0)
        self._dll.espeak_SetParameter(capi.WORD_GAP, tuning.word_gap, 0)
        self._tuning = tuning

    def phonemes(self, text: str, *, ties: bool = False) -> list[str]:
        """The IPA of each clause, words separated by single spaces, silent words empty.

        `text` is `Speakable`. With `ties`, U+0361 stands between the letters of one sound.
        """
        self._used = True
        mode = capi.IPA | capi.TIES if ties else capi.IPA
        encoded = ctypes.create_string_buffer(text.encode())
        position = ctypes.c_void_p(ctypes.addressof(encoded))
        clauses = []
        while position.value is not None:
            before = position.value
            ipa = self._dll.espeak_TextToPhonemes(ctypes.byref(position), capi.UTF8, mode)
            clauses.append((ipa or b"").decode())
            if position.value == before:
                raise RuntimeError(f"espeak-ng stopped reading at byte {before - ctypes.addressof(encoded)}")
        return clauses

    def synthesize(self, text: str) -> Recording:
        """Speak `text`, which is `Speakable`."""
        self._used = True
        encoded = text.encode()
        self._recorder.start()
        status = self._dll.espeak_Synth(
            encoded, len(encoded) + 1, 0, capi.POSITION_CHARACTER, 0, capi.UTF8, None, None
        )
        if status != capi.OK:
            raise RuntimeError(f"espeak-ng failed to speak with status {status}")
        return self._recorder.finish()

    def _load(self) -> ctypes.CDLL:
        dll = _open(self.files)
        rate = dll.espeak_Initialize(
            capi.SYNCHRONOUS, _BUFFER_MS, os.fsencode(self._data.path), capi.DONT_EXIT
        )
        if rate != SAMPLE_RATE:
            raise LoadError(f"cannot use the data at {self.files.data} (it answered {rate})")
        dll.espeak_ng_SetRandSeed(_SEED)
        dll.espeak_SetSynthCallback(self._callback)
        return dll

    def _unload(self) -> None:
        self._dll.espeak_Terminate()
        handle = self._dll._handle  # noqa: SLF001 - ctypes has no other way to unload
        if sys.platform == "win32":
            _ctypes.FreeLibrary(handle)
        else:
            _ctypes.dlclose(handle)


def _open(files: EspeakFiles) -> ctypes.CDLL:
    try:
        return capi.declare(ctypes.CDLL(str(files.library)))
    except (OSError, AttributeError) as error:
        raise LoadError(f"cannot be loaded from {files.library}: {error}") from error


def _voices(records: capi.VoicesPointer) -> Iterator[EspeakVoice]:
    index = 0
    while records[index]:
        record = records[index].contents
        languages = tuple(_languages(record.languages))
        yield EspeakVoice(record.identifier.decode(), record.gender, languages)
        index += 1


def _languages(address: int) -> Iterator[tuple[int, str]]:
    while priority := ctypes.string_at(address, 1)[0]:
        name = ctypes.string_at(address + 1)
        yield priority, name.decode()
        address += len(name) + 2
