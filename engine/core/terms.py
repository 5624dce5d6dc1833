"""A deadline's terms on a case: how its clock begins, and what a move of the case does to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from duban.engine.core import clocks
from duban.engine.core.bounds import check_start
from duban.engine.core.draft import Draft
from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import ExpressionFailed
from duban.engine.definition.machine import CompiledDeadline, Machine
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Span
from duban.engine.values.case import Clock


def steps_of(deadline: CompiledDeadline) -> clocks.Steps:
    """Return the offsets of the deadline's ladder."""
    return clocks.Steps([rung.offset for rung in deadline.rungs], deadline.repeat)


def limit_of(deadline: CompiledDeadline, scope: Scope) -> Span | datetime | None:
    """Return the limit as the case stands; None while it cannot be said (it is undated)."""
    if isinstance(deadline.limit, Span):
        return deadline.limit
    try:
        value: Span | datetime = scope.value(deadline.limit)
    except ExpressionFailed:
        return None
    return None if value == UNDATED else value


def begin(
    deadline: CompiledDeadline, scope: Scope, now: datetime, before: Clock | None
) -> Clock | None:
    """Return a clock begun at *now*, or at what ``starts`` says; None while it is undated.

    Raises:
        TransitionRefused: the due would pass the deadline's bounds.
    """
    began = now if deadline.starts is None else scope.value(deadline.starts)
    limit = limit_of(deadline, scope)
    if limit is None or began == UNDATED:
        return None
    clock = clocks.start(
        scope.world.clockwork,
        steps_of(deadline),
        began=began,
        now=now,
        limit=limit,
        episode=scope.case.episode,
    )
    check_start(deadline, clock, scope)
    # Rounds count over the life of the case: a rung of a later round is another rung.
    return clock if before is None else replace(clock, round=before.round + 1)


def follow(machine: Machine, draft: Draft) -> None:
    """Let every clock follow the move in *draft*."""
    case = draft.preview()
    scope = Scope(machine, case, draft.world.as_of(draft.effective))
    for name, deadline in machine.deadlines.items():
        clock = draft.clock(name)
        after = _followed(deadline, clock, scope, draft)
        if after is not None and after != clock:
            draft.clocks[name] = after


def _followed(
    deadline: CompiledDeadline, clock: Clock | None, scope: Scope, draft: Draft
) -> Clock | None:
    states = set(scope.case.states)
    now = draft.effective
    if states & deadline.runs_in:
        if clock is None or (clock.ended is not None and clock.episode < scope.case.episode):
            return begin(deadline, scope, now, clock)
        return _running(deadline, clock, scope, draft)
    if clock is None or clock.ended is not None:
        return None
    over = scope.machine.workflow.regions.over(states)
    waits = states & deadline.waits_in or deadline.model.again == "waits"
    if waits and not over:
        held = clocks.hold(clock, scope.world.clockwork, now, held=clock.held)
        return _following(deadline, held, scope, draft)
    return clocks.end(clock, scope.world.clockwork, now)


def _running(deadline: CompiledDeadline, clock: Clock, scope: Scope, draft: Draft) -> Clock | None:
    now, clockwork, steps = draft.effective, scope.world.clockwork, steps_of(deadline)
    if clock.ended is not None:
        if deadline.model.again == "same due":
            return clocks.reopen(clock, clockwork, steps, now)
        return begin(deadline, scope, now, clock)
    going = clock
    if clock.waiting and not clock.held:
        going = clocks.resume(clock, clockwork, steps, now)
    return _following(deadline, going, scope, draft)


def _following(deadline: CompiledDeadline, clock: Clock, scope: Scope, draft: Draft) -> Clock:
    changed = set(deadline.model.follows) & draft.sets.keys()
    return refreshed(deadline, clock, scope, draft.effective) if changed else clock


def refreshed(deadline: CompiledDeadline, clock: Clock, scope: Scope, now: datetime) -> Clock:
    """Work the limit out anew from where the clock began; extensions stay."""
    limit = limit_of(deadline, scope)
    if limit is None:
        return clock
    changed = replace(
        clock,
        span=str(limit) if isinstance(limit, Span) else None,
        until=limit if isinstance(limit, datetime) else None,
    )
    if (changed.span, changed.until) == (clock.span, clock.until):
        return clock
    renewed = clocks.renew(changed, scope.world.clockwork, steps_of(deadline), now)
    check_start(deadline, renewed, scope)
    return renewed
