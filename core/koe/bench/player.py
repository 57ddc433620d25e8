"""A listener who plays an answer while it comes."""

from collections.abc import Sequence

from attrs import frozen

from koe.bench.timeline import Timeline

LATE_S = 0.01
"""How much later than needed audio may come before it counts as a gap."""


@frozen
class Played:
    """What the listener heard.

    Attributes:
        first_audio_s: since the request, until the first sample could be decoded.
        first_sound_s: until the first one above -50 dB of full scale had come; None where all is silence.
        gaps_s: how long the player stood still each time it ran dry.
        plays_until_s: since the request, until the last sample is played.
    """

    audio_s: float
    first_audio_s: float
    first_sound_s: float | None
    gaps_s: tuple[float, ...]
    plays_until_s: float


def play(arrivals: Sequence[tuple[float, int]], timeline: Timeline, late_s: float = LATE_S) -> Played:
    """Play what `arrivals` (seconds, bytes so far) brought, from the first sample on, as soon as it is there.

    The player runs dry where it has played all that has come, and the rest comes more than `late_s` later.
    """
    first = sound = None
    plays_until = played = 0.0
    gaps = []
    for at_s, received in arrivals:
        if sound is None and timeline.sounds_at is not None and received >= timeline.sounds_at:
            sound = at_s
        fresh = timeline.playable_s(received) - played
        if fresh <= 0:
            continue
        if first is None:
            first = plays_until = at_s
        elif at_s > plays_until + late_s:
            gaps.append(at_s - plays_until)
        plays_until = max(plays_until, at_s) + fresh
        played += fresh
    assert first is not None, "no arrivals, or fewer bytes than the timeline's"
    return Played(played, first, sound, tuple(gaps), plays_until)
