"""Taking a running case to other rules: its state, values and clocks under their new names."""

from __future__ import annotations

from collections.abc import Mapping

from duban.engine.core import clocks
from duban.engine.core.draft import Draft
from duban.engine.core.inputs import plain_value
from duban.engine.core.moving import entered_region
from duban.engine.core.scope import Scope
from duban.engine.core.terms import follow, limit_of, refreshed, steps_of
from duban.engine.definition.machine import NEW, Machine
from duban.engine.errors import BadInput, Reason, TransitionRefused
from duban.engine.values.case import Clock
from duban.engine.values.command import Migrate


def translate(old: Machine, new: Machine, draft: Draft, command: Migrate) -> None:
    """Fill *draft* with what a case under the rules *old* becomes under *new*.

    A clock goes on with what it consumed; its limit is worked out anew, from where it began, only
    where the two rules give it another one. One whose deadline the new rules do not know ends. A
    region that is new begins; one that is gone must be mapped to the state that takes it in.

    Raises:
        TransitionRefused: a state or a value of the case has no place under the new rules, or a
            due would pass their bounds.
    """
    dests = {state: command.states.get(state, state) for state in draft.case.states}
    reasons = [*_homeless(new, dests), *_crowded(new, dests), *_unfit(old, new, draft)]
    if reasons:
        raise TransitionRefused(case=draft.case.id, trigger="migrate", reasons=reasons)
    draft.members.update({"from": old.rules, "rules": new.rules, "reason": command.reason})
    for state, dest in dests.items():
        if dest != state:
            draft.moves.append((entered_region(new, dest), state, dest))
    regions = new.workflow.regions
    held = {regions.of(dest) for dest in dests.values()}
    for region, state in regions.beginnings.items():
        if region not in held:
            draft.moves.append((region, NEW, state))
    before = dict(draft.case.clocks)
    _rename(new, draft, command.deadlines)
    follow(new, draft)
    _new_limits(old, new, draft, before, command.deadlines)


def _homeless(new: Machine, dests: Mapping[str, str]) -> list[Reason]:
    """The states of the case that the new rules do not know."""
    known = ", ".join(new.states)
    reasons = []
    for state, dest in dests.items():
        if dest not in new.states:
            en = f"the new rules have no state '{dest}'; map '{state}' to one of: {known}"
            zh = f"新规则没有状态“{dest}”；请把“{state}”对应到以下之一：{known}"
            reasons.append(Reason("RULE-040", en, zh, f"states.{state}"))
    return reasons


def _crowded(new: Machine, dests: Mapping[str, str]) -> list[Reason]:
    """The regions of the new rules in which the case would be twice, or where it must be and is not."""
    if any(dest not in new.states for dest in dests.values()):
        return []
    reasons = []
    regions = new.workflow.regions
    for region, states in regions.states.items():
        there = sorted({dest for dest in dests.values() if dest in states})
        if len(there) > 1 or (region == regions.first and not there):
            listed = ", ".join(there) or "-"
            en = f"a case is in one state of region '{region}', not in: {listed}; map its states"
            zh = f"事项在区域“{region}”只能处于一个状态，而非：{listed}；请对应其状态"
            reasons.append(Reason("RULE-022", en, zh, f"states.{region}"))
    return reasons


def _unfit(old: Machine, new: Machine, draft: Draft) -> list[Reason]:
    """The values of the case that a field of the new rules cannot hold."""
    reasons = []
    for name, value in draft.case.data.items():
        field = new.fields.get(name)
        erased = isinstance(value, Mapping) and "erased" in value
        if field is None or field == old.fields.get(name) or erased:
            continue
        try:
            plain_value(name, field, value, draft.world)
        except BadInput as error:
            place = f"fields.{name}"
            reasons.append(Reason("RULE-041", error.text("en"), error.text("zh"), place))
    return reasons


def _rename(new: Machine, draft: Draft, names: Mapping[str, str]) -> None:
    """Clocks go on under their new names; those that have none in the new rules end."""
    clockwork = draft.world.clockwork
    for name, clock in draft.case.clocks.items():
        target = names.get(name, name)
        if target != name and target in new.deadlines:
            draft.clocks[target] = clock
        if target != name or name not in new.deadlines:
            draft.clocks[name] = clocks.end(clock, clockwork, draft.effective)


def _new_limits(
    old: Machine,
    new: Machine,
    draft: Draft,
    before: Mapping[str, Clock],
    names: Mapping[str, str],
) -> None:
    scope = Scope(new, draft.preview(), draft.world.as_of(draft.effective))
    was = Scope(old, draft.case, draft.world.as_of(draft.effective))
    for name, clock in before.items():
        target = names.get(name, name)
        going = draft.clock(target)
        if target not in new.deadlines or going is None or going.ended is not None:
            continue
        if name not in old.deadlines or going.started != clock.started:
            continue
        ladder = steps_of(old.deadlines[name]) != steps_of(new.deadlines[target])
        limit = limit_of(old.deadlines[name], was) != limit_of(new.deadlines[target], scope)
        if limit:
            going = refreshed(new.deadlines[target], going, scope, draft.effective, frozenset())
        elif ladder:
            steps = steps_of(new.deadlines[target])
            going = clocks.renew(going, draft.world.clockwork, steps, draft.effective)
        draft.clocks[target] = going
