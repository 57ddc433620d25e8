"""Whose segment is next: nobody starves, nobody jumps the queue, no listener pays for somebody else."""

import asyncio
from contextlib import ExitStack

import pytest
from attrs import define, field
from hypothesis import given, settings, strategies
from koe.cores import Sharing
from koe.costs import Costs
from koe.errors import OverloadedError
from koe.line import Claim, Work
from koe.order import LAST_RESORT_S, PATIENCE_S, Order

RTF = 0.25


@define
class Clock:
    time: float = 0.0

    def __call__(self):
        return self.time


def _costs(rtf=RTF):
    costs = Costs(seconds_per_symbol=0.1)
    costs.begin(rtf)
    return costs


@define
class Bench:
    """An order whose inferences take as long as expected, on places that are told when to go on."""

    places: int = 1
    max_load: float = 100.0
    clock: Clock = field(factory=Clock)
    served: list[Claim] = field(factory=list)
    running: list[Work] = field(factory=list)
    lines: ExitStack = field(factory=ExitStack)
    order: Order = field(init=False)

    def __attrs_post_init__(self):
        self.order = Order(self.places, self.max_load, self.clock)

    def line(self, client="one", *, played=True, rtf=RTF, characters=1000):
        context = self.order.line(client, _costs(rtf), played=played, characters=characters)
        return self.lines.enter_context(context)

    def push(self, line, symbols=10, work=None):
        claim = line.plan(symbols, 1.0, 0)
        self.order.push(work or Work(claims=[claim]))
        return claim

    def serve(self):
        """Give the free places away."""
        while len(self.running) < self.places and (work := self.order.pop()) is not None:
            assert isinstance(work, Work)
            self.running.append(work)
            self.served += work.claims[:1]

    def end(self):
        """End the inference that is done first; whoever waits for it takes it."""
        work = min(self.running, key=lambda one: one.began_at + one.claims[0].audio_s * RTF)
        self.clock.time = max(self.clock.time, work.began_at + work.claims[0].audio_s * RTF)
        self.running.remove(work)
        self.order.ended(work)
        for claim in tuple(work.claims):
            self.order.made(claim, claim.audio_s)
            claim.line.first_audio(self.clock.time)
            self.order.drop(claim)
        return work

    def run(self):
        """Serve and end until nothing waits; the lines' clients in the order in which they were served."""
        self.serve()
        while self.running:
            self.end()
            self.serve()
        return [claim.line.client for claim in self.served]


def _playing(bench, made_s, **fields):
    """A line whose listener has just begun to hear `made_s`."""
    line = bench.line(**fields)
    claim = bench.push(line, made_s * 10)
    assert bench.order.pop() is claim.ticket
    bench.order.ended(claim.ticket)
    bench.order.made(claim, made_s)
    bench.order.drop(claim)
    line.first_audio(bench.clock.time)
    return line


def test_first_segments_go_before_those_that_have_time():
    bench = Bench()
    playing = _playing(bench, 10.0)
    later, first = bench.push(playing), bench.push(bench.line("new"))
    bench.run()
    assert bench.served == [first, later]


def test_whoever_would_run_dry_first_is_served_first():
    bench = Bench()
    lines = [_playing(bench, made_s) for made_s in (9.0, 3.0, 6.0)]
    claims = [bench.push(line) for line in lines]
    bench.run()
    assert bench.served == [claims[1], claims[2], claims[0]]


def test_deadlines_are_read_when_a_place_is_free_not_when_the_work_came():
    bench = Bench()
    ahead, behind = _playing(bench, 5.0), _playing(bench, 4.0)
    first, second = bench.push(ahead), bench.push(behind)
    ahead.playing_since -= 3.0
    bench.run()
    assert bench.served == [first, second]


def test_a_first_segment_waits_where_a_listener_would_pay_for_it():
    bench = Bench()
    urgent = bench.push(_playing(bench, 0.5))
    first = bench.push(bench.line("new"), 20)
    bench.run()
    assert bench.served == [urgent, first]


def test_what_nobody_plays_waits_where_a_listener_would_pay_for_it():
    bench = Bench()
    listener = bench.push(_playing(bench, 2.0))
    book = bench.push(bench.line("book", played=False), 100)
    bench.run()
    assert bench.served == [listener, book]


def test_a_book_does_not_hold_up_a_sentence_nor_the_other_way_round():
    """Both as if they were played: the sentence is behind the book, which has made a lot."""
    bench = Bench()
    book = bench.line("same", played=False)
    for _ in range(3):
        bench.push(book, 100)
        bench.serve()
        bench.end()
    again = bench.push(book, 100)
    sentence = bench.push(bench.line("same", played=False))
    bench.run()
    assert bench.served[3:] == [sentence, again]


def test_clients_take_turns_whatever_they_have_in_line():
    bench = Bench()
    for _ in range(10):
        bench.push(bench.line("ten"))
    bench.push(bench.line("one"))
    assert bench.run().index("one") == 1


