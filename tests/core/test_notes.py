"""Components can say something about their work to whoever listens."""

import threading

from koe.notes import collected_notes, note


def test_notes_are_collected_in_order():
    with collected_notes() as notes:
        note("one")
        note("two")
    assert notes == ["one", "two"]


def test_nobody_needs_to_listen():
    note("unheard")
    with collected_notes() as notes:
        pass
    note("late")
    assert notes == []


def test_an_inner_listener_hears_its_own():
    with collected_notes() as outer:
        with collected_notes() as inner:
            note("inner")
        note("outer")
    assert (outer, inner) == (["outer"], ["inner"])


def test_another_thread_is_not_heard():
    with collected_notes() as notes:
        thread = threading.Thread(target=note, args=("elsewhere",))
        thread.start()
        thread.join()
    assert notes == []
