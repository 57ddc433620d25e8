"""espeak-ng's C interface (`speak_lib.h`, version 1.52): structures, constants, prototypes."""

import ctypes
from ctypes import POINTER, c_char, c_char_p, c_int, c_long, c_short, c_size_t, c_ubyte, c_uint, c_void_p
from typing import TypeAlias

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: answer with an error where espeak would call exit()
UTF8 = 1  # espeakCHARS_UTF8, without espeakSSML (0x10) and espeakPHONEMES (0x100): plain text
POSITION_CHARACTER = 1  # POS_CHARACTER
IPA = 2  # phoneme mode: bit 1
TIES = 0x80 | 0x361 << 8  # phoneme mode: bit 7 joins the letters of one sound by the character in bits 8-23
OK = 0  # EE_OK, ENS_OK

EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1
EVENT_END = 5

RATE = 1  # espeakRATE, words per minute
PITCH = 3  # espeakPITCH, 0 to 99
WORD_GAP = 7  # espeakWORDGAP, about 10 ms each


class EventId(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", c_char * 8))


class Event(ctypes.Structure):
    """`espeak_EVENT`. `text_position` counts characters from 1, `sample` samples from 0."""

    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", EventId),
    )


class VoiceRecord(ctypes.Structure):
    """`espeak_VOICE`. `languages` holds a priority byte and a C string for each, ended by a zero byte."""

    _fields_ = (
        ("name", c_char_p),
        ("languages", c_void_p),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("xx1", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


SynthCallback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(Event))
EventPointer: TypeAlias = "ctypes._Pointer[Event]"  # noqa: SLF001 - the only name of the type
SamplePointer: TypeAlias = "ctypes._Pointer[c_short]"  # noqa: SLF001 - the same
VoicesPointer: TypeAlias = "ctypes._Pointer[ctypes._Pointer[VoiceRecord]]"  # noqa: SLF001 - the same


def declare(dll: ctypes.CDLL) -> ctypes.CDLL:
    """Give the functions that koe calls their prototypes.

    Raises:
        AttributeError: the library lacks one of them.
    """
    dll.espeak_Initialize.argtypes = (c_int, c_int, c_char_p, c_int)
    dll.espeak_Info.argtypes = (POINTER(c_char_p),)
    dll.espeak_Info.restype = c_char_p
    dll.espeak_ListVoices.argtypes = (POINTER(VoiceRecord),)
    dll.espeak_ListVoices.restype = POINTER(POINTER(VoiceRecord))
    dll.espeak_SetVoiceByName.argtypes = (c_char_p,)
    dll.espeak_SetVoiceByFile.argtypes = (c_char_p,)
    dll.espeak_SetParameter.argtypes = (c_int, c_int, c_int)
    dll.espeak_SetSynthCallback.argtypes = (SynthCallback,)
    dll.espeak_SetSynthCallback.restype = None
    dll.espeak_TextToPhonemes.argtypes = (POINTER(c_void_p), c_int, c_int)
    dll.espeak_TextToPhonemes.restype = c_char_p
    dll.espeak_Synth.argtypes = (
        *(c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint),
        *(POINTER(c_uint), c_void_p),
    )
    dll.espeak_Terminate.argtypes = ()
    dll.espeak_ng_SetRandSeed.argtypes = (c_long,)
    return dll