@given(
    counts=strategies.lists(strategies.integers(1, 10), min_size=2, max_size=5), played=strategies.booleans()
)
def test_clients_with_few_and_with_many_answers_are_served_alike(counts, played):
    bench = Bench()
    for client, count in enumerate(counts):
        for _ in range(count):
            bench.push(bench.line(str(client), played=played))
    served = bench.run()
    assert len(served) == sum(counts)
    for client, count in enumerate(counts):
        turns = [place for place, name in enumerate(served) if name == str(client)]
        for turn, place in enumerate(turns):
            assert place < (turn + 1) * len(counts)
        assert len(turns) == count


def test_work_ahead_takes_no_place_from_a_nearer_deadline():
    bench = Bench(places=2)
    alone = _playing(bench, 3.0)
    ahead = [bench.push(alone) for _ in range(3)]
    other = _playing(bench, 3.5)
    near = bench.push(other)
    bench.serve()
    assert bench.served == [ahead[0], near]


@given(places=strategies.integers(1, 6), planned=strategies.integers(1, 12), waiting=strategies.booleans())
def test_no_more_is_made_ahead_than_there_are_places(places, planned, waiting):
    bench = Bench(places=places)
    line = bench.line()
    line.waiting = waiting
    for _ in range(planned):
        bench.push(line)
    started = 0
    while (work := bench.order.pop()) is not None:
        assert isinstance(work, Work)
        bench.order.ended(work)
        for claim in work.claims:
            bench.order.made(claim, claim.audio_s)
        started += 1
    assert started == min(planned, places + waiting)


def test_an_inference_that_several_want_runs_once_at_the_turn_of_the_first():
    bench = Bench()
    late, other, soon = _playing(bench, 9.0), _playing(bench, 5.0), _playing(bench, 2.0)
    shared = bench.push(late)
    between = bench.push(other)
    joining = soon.plan(10, 1.0, 0)
    bench.order.join(joining, shared.ticket)
    bench.run()
    assert bench.served == [shared, between]
    assert joining.state == "made"


def test_one_of_several_who_leaves_takes_nothing_from_the_others():
    bench = Bench()
    shared = bench.push(bench.line("a"))
    joining = bench.line("b").plan(10, 1.0, 0)
    bench.order.join(joining, shared.ticket)
    bench.order.drop(shared)
    assert bench.order.pop() is joining.ticket


def test_who_had_nothing_to_hear_starts_anew():
    """The text came late: what comes is as welcome as a first segment, and the deadlines count from there."""
    bench = Bench()
    line = _playing(bench, 2.0)
    bench.clock.time += 10
    claim = bench.push(line)
    assert not line.hard
    bench.run()
    assert line.hard
    assert line.deadline(claim) == pytest.approx(bench.clock.time + 1.0)


def test_a_gap_moves_the_deadlines_behind_it():
    bench = Bench()
    line = _playing(bench, 1.0)
    claim = bench.push(line)
    bench.clock.time += 2
    bench.run()
    assert line.playing_since + line.made_s == pytest.approx(bench.clock.time + claim.audio_s)


@define(eq=False)
class _Waiter:
    cancelled: bool = False

    def cancel(self):
        self.cancelled = True


def _ask(bench, client="new", **fields):
    """A new stream's first inference, and whether it was refused."""
    line = bench.line(client, **fields)
    claim = line.plan(10, 1.0, 0)
    claim.task = _Waiter()
    bench.order.push(Work(claims=[claim]))
    assert (claim.refusal is not None) == claim.task.cancelled
    return claim.refusal


def test_streams_are_let_in_while_they_can_all_be_kept_playing():
    bench = Bench(max_load=0.8)
    refusals = [_ask(bench) for _ in range(4)]
    assert refusals[:3] == [None, None, None]
    assert isinstance(refusals[3], OverloadedError)
    assert 1 <= refusals[3].retry_after_s <= 60
    assert bench.order.load() == pytest.approx(0.75)


def test_what_cannot_be_cached_is_refused_before_anything_is_planned():
    bench = Bench(max_load=0.8)
    for _ in range(3):
        bench.order.let_in(bench.line())
    with pytest.raises(OverloadedError, match=r"limits\.max_load"):
        bench.order.let_in(bench.line())
    bench.order.let_in(bench.line(played=False))


def test_more_places_let_more_in():
    bench = Bench(places=2, max_load=0.8)
    assert [_ask(bench) is None for _ in range(8)] == [True] * 6 + [False] * 2


def test_one_alone_is_always_let_in():
    assert _ask(Bench(max_load=0.8), rtf=3.0) is None


def test_an_engine_of_which_nothing_is_known_is_not_refused():
    bench = Bench(max_load=0.8)
    assert [_ask(bench, rtf=0.0) for _ in range(50)] == [None] * 50


def test_what_nobody_plays_counts_for_nothing_and_is_never_refused():
    bench = Bench(max_load=0.8)
    assert [_ask(bench, played=False) for _ in range(20)] == [None] * 20
    assert bench.order.load() == 0
    assert _ask(bench) is None


def test_what_is_made_already_is_no_load():
    bench = Bench(max_load=0.8)
    for _ in range(3):
        line = _playing(bench, 5.0)
        line.planned_all = True
    assert bench.order.load() == 0
    assert _ask(bench) is None


