import ctypes
from typing import Any

import numpy as np
import pytest
from koe_espeak import capi
from koe_espeak.recorder import Recorder, SpokenClause


def events(*given):
    ended = [*given, (capi.EVENT_LIST_TERMINATED, 0, 0)]
    array = (capi.Event * len(ended))()
    for event, (kind, position, sample) in zip(array, ended, strict=True):
        event.type, event.text_position, event.sample = kind, position, sample
    return ctypes.cast(array, ctypes.POINTER(capi.Event))


def receive(recorder, samples, *given):
    array = (ctypes.c_short * len(samples))(*samples)
    return recorder.receive(ctypes.cast(array, ctypes.POINTER(ctypes.c_short)), len(samples), events(*given))


def test_samples_and_clauses_are_joined_over_buffers():
    recorder = Recorder()
    recorder.start()
    assert receive(recorder, [1, 2], (capi.EVENT_WORD, 1, 0)) == 0
    assert receive(recorder, [3], (capi.EVENT_WORD, 5, 2), (capi.EVENT_END, 9, 3)) == 0
    assert receive(recorder, [4], (capi.EVENT_WORD, 10, 3)) == 0
    made = recorder.finish()
    assert made.audio == np.array([1, 2, 3, 4], np.int16).tobytes()
    assert made.clauses == (SpokenClause(((0, 0), (4, 2)), 3), SpokenClause(((9, 3),), 4))


def test_clauses_without_words_are_left_out():
    recorder = Recorder()
    recorder.start()
    receive(recorder, [0], (capi.EVENT_END, 1, 1))
    assert recorder.finish().clauses == ()


def test_the_next_utterance_starts_empty():
    recorder = Recorder()
    recorder.start()
    receive(recorder, [1], (capi.EVENT_WORD, 1, 0))
    recorder.start()
    assert recorder.finish().audio == b""


def test_an_error_aborts_and_comes_out_of_finish():
    recorder: Any = Recorder()
    recorder.start()
    assert recorder.receive(None, 0, None) == 1
    with pytest.raises(TypeError):
        recorder.finish()
