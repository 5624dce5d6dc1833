"""Replaying: a case and its next entry give the case after it. Nothing else is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from duban.engine.history.chain import genesis
from duban.engine.history.entry import Entry
from duban.engine.history.firing import fired, flagged, struck
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.forms import clock_of

# The kind of the entry that takes a case to other rules.
MIGRATE = "migrate"
# How a field that lost its value stands in an entry: canonical JSON here has no null.
NONE: Mapping[str, Plain] = {"none": True}

# The region, the state left and the state entered.
Move: TypeAlias = tuple[str, str, str]

# What an entry says outright of the case, where it says so.
_AS_SAID = ("rules", "campaign", "episode", "counts")


def evolve(case: Case | None, entry: Entry) -> Case:
    """Return the case as it stands after *entry*; *case* is None before the first."""
    body = entry.body
    before = _newborn(entry) if case is None else case
    if entry.kind == MIGRATE:
        # Who signed did so under a transition of the old rules.
        before = replace(before, signed=())
    changes: dict[str, Any] = {
        "version": entry.seq,
        "head": entry.hash,
        "changed": entry.at,
    }
    changes.update((name, body[name]) for name in _AS_SAID if name in body)
    if "moves" in body:
        moves = [(move[0], move[1], move[2]) for move in body["moves"]]
        renamed = entry.kind == MIGRATE
        changes["states"], changes["entered"] = moved(
            before, moves, entry.effective, renamed=renamed
        )
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
    after = replace(before, **changes)
    return flagged(struck(fired(after, entry), entry), entry)


def replay(entries: Iterable[Entry]) -> Case | None:
    """Return the case that *entries*, in order, make; None when there are none."""
    case: Case | None = None
    for entry in entries:
        case = evolve(case, entry)
    return case


def moved(
    case: Case, moves: Sequence[Move], at: datetime, *, renamed: bool = False
) -> tuple[tuple[str, ...], dict[str, datetime]]:
    """Return the states of *case* after *moves* at the instant *at*, and when each was entered.

    A region that had no state yet gets its place behind the others. *renamed*: under other rules
    a state has another name; the case entered it when it did.
    """
    states = list(case.states)
    entered = dict(case.entered)
    places = {state: number for number, state in enumerate(states)}
    for _, source, dest in moves:
        place = places.pop(source, None)
        if place is None:
            place = len(states)
            states.append(dest)
        states[place] = dest
        places.setdefault(dest, place)
        entered[dest] = case.entered.get(source, at) if renamed else at
    # Other rules may have one region where there were two, and one state that takes both in.
    return tuple(dict.fromkeys(states)), entered


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


def _filled(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**old, **new}
    return {name: value for name, value in merged.items() if value != NONE}
