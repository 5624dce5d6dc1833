"""The algebra of clocks: start, hold, resume, extend, end; due and next rung follow.

The day on which a clock is held is consumed, the day on which it goes on is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from duban.engine.errors import BadDate
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.spans import MOST, Offset, Span, Unit
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Clock, Grant, Run


@dataclass(frozen=True, slots=True)
class Steps:
    """What the rules say of a clock: the ladder's offsets, how often the last repeats, the grace."""

    offsets: Sequence[Offset] = ()
    repeat: Span | None = None
    grace: Span | None = None


def start(
    clockwork: Clockwork,
    steps: Steps,
    *,
    began: datetime,
    now: datetime,
    limit: Span | datetime,
    episode: int = 1,
    basis: Mapping[str, Plain] | None = None,
) -> Clock:
    """Return a clock that counts *limit* from *began*, started at *now* in that episode."""
    clock = Clock(
        started=began,
        episode=episode,
        span=str(limit) if isinstance(limit, Span) else None,
        until=limit if isinstance(limit, datetime) else None,
        runs=(Run(since=began),),
        basis=basis or {},
    )
    return _new_round(clock, clockwork, steps, now)


def hold(clock: Clock, clockwork: Clockwork, now: datetime, *, held: bool = False) -> Clock:
    """Return the clock as it waits; *held* when an effect, not a state, stopped it."""
    if not clock.running:
        return replace(clock, held=clock.held or held)
    stopped = _stopped(clock, now)
    return replace(stopped, due=None, lapses=None, next_rung=None, held=held)


def _stopped(clock: Clock, now: datetime) -> Clock:
    runs = (*clock.runs[:-1], replace(clock.runs[-1], until=now))
    return replace(clock, runs=runs, overran=clock.lapsed(now))


