"""Projection: the clocks of a case follow what changed outside it, and an entry says why."""

from __future__ import annotations

from collections.abc import Mapping, Set

from duban.engine.core import clocks
from duban.engine.core.draft import Draft
from duban.engine.core.scope import Scope
from duban.engine.core.terms import begin, differing, record, refreshed, steps_of
from duban.engine.definition.machine import CompiledDeadline, Machine
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED, format_instant
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Clock

# A clock that has not begun.
_NOTHING = Clock(started=UNDATED)


def project(machine: Machine, draft: Draft, *, recount: bool, within: bool = False) -> None:
    """Let the clocks of *draft* follow what they follow outside the case; say what moved, and why.

    With *recount*, running clocks are counted again by the calendar as it is now; with *within*,
    they only follow one another. What did not move leaves no trace, so that projecting twice is the
    same as once.

    Raises:
        TransitionRefused: a due would pass its deadline's bounds.
    """
    told: dict[str, Plain] = {}
    clockwork = draft.world.clockwork
    scope = Scope(machine, draft.preview(), draft.world.as_of(draft.effective))
    for name in machine.order:
        deadline, before = machine.deadlines[name], draft.clock(name)
        changed: Set[str] = set()
        after = before
        if deadline.model.live:
            changed = differing(deadline, before or _NOTHING, scope, within=within)
            after = _moved(deadline, before, scope, changed)
        if recount and after is not None and after == before and after.running:
            after = clocks.recount(after, clockwork, steps_of(deadline), draft.effective)
            changed = set()
        if after is not None and after != before:
            record(after, name, scope, draft)
            told[name] = _told(before, after, changed, clockwork)
    if told:
        draft.members["projected"] = told


def _moved(
    deadline: CompiledDeadline, clock: Clock | None, scope: Scope, changed: Set[str]
) -> Clock | None:
    now = scope.world.now
    if clock is None:
        # What it follows was undated until now, such as the end of a campaign without one.
        runs = changed and deadline.runs_in.intersection(scope.case.states)
        return begin(deadline, scope, now, None) if runs else None
    if clock.ended is not None or not changed:
        return clock
    return refreshed(deadline, clock, scope, now, changed)


def _told(
    before: Clock | None, after: Clock, changed: Set[str], clockwork: Clockwork
) -> Mapping[str, Plain]:
    old = before or _NOTHING
    told: dict[str, Plain] = {}
    for name, due in (("from", old.due), ("to", after.due)):
        if due is not None:
            told[name] = format_instant(due)
    if old.provisional and not after.provisional:
        told["firm"] = True
    told["why"] = _reasons(old, after, changed) or [_calendar(clockwork)]
    return told


def _reasons(old: Clock, after: Clock, changed: Set[str]) -> list[Plain]:
    """Return for each name that changed its value before and after, where it had one."""
    reasons: list[Plain] = []
    for name in sorted(changed):
        reason: dict[str, Plain] = {"what": name}
        for word, basis in (("from", old.basis), ("to", after.basis)):
            if name in basis:
                reason[word] = basis[name]
        reasons.append(reason)
    return reasons


def _calendar(clockwork: Clockwork) -> Mapping[str, Plain]:
    calendar = clockwork.calendar
    reason: dict[str, Plain] = {"what": f"calendar {calendar.name}"}
    if calendar.issued is not None:
        reason["to"] = calendar.issued.isoformat()
    return reason
