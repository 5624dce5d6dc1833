"""A deadline's terms on a case: how its clock begins, and what a move of the case does to it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from duban.engine.core import clocks
from duban.engine.core.bounds import check_start
from duban.engine.core.draft import Draft
from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import MISSING, ExpressionFailed
from duban.engine.definition.machine import CompiledDeadline, Machine
from duban.engine.timing.instants import UNDATED, format_instant
from duban.engine.timing.spans import Span
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Clock


def steps_of(deadline: CompiledDeadline) -> clocks.Steps:
    """Return what the rules say of the deadline's clock: its ladder's offsets and its grace."""
    grace = deadline.model.grace
    offsets = [rung.offset for rung in deadline.rungs]
    return clocks.Steps(offsets, deadline.repeat, Span.parse(grace) if grace else None)


def limit_of(deadline: CompiledDeadline, scope: Scope) -> Span | datetime | None:
    """Return the limit as the case stands; None while it cannot be said (it is undated)."""
    if isinstance(deadline.limit, Span):
        return deadline.limit
    try:
        value: Span | datetime = scope.value(deadline.limit)
    except ExpressionFailed:
        return None
    return None if value == UNDATED else value


def basis_of(deadline: CompiledDeadline, scope: Scope) -> dict[str, Plain]:
    """Return the values of what the deadline follows outside the fields, where they have one."""
    found = {name: scope(name) for name in deadline.model.live}
    return {
        name: _plain(value)
        for name, value in found.items()
        if value is not MISSING and value != UNDATED
    }


def _plain(value: Any) -> Plain:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    # Canonical JSON has no numbers with a point; a span is text anyway.
    return value if isinstance(value, (str, int)) else str(value)


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
        basis=basis_of(deadline, scope),
    )
    check_start(deadline, clock, scope)
    # Rounds count over the life of the case: a rung of a later round is another rung.
    return clock if before is None else replace(clock, round=before.round + 1)


def follow(machine: Machine, draft: Draft) -> None:
    """Let every clock follow the move in *draft*, each after those that it refers to."""
    scope = Scope(machine, draft.preview(), draft.world.as_of(draft.effective))
    for name in machine.order:
        clock = draft.clock(name)
        after = _followed(machine.deadlines[name], clock, scope, draft)
        if after is not None and after != clock:
            record(after, name, scope, draft)


def record(clock: Clock, name: str, scope: Scope, draft: Draft) -> None:
    """Note a clock that changed; deadlines that refer to it see it already."""
    draft.clocks[name] = clock
    scope.case = replace(scope.case, clocks={**scope.case.clocks, name: clock})


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
    changed = {f"case.{name}" for name in set(deadline.model.follows) & draft.sets.keys()}
    changed |= differing(deadline, clock, scope, within=True)
    return refreshed(deadline, clock, scope, draft.effective, changed) if changed else clock


def differing(deadline: CompiledDeadline, clock: Clock, scope: Scope, *, within: bool) -> set[str]:
    """Return what the deadline follows outside the fields and has another value now.

    *within* keeps to other deadlines of the case. What changed outside it is not yet known at an
    instant that is only caught up with: projection lets it count from when it was published.
    """
    now = basis_of(deadline, scope) if deadline.model.live else {}
    names = {name for name in {*now, *clock.basis} if now.get(name) != clock.basis.get(name)}
    return {name for name in names if name.startswith("due.")} if within else names


def refreshed(
    deadline: CompiledDeadline, clock: Clock, scope: Scope, now: datetime, changed: Set[str]
) -> Clock:
    """Return the clock with its budget worked out anew; extensions stay, and what was undated.

    A limit that does not use what *changed*, such as one set by hand, gives the same clock.

    Raises:
        TransitionRefused: the due would pass the deadline's bounds.
    """
    limit = limit_of(deadline, scope)
    if limit is None:
        return clock
    budget = replace(
        _restarted(deadline, clock, scope, changed),
        span=str(limit) if isinstance(limit, Span) else None,
        until=limit if isinstance(limit, datetime) else None,
    )
    if budget == clock:
        return clock
    budget = replace(budget, basis=basis_of(deadline, scope))
    renewed = clocks.renew(budget, scope.world.clockwork, steps_of(deadline), now)
    check_start(deadline, renewed, scope)
    return renewed


def _restarted(deadline: CompiledDeadline, clock: Clock, scope: Scope, changed: Set[str]) -> Clock:
    """Return the clock from where it counts now, if that is among what changed."""
    starts = deadline.starts
    if starts is None or not any(_names(used, changed) for used in starts.names):
        return clock
    began = scope.value(starts)
    if began == UNDATED:
        return clock
    first = replace(clock.runs[0], since=began)
    return replace(clock, started=began, runs=(first, *clock.runs[1:]))


def _names(used: str, changed: Set[str]) -> bool:
    """Whether *used* is among what changed, or a column of it."""
    return used in changed or used.rpartition(".")[0] in changed