def resume(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return the clock as it goes on after waiting."""
    if clock.ended is not None or clock.running:
        return replace(clock, held=False)
    going = replace(clock, runs=(*clock.runs, Run(since=now)), held=False, overran=False)
    return derive(going, clockwork, steps)


def end(clock: Clock, clockwork: Clockwork, now: datetime) -> Clock:
    """Return the clock as ended at *now*; its last due stays for the record."""
    if clock.ended is not None:
        return clock
    stopped = _stopped(clock, now) if clock.running else clock
    return replace(stopped, ended=now, next_rung=None, due=due_of(stopped, clockwork))


def reopen(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return an ended clock running again to the same due: the time away counts."""
    runs = (*clock.runs[:-1], replace(clock.runs[-1], until=None))
    return derive(replace(clock, runs=runs, ended=None, overran=False), clockwork, steps, now)


def extend(clock: Clock, clockwork: Clockwork, steps: Steps, grant: Grant) -> Clock:
    """Return the clock with a further grant; its ladder begins a new round."""
    granted = replace(clock, grants=(*clock.grants, grant))
    return renew(granted, clockwork, steps, grant.at)


def renew(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return the clock after its limit changed; its ladder begins a new round."""
    changed = replace(clock, round=clock.round + 1, overran=False)
    if not changed.running:
        return replace(changed, rung=0)
    # What the ladder would have done before now belongs to the round that ended.
    return _new_round(changed, clockwork, steps, now, since=now)


def derive(
    clock: Clock, clockwork: Clockwork, steps: Steps, since: datetime | None = None
) -> Clock:
    """Return the clock with due, first due and next rung worked out anew.

    No rung falls due before *since*, nor before it went on: while it waited nobody was reminded.
    """
    if not clock.running:
        due = None if clock.waiting else clock.due
        return replace(clock, due=due, next_rung=None)
    due = due_of(clock, clockwork)
    rung = rung_instant(clock.rung, due, clockwork, steps)
    if rung is not None:
        resumed = [clock.runs[-1].since] if len(clock.runs) > 1 else []
        rung = max([rung, *resumed, *([] if since is None else [since])])
    return replace(
        clock,
        due=due,
        lapses=_lapses(due, clockwork, steps) if steps.grace else None,
        first_due=_first_due(clock, clockwork) if clock.extensions else due,
        provisional=clockwork.provisional(due),
        next_rung=rung,
    )


def recount(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return a running clock as the calendar counts it now: an entry of its case tells of it.

    A limit that people reckon with becomes no earlier, unless a notice of the calendar says so.
    One that was overdue and is not any more begins a new round of its ladder.
    """
    extensions = replace(clock, grants=clock.extensions)
    counted = derive(extensions, clockwork, steps, now)
    if counted.due is None or clock.due is None:
        return counted
    calendar, began = clockwork.calendar, clockwork.day(clock.started)
    earlier = counted.due < clock.due
    if earlier and not calendar.may_shorten(began, clockwork.day(clock.due)):
        counted = derive(clock, clockwork, steps, now)
        if counted.due is not None and counted.due < clock.due:
            kept = Grant(at=now, to=clock.due, kept=True)
            counted = replace(clock, grants=(*clock.grants, kept))
            counted = derive(counted, clockwork, steps, now)
    if clock.lapsed(now) and not counted.lapsed(now):
        return renew(counted, clockwork, steps, now)
    return counted


def _first_due(clock: Clock, clockwork: Clockwork) -> datetime:
    """The due without what was granted; what a calendar would have taken away stays."""
    kept = tuple(takewhile(lambda grant: grant.kept, clock.grants))
    return due_of(replace(clock, grants=kept), clockwork)


def _lapses(due: datetime, clockwork: Clockwork, steps: Steps) -> datetime:
    return clockwork.after(due, steps.grace) if steps.grace else due


def _new_round(
    clock: Clock,
    clockwork: Clockwork,
    steps: Steps,
    now: datetime,
    since: datetime | None = None,
) -> Clock:
    """Begin a round of the ladder: a reminder whose time is past already is not owed."""
    due = due_of(clock, clockwork)
    passed = 0
    for offset in steps.offsets:
        if offset.side != "before" or clockwork.rung_at(due, offset) >= now:
            break
        passed += 1
    return derive(replace(clock, rung=passed), clockwork, steps, since)


def rung_instant(number: int, due: datetime, clockwork: Clockwork, steps: Steps) -> datetime | None:
    """Return when rung *number* (from 0) falls due; past the last one it may repeat.

    Rungs before the due count from it; the others from where it lapses, after the grace. None: it
    would fall due after all the years that a calendar has.
    """
    late = _lapses(due, clockwork, steps)
    if number < len(steps.offsets):
        offset = steps.offsets[number]
        return clockwork.rung_at(due if offset.side == "before" else late, offset)
    if steps.repeat is None or not steps.offsets:
        return None
    last, turns = steps.offsets[-1], number - len(steps.offsets) + 1
    try:
        base = late if last.side != "after" else clockwork.after(late, last.span)
        return clockwork.first_after(_many(base, steps.repeat, turns, clockwork))
    except BadDate:
        return None


def _many(start: datetime, span: Span, times: int, clockwork: Clockwork) -> datetime:
    """Count *span* so many times, although a single one is not as long as that."""
    left = span.count * times
    while left > MOST:
        start, left = clockwork.after(start, Span(MOST, span.unit)), left - MOST
    return clockwork.after(start, Span(left, span.unit))


def due_of(clock: Clock, clockwork: Clockwork) -> datetime:
    """Return the last instant still in time, from the budget and what was consumed of it."""
    unit = Span.parse(clock.span).unit if clock.span else "days"
    last_to = max((n for n, g in enumerate(clock.grants) if g.to is not None), default=None)
    if last_to is None:
        due, rest = _base(clock, clockwork)
        later = clock.grants
    else:
        grant = clock.grants[last_to]
        assert grant.to is not None
        due, rest = _moved(grant.to, _since(clock.runs, grant.at), clockwork, unit)
        later = clock.grants[last_to + 1 :]
    for grant in later:
        span = Span.parse(grant.by or "0 days")
        if last_to is not None or clock.span is None or span.unit != unit:
            due = clockwork.after(due, span)
    # A pause after the first due, but before an extended one, moves it as well.
    return _moved(due, rest, clockwork, unit)[0]


def _since(runs: Sequence[Run], instant: datetime) -> Sequence[Run]:
    """Return the runs from *instant* on; one that is held then begins with an empty one."""
    alive = [run for run in runs if run.until is None or run.until > instant]
    if alive and alive[0].since <= instant:
        return alive
    return [Run(since=instant, until=instant), *alive]


def _base(clock: Clock, clockwork: Clockwork) -> tuple[datetime, Sequence[Run]]:
    """The budget, with grants in its own unit, run down over the stretches in which it ran.

    The runs returned are those from the one in which it ran out.
    """
    if clock.span is None:
        assert clock.until is not None
        return _moved(clock.until, clock.runs, clockwork, "days")
    span = Span.parse(clock.span)
    grants = [Span.parse(grant.by) for grant in clock.grants if grant.by]
    left = span.count + sum(grant.count for grant in grants if grant.unit == span.unit)
    if span.unit == "months":
        due = clockwork.after(clock.started, Span(left, "months"))
        return _moved(due, clock.runs, clockwork, "days")
    if span.unit == "hours":
        return _run_down_hours(clock, left)
    due = clock.started
    for number, run in enumerate(clock.runs):
        due = clockwork.after(run.since, Span(max(left, 0), span.unit))
        if run.until is None or run.until > due:
            return due, clock.runs[number:]
        left -= clockwork.elapsed(run.since, run.until, span.unit)
    return due, ()


def _run_down_hours(clock: Clock, hours: int) -> tuple[datetime, Sequence[Run]]:
    left = timedelta(hours=hours)
    due = clock.started
    for number, run in enumerate(clock.runs):
        due = run.since + left
        if run.until is None or run.until > due:
            return due, clock.runs[number:]
        left -= run.until - run.since
    return due, ()


def _moved(
    limit: datetime, runs: Sequence[Run], clockwork: Clockwork, unit: Unit
) -> tuple[datetime, Sequence[Run]]:
    """An absolute limit moves by the time for which it was held, counted in the clock's unit."""
    due = limit
    for number, (run, following) in enumerate(pairwise(runs)):
        if run.until is None or run.until > due:
            return due, runs[number:]
        due = _later(due, run.until, following.since, clockwork, unit)
    return due, runs[-1:]


def _later(
    due: datetime, held: datetime, resumed: datetime, clockwork: Clockwork, unit: Unit
) -> datetime:
    if unit == "hours":
        return due + (resumed - held)
    counted: Unit = "workdays" if unit == "workdays" else "days"
    days = clockwork.elapsed(held, resumed, counted)
    day = clockwork.day(due)
    moved = clockwork.calendar.add(day, Span(days, counted))
    at_the_end = due == clockwork.ends(day)
    return clockwork.ends(moved) if at_the_end else due + (moved - day)
