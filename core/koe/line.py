"""One answer as the order of work sees it: what is made, what is planned, and when it would run dry."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import define, field

from koe.costs import Costs
from koe.errors import OverloadedError
from koe.workers import Ticket

State: TypeAlias = Literal["planned", "waiting", "running", "made"]

_SAFETY = 1.3
"""How much longer than the average an inference is taken to be."""
_JITTER_S = 0.03
_NOT_HEARD_S = 0.001
_SHARE_USED = 0.6
"""How much of the time that a stream has left its next segment may take."""
_LONGEST_S = 2.0
"""How long the next segment may take at most: the first one of somebody else may have to wait for it."""
_LEAST_USED = 1 / 3
"""How much of its budget a segment has at least, but for the last one of a sentence."""
_SHORT_SYMBOLS = 12
"""Phoneme symbols of a short segment."""
_MORE_TO_COME = 1.3
"""How much more audio than estimated a text is taken to give."""


@define(eq=False)
class Claim:
    """A planned segment of a line. `audio_s` is a guess until it is made.

    Attributes:
        refusal: why the segment will never be made; `task`, which waits for it, is cancelled then.
        ready_at: since when nothing but a thread is missing.
        waited_s: how long it then waited for a thread that others had.
    """

    line: "Line"
    audio_s: float
    task: "asyncio.Task[object] | None" = None
    state: State = "planned"
    ticket: "Work | None" = None
    refusal: OverloadedError | None = None
    ready_at: float | None = None
    began_at: float = 0.0
    waited_s: float = 0.0
    held: bool = False

    @property
    def cost_s(self) -> float:
        """How long the inference will take, on the safe side."""
        return self.audio_s * self.line.costs.rtf * _SAFETY + _JITTER_S

    def refuse(self, error: OverloadedError) -> None:
        """Tell whoever waits."""
        self.refusal = error
        if self.task is not None:
            self.task.cancel()


@define(eq=False)
class Work(Ticket):
    """One inference, and all who claim its result.

    `took_s` is how long it took, or would have taken with all places taken; None again once that is learnt.
    """

    claims: list[Claim] = field(factory=list)
    waits: bool = False
    began_at: float = 0.0
    took_s: float | None = None


@define(eq=False)
class Line:
    """One answer. Lives on the event loop; `symbols_in_time` may be asked for in any thread.

    Its listener hears the first audio at `playing_since` and runs dry `made_s` seconds later.

    Args:
        client: whose it is; clients take turns.
        costs: of its engine.
        played: whether somebody listens while it is made; else nobody is hurt when it comes late.
        began_at: when the work began.
        characters: of its text; None where that is still being written.
        speed: at which it is asked for.
        shares: whether its inferences slow each other down.
    """

    client: str
    costs: Costs
    played: bool
    began_at: float
    characters: int | None = None
    speed: float = 1.0
    shares: bool = False
    made_s: float = field(default=0.0, init=False)
    playing_since: float | None = field(default=None, init=False)
    counted: bool = field(default=False, init=False)
    planned_all: bool = field(default=False, init=False)
    waiting: bool = field(default=False, init=False)
    held: int = field(default=0, init=False)
    share: float = field(default=1.0, init=False)
    last_end: float = field(default=0.0, init=False)
    changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _open: deque[Claim] = field(factory=deque, init=False)
    _open_s: float = field(default=0.0, init=False)
    _first_s: float = field(default=0.0, init=False)
    _planned: int = field(default=0, init=False)
    _planned_to: int = field(default=0, init=False)
    _paused: bool = field(default=False, init=False)

    @property
    def hard(self) -> bool:
        """Whether a listener would hear a gap."""
        return self.played and self.playing_since is not None

    def plan(self, symbols: float, rate: float, characters: int) -> Claim:
        """The next segment is known: its phoneme symbols, its rate, and where it ends in the user's text."""
        claim = self.clip(symbols * self.costs.seconds_per_symbol / rate)
        self._first_s = self._first_s or claim.audio_s
        self._planned += 1
        self._planned_to = max(self._planned_to, characters)
        return claim

    def clip(self, audio_s: float) -> Claim:
        """The next part is known, and takes no inference."""
        claim = Claim(self, audio_s)
        self._open.append(claim)
        self._open_s += audio_s
        return claim

    def head(self) -> Claim | None:
        """The first segment that waits for a thread."""
        return next((claim for claim in self._open if claim.state == "waiting"), None)

    def to_come(self) -> Iterator[tuple[float, float]]:
        """The deadline and the cost of each planned segment that is not being inferred yet."""
        deadline = (self.began_at if self.playing_since is None else self.playing_since) + self.made_s
        for claim in self._open:
            if claim.state in {"planned", "waiting"}:
                yield deadline, claim.cost_s
            deadline += claim.audio_s

    def may_start(self, ahead: int) -> bool:
        """Whether fewer than `ahead` segments are made or being made beyond the one that is waited for.

        The first one that a listener waits for has all threads, where they are shared.
        """
        if self.shares and self.played and not self.made_s and self.runs():
            return False
        return self.held - self.waiting < ahead

    def runs(self) -> bool:
        """Whether one of its segments is being inferred."""
        return any(claim.state == "running" for claim in self._open)

    def deadline(self, claim: Claim) -> float:
        """When the audio before `claim` has been played. Of answers that nobody plays: as if they were."""
        base = self.began_at if self.playing_since is None else self.playing_since
        before = 0.0
        for earlier in self._open:
            if earlier is claim:
                break
            before += earlier.audio_s
        return base + self.made_s + before

    def hold(self, claim: Claim) -> None:
        """The claim's audio is made, or being made, and nobody has taken it yet."""
        self.held += not claim.held
        claim.held = True

    def made(self, claim: Claim, audio_s: float, now: float) -> None:
        """The claim has become audio; with the silence behind it, `audio_s` of it."""
        self.hold(claim)
        self._open_s += audio_s - claim.audio_s
        claim.audio_s, claim.state = audio_s, "made"
        if self._open and self._open[0] is claim:
            self._played_on(now)
        while self._open and self._open[0].state == "made":
            done = self._open.popleft()
            self.made_s += done.audio_s
            self._open_s -= done.audio_s
        self.changed.set()

    def drop(self, claim: Claim) -> None:
        """Nobody waits for the claim any more, or it is in the listener's hands."""
        if claim in self._open:
            self._open.remove(claim)
            self._open_s -= claim.audio_s
        if claim.held:
            claim.held = False
            self.held -= 1
        self.changed.set()

    def first_audio(self, now: float) -> None:
        """The listener begins to hear it."""
        if self.playing_since is None and not self._paused:
            self.playing_since = now

    def ready(self, claim: Claim, now: float) -> None:
        """Nothing but a thread is missing for the claim."""
        if claim.ready_at is None:
            self._resume(claim, now)
            claim.ready_at = now

    def begin(self, claim: Claim, began_at: float, now: float) -> None:
        """The claim's inference runs. It waited for others since it was ready and none of its line ran."""
        claim.state, claim.began_at = "running", began_at
        if claim.ready_at is not None:
            claim.waited_s = max(0.0, began_at - max(claim.ready_at, min(self.last_end, now)))
        self.hold(claim)
        self.changed.set()

    def _resume(self, claim: Claim, now: float) -> None:
        """Work comes for a listener who has had nothing to hear, for want of text or because he paused.

        His answer begins anew: what comes next is as welcome as a first segment.
        """
        if self.hard and not self.runs() and self.deadline(claim) < now:
            self.playing_since, self._paused = None, True

    def hold_back_s(self, now: float, places: int) -> float:
        """How long the first audio had better wait, so that what follows comes in time.

        Without end while nobody can tell; 0 where it cannot be helped. One more short segment is reckoned
        with behind those that are planned.
        """
        following = self._open[0] if self._open else None
        in_hand = self.held - sum(claim.held for claim in self._open)
        if following is None or not 0 < self.costs.rtf < 1:
            return 0.0
        if following.state != "running":
            enough_s = following.cost_s + _LONGEST_S * self.share
            enough = (in_hand and self.made_s >= enough_s) or not self.may_start(places)
            return 0.0 if enough else float("inf")
        end, audio_s, late_s = following.began_at, self.made_s, 0.0
        for cost_s, more_s in self._expected():
            end += cost_s
            late_s = max(late_s, end - now - audio_s)
            audio_s += more_s
        return late_s if late_s > _NOT_HEARD_S else 0.0

    def _expected(self) -> Iterator[tuple[float, float]]:
        """The costs and the audio of what is to come next."""
        for claim in self._open:
            if claim.state != "made":
                yield claim.cost_s, claim.audio_s
        if not self.planned_all:
            usual = Claim(self, _SHORT_SYMBOLS * self.costs.seconds_per_symbol)
            yield usual.cost_s, usual.audio_s

    def rest_s(self) -> float:
        """Seconds of audio that are still to be made."""
        if self.planned_all or self.characters is None:
            return self._open_s
        characters = max(0, self.characters - self._planned_to)
        return self._open_s + characters * self.costs.seconds_per_character / self.speed * _MORE_TO_COME

    def ends_in_s(self, now: float) -> float:
        """About how long it will still play."""
        base = now if self.playing_since is None else self.playing_since
        return max(0.0, base + self.made_s - now) + self.rest_s()

    def stalls(self, now: float) -> bool:
        """Whether its listener would have run dry by now, but does not take what is made."""
        taken = not self.held or self.waiting or self.runs()
        return not taken and self.playing_since is not None and self.playing_since + self.made_s < now

    def load(self, now: float) -> float:
        """Seconds of inference that it needs each second, so that it never runs dry; 0 while it stalls."""
        if self.stalls(now):
            return 0.0
        if self.characters is None and not self.planned_all:
            return self.costs.rtf
        rest, ends_in = self.rest_s(), self.ends_in_s(now)
        return self.costs.rtf * rest / ends_in if rest else 0.0

    def symbols_in_time(self, number: int, before: float, now: float) -> float:
        """How many phoneme symbols the segment `number` may have to be made in time, beside all others.

        `before` is the budget of the one before it, in case that is not planned yet. Any thread.
        """
        rtf, unit_s = self.costs.rtf, self.costs.seconds_per_symbol
        if not rtf:
            return float("inf")
        before_s = before * unit_s * _LEAST_USED
        ahead_s = self._open_s + (before_s if number > self._planned else 0.0)
        if self.playing_since is not None:
            left_s, busy_s = self.playing_since + self.made_s + ahead_s - now, ahead_s
        elif self.made_s:
            left_s, busy_s = self.made_s + ahead_s, ahead_s
        else:  # he begins to listen when the first is made
            left_s, busy_s = ahead_s, max(0.0, ahead_s - (self._first_s or before_s))
        available_s = max(0.0, left_s - busy_s * rtf / self.share) * _SHARE_USED
        return min(available_s, _LONGEST_S) * self.share / (rtf * unit_s)

    def _played_on(self, now: float) -> None:
        """Note when the listener goes on, if he has been waiting for the first of the open segments."""
        if self._paused:
            self.playing_since, self._paused = now - self.made_s, False
        elif self.hard:
            assert self.playing_since is not None
            late_s = now - (self.playing_since + self.made_s)
            if late_s > 0:
                self.playing_since += late_s
