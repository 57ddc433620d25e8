"""HTTP/2 frames that cost a client nothing and the server something."""

from collections.abc import Iterable

from attrs import define, field
from h2 import events

_CHEAP = (
    events.StreamReset,
    events.PingReceived,
    events.PingAckReceived,
    events.RemoteSettingsChanged,
    events.SettingsAcknowledged,
    events.PriorityUpdated,
    events.UnknownFrameReceived,
)


@define
class ControlFrames:
    """An allowance for one connection: `burst` frames at once, and `per_s` more in every second.

    Counted are resets (a client that opens streams and resets them at once is behind no limit of
    concurrent ones), pings, settings, priorities, unknown frames and empty pieces of bodies. Clients that
    mean well send a few of each; window updates, which come with the answers they read, are not counted.
    """

    burst: float = 500.0
    per_s: float = 100.0
    _left: float = field(init=False)
    _looked_s: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.burst

    def spend(self, received: Iterable[events.Event], now_s: float) -> bool:
        """Take these off the allowance; False where it is used up."""
        self._left = min(self.burst, self._left + (now_s - self._looked_s) * self.per_s)
        self._looked_s = now_s
        self._left -= sum(map(_counts, received))
        return self._left >= 0


def _counts(event: events.Event) -> bool:
    if isinstance(event, events.DataReceived):
        return not event.data and event.stream_ended is None
    return isinstance(event, _CHEAP)
