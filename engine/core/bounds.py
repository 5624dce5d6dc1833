"""The bounds of a deadline. A bound refuses and names the nearest allowed value; it never clamps."""

from __future__ import annotations

from datetime import datetime

from duban.engine.core import clocks
from duban.engine.core.scope import Scope
from duban.engine.core.texts import shown_instant
from duban.engine.definition.expressions import Expression
from duban.engine.definition.machine import CompiledDeadline
from duban.engine.errors import Reason, TransitionRefused
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Offset, Span
from duban.engine.values.case import Clock, Grant


def _refuse(deadline: CompiledDeadline, scope: Scope, en: str, zh: str) -> TransitionRefused:
    reason = Reason("RULE-011", en, zh, f"deadlines.{deadline.name}")
    return TransitionRefused(case=scope.case.id, trigger=deadline.name, reasons=[reason])


def nothing_to_extend(deadline: CompiledDeadline, scope: Scope) -> TransitionRefused:
    """Return the refusal to extend a deadline that does not run, or has ended."""
    name, name_zh = deadline.title.get("en", deadline.name), deadline.title.get("zh", deadline.name)
    en, zh = f"{name} does not run and cannot be extended", f"“{name_zh}”未在计时，不能延期"
    return _refuse(deadline, scope, en, zh)


def _instant(bound: Expression, clock: Clock, scope: Scope) -> datetime:
    value = scope.value(bound)
    return scope.world.clockwork.after(clock.started, value) if isinstance(value, Span) else value


def check_start(deadline: CompiledDeadline, clock: Clock, scope: Scope) -> None:
    """Refuse a due that lies outside ``not_before`` and ``at_most``."""
    if clock.due is None:
        return
    clockwork = scope.world.clockwork
    name, name_zh = deadline.title.get("en", deadline.name), deadline.title.get("zh", deadline.name)
    if deadline.at_most is not None:
        latest = _instant(deadline.at_most, clock, scope)
        if clock.due > latest:
            last = shown_instant(latest, clockwork)
            en = f"{name} would be due {shown_instant(clock.due, clockwork)}; at the latest {last}"
            zh = f"“{name_zh}”将到 {shown_instant(clock.due, clockwork)}，最迟不得超过 {last}"
            raise _refuse(deadline, scope, en, zh)
    if deadline.not_before is not None:
        earliest = _instant(deadline.not_before, clock, scope)
        if earliest != UNDATED and clock.due < earliest:
            first = shown_instant(earliest, clockwork)
            en = f"{name} would be due {shown_instant(clock.due, clockwork)}; not before {first}"
            zh = f"“{name_zh}”将到 {shown_instant(clock.due, clockwork)}，不得早于 {first}"
            raise _refuse(deadline, scope, en, zh)


def check_extension(
    deadline: CompiledDeadline, before: Clock, after: Clock, grant: Grant, scope: Scope
) -> None:
    """Refuse an extension past the bounds: how often, how much, in all, and asked in time."""
    if grant.to == UNDATED:
        en, zh = "there is no date to which it could be extended", "没有可供延期到的日期"
        raise _refuse(deadline, scope, en, zh)
    # A clock that waits has no due; what counts is the one with which it would go on now.
    before, after = _as_if_running(before, scope), _as_if_running(after, scope)
    bounds = deadline.extension
    if bounds is not None:
        if bounds.times is not None and len(after.extensions) > bounds.times:
            done = len(before.extensions)
            en = f"it may be extended {bounds.times} time(s), and was {done} time(s)"
            zh = f"最多可延期 {bounds.times} 次，已延期 {done} 次"
            raise _refuse(deadline, scope, en, zh)
        if bounds.asked is not None and bounds.request is None:
            check_asked_in_time(deadline, before, scope)
        if bounds.each is not None and before.due is not None:
            _check_length(deadline, before.due, after, Span.parse(bounds.each), scope)
        if bounds.total is not None and after.first_due is not None:
            _check_length(deadline, after.first_due, after, Span.parse(bounds.total), scope)
    if before.due is not None and after.due is not None and after.due <= before.due:
        shown = shown_instant(before.due, scope.world.clockwork)
        en = f"an extension must end after the present due, {shown}"
        zh = f"延期后的期限必须晚于现期限 {shown}"
        raise _refuse(deadline, scope, en, zh)
    check_start(deadline, after, scope)


def _as_if_running(clock: Clock, scope: Scope) -> Clock:
    return clocks.resume(clock, scope.world.clockwork, clocks.Steps(), scope.world.now)


def _check_length(
    deadline: CompiledDeadline, due: datetime, after: Clock, most: Span, scope: Scope
) -> None:
    latest = scope.world.clockwork.after(due, most)
    if after.due is not None and after.due > latest:
        last = shown_instant(latest, scope.world.clockwork)
        en = f"the extension is too long: at most {most}, that is until {last}"
        zh = f"延期过长：最多 {most}，即不迟于 {last}"
        raise _refuse(deadline, scope, en, zh)


def check_asked_in_time(deadline: CompiledDeadline, clock: Clock, scope: Scope) -> None:
    """Refuse a request for an extension that comes too late.

    Raises:
        TransitionRefused: the window is closed; it names the last day.
    """
    bounds, clockwork = deadline.extension, scope.world.clockwork
    if bounds is None or bounds.asked is None or clock.due is None:
        return
    offset = Offset.parse(bounds.asked)
    last = clock.due
    if offset.side == "before":
        last = clockwork.ends(clockwork.day(clockwork.before(clock.due, offset.span)))
    elif offset.side == "after":
        last = clockwork.after(clock.due, offset.span)
    if scope.world.now > last:
        shown = shown_instant(last, clockwork)
        en = f"an extension had to be asked for by {shown}"
        zh = f"延期申请最迟应于 {shown} 提出"
        raise _refuse(deadline, scope, en, zh)
