"""Whose segment is inferred next: first segments, then whoever would run dry first."""

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count

from attrs import define, field

from koe.cores import Sharing, SideBySide
from koe.costs import Costs
from koe.errors import OverloadedError
from koe.line import Claim, Line, Work
from koe.workers import FirstCome, Ticket

PATIENCE_S = 15.0
"""While a segment that no listener waits for has waited for longer, nobody else begins to listen."""
LAST_RESORT_S = 300.0
"""After so long, it goes first, whoever may run dry."""
_ROOM = 0.5
"""How much of its own time a segment that no listener waits for leaves to them beside what they need."""
_LONGEST_RETRY_S = 60.0


@define(eq=False)
class Order:
    """The queue of the inference threads, and the door to them. Belongs to one event loop.

    - A *played* answer is *starting* until its listener hears it, then it has a deadline: when he has heard
      what is made. Answers that nobody plays have one as if somebody did.
    - Starting answers go first; among them, the client who has fewest being inferred, then whose turn was
      longest ago. Then the nearest deadline. Clients take turns with the answers that nobody plays.
    - Nobody goes first whose inference would let a listener run dry.
    - An answer has at most `places` segments made or in work beyond the one that it waits for.
    - A played answer is refused at its first inference where those that are being played, and it, would need
      more than `max_load` of the places.

    Args:
        places: inference threads.
        max_load: how much of them playing may need.
        now: seconds, monotonic.
        sharing: how inferences slow each other down. What they cost is reckoned with all places taken, and a
            played answer's first segment is not slowed by its second.
    """

    places: int
    max_load: float = 0.8
    now: Callable[[], float] = time.perf_counter
    sharing: Sharing = field(factory=Sharing)
    changed: Callable[[], None] = field(default=lambda: None, init=False)
    _lines: "list[Line]" = field(factory=list, init=False)
    _plain: FirstCome = field(factory=FirstCome, init=False)
    _running: set[Ticket] = field(factory=set, init=False)
    _side_by_side: SideBySide = field(factory=SideBySide, init=False)
    _turns: dict[str, int] = field(factory=dict, init=False)
    _count: Iterator[int] = field(factory=count, init=False)

    @contextmanager
    def line(
        self, client: str, costs: Costs, *, played: bool, characters: int | None = None, speed: float = 1.0
    ) -> Iterator[Line]:
        """A line for one answer, for as long as it is worked on (see `Line`)."""
        line = Line(client, costs, played, self.now(), characters, speed, self.sharing.shared)
        self._lines.append(line)
        try:
            yield line
        finally:
            self._lines.remove(line)
            if not any(other.client == client for other in self._lines):
                self._turns.pop(client, None)
            self._share_out()
            self.changed()

    def let_in(self, line: Line) -> None:
        """Count the line now rather than at its first inference, as it will surely need one.

        Raises:
            OverloadedError: it could not be kept playing.
        """
        refusal = self._refusal(line)
        if refusal is not None:
            raise refusal

    def load(self) -> float:
        """How much of the threads the answers that are being played need: 1.0 is all of them."""
        now = self.now()
        return sum(line.load(now) for line in self._lines if line.counted) / self.places

    def push(self, ticket: Ticket) -> None:
        """Let it wait, unless there is no room for it."""
        if not isinstance(ticket, Work) or not ticket.claims:
            self._plain.push(ticket)
            return
        ticket.waits = True
        for claim in tuple(ticket.claims):
            self._wait(claim, ticket)

    def join(self, claim: Claim, work: Work) -> None:
        """One more wants the result of `work`, wherever that is."""
        work.claims.append(claim)
        claim.ticket = work
        if work in self._running:
            claim.line.begin(claim, work.began_at, self.now())
        elif work.waits:
            self._wait(claim, work)
            self.changed()

    def remove(self, ticket: Ticket) -> None:
        """Forget a ticket that waits, if it does."""
        if not isinstance(ticket, Work) or not ticket.claims:
            self._plain.remove(ticket)
            return
        ticket.waits = False
        for claim in ticket.claims:
            claim.state = "planned"

    def pop(self) -> Ticket | None:
        """Whose turn it is; None where none waits, or a listener would pay for it."""
        ticket = self._plain.pop() or self._next(self.now())
        if ticket is not None:
            self._running.add(ticket)
            self._side_by_side.begin(ticket, self.now())
        return ticket

    def ended(self, ticket: Ticket) -> None:
        """Learn what it cost."""
        now = self.now()
        self._running.discard(ticket)
        running = self._side_by_side.end(ticket, now)
        if isinstance(ticket, Work):
            ticket.took_s = (now - ticket.began_at) * self.sharing.slowdown(running)
            for claim in ticket.claims:
                claim.line.last_end = now

    def made(self, claim: Claim, audio_s: float) -> None:
        """The claim has become audio, from wherever; `audio_s` counts the pause behind it."""
        work = claim.ticket
        if claim.state == "running" and work is not None and work.took_s is not None:
            claim.line.costs.inferred(work.took_s, audio_s)
            work.took_s = None
        claim.line.made(claim, audio_s, self.now())
        self._refresh(claim.line)

    def wait(self, line: Line, *, waiting: bool) -> None:
        """Whether the line's answer cannot go on without its next segment."""
        if line.waiting != waiting:
            line.waiting = waiting
            self._refresh(line)

    def drop(self, claim: Claim) -> None:
        """The claim was taken, or given up."""
        if claim.ticket is not None and claim in claim.ticket.claims and claim.state != "made":
            claim.ticket.claims.remove(claim)
        claim.line.drop(claim)
        self._refresh(claim.line)

    def _wait(self, claim: Claim, work: Work) -> None:
        line = claim.line
        refusal = self._refusal(line)
        if refusal is not None:
            work.claims.remove(claim)
            claim.refuse(refusal)
            return
        claim.ticket, claim.state = work, "waiting"
        self._note_ready(line)

    def _refusal(self, line: Line) -> OverloadedError | None:
        """Let a played answer in at its first inference, or say why not."""
        if not line.played or line.counted:
            return None
        now = self.now()
        counted = [other for other in self._lines if other.counted]
        load = sum(other.load(now) for other in counted) + line.costs.rtf
        full = load > self.max_load * self.places or self._somebody_waits_long(now)
        if counted and full and line.playing_since is None:
            ends_in = min(other.ends_in_s(now) for other in counted)
            return OverloadedError(
                f"{len(counted)} answers are being played, and the server could not keep one more playing "
                f"beside them (limits.max_load); try again later",
                retry_after_s=min(max(1.0, ends_in), _LONGEST_RETRY_S),
            )
        line.counted = True
        self._share_out()
        return None

    def _somebody_waits_long(self, now: float) -> bool:
        heads = (line.head() for line in self._lines if not line.played)
        since = (head.ready_at for head in heads if head is not None and head.ready_at is not None)
        return now - min(since, default=now) > PATIENCE_S

    def _share_out(self) -> None:
        """Tell each line how much of a thread it has, with all that are played and do not stall."""
        now, counted = self.now(), [line for line in self._lines if line.counted]
        going_on = sum(not line.stalls(now) for line in counted)
        for line in counted:
            line.share = min(1.0, self.places / max(1, going_on))

    def _refresh(self, line: Line) -> None:
        self._note_ready(line)
        self._share_out()
        self.changed()

    def _note_ready(self, line: Line) -> None:
        head = line.head()
        if head is not None and line.may_start(self.places):
            line.ready(head, self.now())

    def _next(self, now: float) -> Ticket | None:
        lines = (line for line in self._lines if line.may_start(self.places))
        ready = [claim for line in lines if (claim := line.head()) is not None]
        hard = (claim for claim in ready if claim.line.hard)
        dry_first = min(hard, key=self._by_deadline, default=None)
        for claim in (self._starting(ready), self._unplayed(ready, dry_first)):
            if claim is not None and self._harmless(claim, now):
                return self._begin(claim, now)
        return None if dry_first is None else self._begin(dry_first, now)

    def _starting(self, ready: Sequence[Claim]) -> Claim | None:
        """The first segment whose turn it is."""
        first = [claim for claim in ready if claim.line.played and not claim.line.hard]
        return min(first, key=self._by_turn, default=None)

    def _unplayed(self, ready: Sequence[Claim], dry_first: Claim | None) -> Claim | None:
        """The segment that no listener waits for whose turn it is, unless a listener's comes before."""
        claims = (claim for claim in ready if not claim.line.played)
        claim = min(claims, key=self._by_turn, default=None)
        if claim is None or dry_first is None:
            return claim
        return claim if claim.line.deadline(claim) < dry_first.line.deadline(dry_first) else None

    def _harmless(self, claim: Claim, now: float) -> bool:
        """Whether all listeners are served in time although `claim` is first."""
        room_s = 0.0 if claim.line.played else claim.cost_s * _ROOM
        if claim.ready_at is not None and now - claim.ready_at > LAST_RESORT_S:
            return True
        free = [max(now, end) for end in self._ends()]
        free += [now] * (self.places - 1 - len(free))
        free.append(now + claim.cost_s)
        heapq.heapify(free)
        heard = (line for line in self._lines if line.hard and (line.runs() or line.may_start(self.places)))
        for deadline, cost_s in sorted(chain.from_iterable(line.to_come() for line in heard)):
            end = heapq.heappop(free) + cost_s
            if end + room_s > deadline:
                return False
            heapq.heappush(free, end)
        return True

    def _ends(self) -> Iterator[float]:
        for ticket in self._running:
            if isinstance(ticket, Work):
                yield ticket.began_at + max((claim.cost_s for claim in ticket.claims), default=0.0)
            else:
                yield 0.0

    def _begin(self, claim: Claim, now: float) -> Ticket:
        work = claim.ticket
        assert work is not None
        work.waits, work.began_at = False, now
        for other in work.claims:
            other.line.begin(other, now, now)
            self._note_ready(other.line)
        self._turns[claim.line.client] = next(self._count)
        return work

    def _by_deadline(self, claim: Claim) -> tuple[float, int]:
        return (claim.line.deadline(claim), self._turns.get(claim.line.client, -1))

    def _by_turn(self, claim: Claim) -> tuple[int, int, float]:
        client = claim.line.client
        served = sum(
            any(own.line.client == client and not own.line.hard for own in ticket.claims)
            for ticket in self._running
            if isinstance(ticket, Work)
        )
        return (served, self._turns.get(client, -1), claim.line.deadline(claim))
