"""The algebra of clocks: start, hold, resume, extend, end; due and next rung follow.

The day on which a clock is held is consumed, the day on which it goes on is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.spans import Offset, Span
from duban.engine.values.case import Clock, Grant, Run


@dataclass(frozen=True, slots=True)
class Steps:
    """The offsets of a ladder's rungs, and how often the last one repeats."""

    offsets: Sequence[Offset] = ()
    repeat: Span | None = None


def start(
    clockwork: Clockwork,
    steps: Steps,
    *,
    began: datetime,
    now: datetime,
    limit: Span | datetime,
    episode: int = 1,
) -> Clock:
    """Return a clock that counts *limit* from *began*, started at *now* in that episode."""
    clock = Clock(
        started=began,
        episode=episode,
        span=str(limit) if isinstance(limit, Span) else None,
        until=limit if isinstance(limit, datetime) else None,
        runs=(Run(since=began),),
    )
    return _new_round(clock, clockwork, steps, now)


def hold(clock: Clock, clockwork: Clockwork, now: datetime, *, held: bool = False) -> Clock:
    """Return the clock as it waits; *held* when an effect, not a state, stopped it."""
    if not clock.running:
        return replace(clock, held=clock.held or held)
    stopped = _stopped(clock, now)
    return replace(stopped, due=None, next_rung=None, held=held)


def _stopped(clock: Clock, now: datetime) -> Clock:
    runs = (*clock.runs[:-1], replace(clock.runs[-1], until=now))
    overran = clock.due is not None and now > clock.due
    return replace(clock, runs=runs, overran=overran)


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
    ended = replace(stopped, ended=now, next_rung=None)
    return replace(ended, due=due_of(ended, clockwork))


def reopen(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return an ended clock running again to the same due: the time away counts."""
    runs = (*clock.runs[:-1], replace(clock.runs[-1], until=None))
    return derive(replace(clock, runs=runs, ended=None, overran=False), clockwork, steps)


def extend(clock: Clock, clockwork: Clockwork, steps: Steps, grant: Grant) -> Clock:
    """Return the clock with a further grant; its ladder begins a new round."""
    granted = replace(clock, grants=(*clock.grants, grant))
    return renew(granted, clockwork, steps, grant.at)


def renew(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Return the clock after its limit changed; its ladder begins a new round."""
    changed = replace(clock, round=clock.round + 1, overran=False)
    if not changed.running:
        return replace(changed, rung=0)
    return _new_round(changed, clockwork, steps, now)


def derive(clock: Clock, clockwork: Clockwork, steps: Steps) -> Clock:
    """Return the clock with due, first due and next rung worked out anew."""
    if not clock.running:
        return replace(clock, due=None if clock.waiting else clock.due, next_rung=None)
    due = due_of(clock, clockwork)
    first = due_of(replace(clock, grants=()), clockwork) if clock.grants else due
    return replace(
        clock,
        due=due,
        first_due=first,
        provisional=due is not None and clockwork.provisional(due),
        next_rung=None if due is None else rung_instant(clock.rung, due, clockwork, steps),
    )


def _new_round(clock: Clock, clockwork: Clockwork, steps: Steps, now: datetime) -> Clock:
    """Begin a round of the ladder: a reminder whose time is past already is not owed."""
    due = due_of(clock, clockwork)
    passed = 0
    if due is not None:
        for offset in steps.offsets:
            if offset.side != "before" or clockwork.rung_at(due, offset) >= now:
                break
            passed += 1
    return derive(replace(clock, rung=passed), clockwork, steps)


def rung_instant(number: int, due: datetime, clockwork: Clockwork, steps: Steps) -> datetime | None:
    """Return when rung *number* (from 0) falls due; past the last one it may repeat."""
    if number < len(steps.offsets):
        return clockwork.rung_at(due, steps.offsets[number])
    if steps.repeat is None or not steps.offsets:
        return None
    last = steps.offsets[-1]
    base = due if last.side != "after" else clockwork.after(due, last.span)
    turns = number - len(steps.offsets) + 1
    again = Span(steps.repeat.count * turns, steps.repeat.unit)
    return clockwork.first_after(clockwork.after(base, again))


def due_of(clock: Clock, clockwork: Clockwork) -> datetime | None:
    """Return the last instant still in time, from the budget and what was consumed of it."""
    last_to = max((n for n, g in enumerate(clock.grants) if g.to is not None), default=None)
    if last_to is None:
        due = _base(clock, clockwork)
        later = clock.grants
    else:
        grant = clock.grants[last_to]
        assert grant.to is not None
        due = _moved(
            grant.to, [run for run in clock.runs if _alive_after(run, grant.at)], clockwork
        )
        later = clock.grants[last_to + 1 :]
    for grant in later:
        span = Span.parse(grant.by or "0 days")
        if last_to is not None or clock.span is None or span.unit != Span.parse(clock.span).unit:
            due = clockwork.after(due, span)
    return due


def _alive_after(run: Run, instant: datetime) -> bool:
    return run.until is None or run.until > instant


def _base(clock: Clock, clockwork: Clockwork) -> datetime:
    """The budget, with grants in its own unit, run down over the stretches in which it ran."""
    if clock.span is None:
        assert clock.until is not None
        return _moved(clock.until, clock.runs, clockwork)
    span = Span.parse(clock.span)
    if span.unit == "months":
        return _moved(clockwork.after(clock.started, span), clock.runs, clockwork)
    grants = [Span.parse(grant.by) for grant in clock.grants if grant.by]
    left = span.count + sum(grant.count for grant in grants if grant.unit == span.unit)
    if span.unit == "hours":
        return _run_down_hours(clock, left)
    due = clock.started
    for run in clock.runs:
        due = clockwork.after(run.since, Span(max(left, 0), span.unit))
        if run.until is None or run.until > due:
            break
        left -= clockwork.elapsed(run.since, run.until, span.unit)
    return due


def _run_down_hours(clock: Clock, hours: int) -> datetime:
    left = timedelta(hours=hours)
    due = clock.started
    for run in clock.runs:
        due = run.since + left
        if run.until is None or run.until > due:
            break
        left -= run.until - run.since
    return due


def _moved(limit: datetime, runs: Sequence[Run], clockwork: Clockwork) -> datetime:
    """An absolute limit moves by the days for which it was held."""
    due = limit
    for run, following in pairwise(runs):
        if run.until is None or run.until > due:
            break
        days = clockwork.elapsed(run.until, following.since, "days")
        day = clockwork.day(due)
        moved = day + timedelta(days=days)
        due = clockwork.ends(moved) if due == clockwork.ends(day) else due + timedelta(days=days)
    return due


def consumed(clock: Clock, clockwork: Clockwork, now: datetime) -> int:
    """Return what is consumed of the budget: days in its unit, or microseconds for hours."""
    unit = Span.parse(clock.span).unit if clock.span else "days"
    return sum(clockwork.elapsed(run.since, run.until or now, unit) for run in clock.runs)
