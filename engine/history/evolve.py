"""Replaying: a case and its next entry give the case after it. Nothing else is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from duban.engine.history.chain import genesis
from duban.engine.history.entry import Entry
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.forms import clock_of

# The kind of the entry that takes a case to other rules.
MIGRATE = "migrate"
# How a field that lost its value stands in an entry: canonical JSON here has no null.
NONE: Mapping[str, Plain] = {"none": True}

_AS_SAID = ("rules", "episode", "counts")


def evolve(case: Case | None, entry: Entry) -> Case:
    """Return the case as it stands after *entry*; *case* is None before the first."""
    body = entry.body
    before = _newborn(entry) if case is None else case
    changes: dict[str, Any] = {
        "version": entry.seq,
        "head": entry.hash,
        "changed": entry.at,
    }
    changes.update((name, body[name]) for name in _AS_SAID if name in body)
    if "moves" in body:
        changes.update(_moved(before, entry))
    if "set" in body:
        changes["data"] = _filled(before.data, entry.values("set"))
    if "clocks" in body:
        clocks = {name: clock_of(form) for name, form in body["clocks"].items()}
        changes["clocks"] = {**before.clocks, **clocks}
    if "holds" in body:
        changes["holds"] = _filled(before.holds, body["holds"])
    if "links" in body:
        added = [(name, other) for name, other in body["links"]]
        changes["links"] = (*before.links, *(pair for pair in added if pair not in before.links))
    changes.update(_counted(before, entry))
    return replace(before, **changes)


def replay(entries: Iterable[Entry]) -> Case | None:
    """Return the case that *entries*, in order, make; None when there are none."""
    case: Case | None = None
    for entry in entries:
        case = evolve(case, entry)
    return case


def _newborn(entry: Entry) -> Case:
    body = entry.body
    return Case(
        id=entry.case,
        workflow=body["workflow"],
        rules=body["rules"],
        unit=body["unit"],
        campaign=body.get("campaign"),
        phase=body.get("phase"),
        head=genesis(entry.case),
        opened=entry.effective,
        changed=entry.at,
    )


def _moved(case: Case, entry: Entry) -> dict[str, Any]:
    states = list(case.states)
    entered = dict(case.entered)
    for _, source, dest in entry.body["moves"]:
        if source in states:
            states[states.index(source)] = dest
        else:
            states.append(dest)
        # Under other rules a state has another name; the case entered it when it did.
        renamed = entry.kind == MIGRATE
        entered[dest] = entered.get(source, entry.effective) if renamed else entry.effective
    return {"states": tuple(states), "entered": entered}


def _filled(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**old, **new}
    return {name: value for name, value in merged.items() if value != NONE}


def _counted(case: Case, entry: Entry) -> dict[str, Any]:
    trigger = entry.trigger
    if trigger is None:
        return {"did": {}} if "episode" in entry.body else {}
    did = {} if "episode" in entry.body else dict(case.did)
    actor = entry.actor
    if not actor.is_timer:
        did[trigger] = tuple(sorted({*did.get(trigger, ()), *actor.persons}))
    return {"times": {**case.times, trigger: case.times.get(trigger, 0) + 1}, "did": did}