def test_a_listener_who_does_not_take_what_is_made_is_no_load():
    """From the time on when he would have heard all of it, until he asks for more."""
    bench = Bench(max_load=0.8)
    for _ in range(3):
        line = _playing(bench, 1.0)
        claim = bench.push(line)
        bench.serve()
        bench.running.clear()
        assert claim.ticket is not None
        bench.order.ended(claim.ticket)
        bench.order.made(claim, 4.0)
        line.costs.begin(RTF)
    bench.clock.time = 4.9
    assert bench.order.load() == pytest.approx(0.75, rel=0.01)
    assert line.share == pytest.approx(1 / 3)
    bench.clock.time = 5.1
    assert bench.order.load() == 0
    newcomer = bench.line("new")
    bench.order.let_in(newcomer)
    assert (newcomer.share, line.share) == (1.0, 1.0)
    bench.order.wait(line, waiting=True)
    assert bench.order.load() == pytest.approx(0.5, rel=0.01)
    assert newcomer.share == 0.5


def test_nobody_is_let_in_while_somebody_has_waited_too_long():
    bench = Bench(max_load=0.8)
    listener = _playing(bench, 1.0)
    bench.push(listener)
    bench.push(bench.line("book", played=False), 100)
    assert _ask(bench) is None
    bench.clock.time += PATIENCE_S + 1
    assert _ask(bench) is not None


def test_in_the_end_everybody_is_served():
    """An hour-long listener who always runs dry does not keep a book from its last resort."""
    bench = Bench()
    listener = _playing(bench, 0.1)
    book = bench.push(bench.line("book", played=False), 100)
    bench.push(listener)
    bench.clock.time += LAST_RESORT_S + 1
    bench.serve()
    assert bench.served == [book]


@settings(max_examples=60)
@given(
    steps=strategies.lists(
        strategies.tuples(
            strategies.sampled_from(["push", "drop", "serve", "end"]), strategies.integers(0, 7)
        ),
        max_size=60,
    ),
    places=strategies.integers(1, 3),
)
def test_no_place_and_no_work_is_ever_lost(steps, places):
    """Whatever comes, leaves and ends: all that stayed is served, and all places are free at the end."""
    bench = Bench(places=places)
    lines = [bench.line(str(n % 3), played=n % 2 == 0) for n in range(8)]
    stayed, waiting = [], []
    for step, number in steps:
        if step == "push":
            claim = bench.push(lines[number])
            waiting.append(claim)
            stayed.append(claim)
        elif step == "drop" and waiting and waiting[number % len(waiting)].state == "waiting":
            claim = waiting.pop(number % len(waiting))
            bench.order.remove(claim.ticket)
            bench.order.drop(claim)
            stayed.remove(claim)
        elif step == "serve":
            bench.serve()
        elif step == "end" and bench.running:
            bench.end()
    bench.run()
    assert sorted(map(id, bench.served)) == sorted(map(id, stayed))
    assert not bench.running
    assert all(line.held == 0 and not line._open for line in lines)


def test_plain_work_needs_no_line():
    from koe.workers import Ticket

    bench = Bench()
    claim = bench.push(bench.line())
    plain = Ticket()
    bench.order.push(plain)
    assert [bench.order.pop(), bench.order.pop()] == [plain, claim.ticket]


@pytest.mark.parametrize(("sharing", "rtf"), [(Sharing(2, 2, 2), 0.2), (Sharing(2, 1, 2), 0.1)])
def test_what_is_learnt_from_an_inference_that_was_alone_is_what_it_costs_in_company(sharing, rtf):
    bench = Bench(places=2)
    bench.order.sharing = sharing
    line = bench.line()
    line.costs = Costs(seconds_per_symbol=0.1)
    claim = bench.push(line, 100)
    bench.serve()
    bench.clock.time += claim.audio_s * 0.1
    bench.order.ended(claim.ticket)
    bench.order.made(claim, claim.audio_s)
    assert line.costs.rtf == pytest.approx(rtf, rel=0.01)


def test_one_hiccup_does_not_shut_the_door():
    costs = _costs()
    costs.inferred(60.0, 1.0)
    assert costs.rtf < 2 * RTF
    for _ in range(200):
        costs.inferred(0.5, 1.0)
    assert costs.rtf == pytest.approx(0.5, rel=0.1)


async def test_the_line_tells_whoever_holds_the_first_audio_back():
    bench = Bench()
    line = bench.line()
    first, following = bench.push(line, 1), bench.push(line, 30)
    bench.serve()
    bench.end()
    line.playing_since = None
    assert first.state == "made"
    assert line.hold_back_s(bench.clock.time, 1) == float("inf")
    waiter = asyncio.ensure_future(line.changed.wait())
    line.changed.clear()
    bench.serve()
    await asyncio.wait_for(waiter, 5)
    held_back_s = line.hold_back_s(bench.clock.time, 1)
    assert following.cost_s - line.made_s <= held_back_s < following.cost_s + 1
    bench.clock.time += held_back_s
    assert line.hold_back_s(bench.clock.time, 1) == 0
