"""Carrying over: a case goes on under another campaign, with its identity, rules and clocks. Pure."""

from __future__ import annotations

from duban.engine.core.course import Decision
from duban.engine.core.draft import Draft
from duban.engine.core.world import World
from duban.engine.history.evolve import evolve
from duban.engine.values.actor import THE_TIMER
from duban.engine.values.case import Case
from duban.engine.values.command import Cause


def decide_carried(case: Case, campaign: str, cause: Cause, world: World) -> Decision:
    """Decide on carrying *case* over to *campaign*: nothing else about it changes."""
    draft = Draft(case=case, world=world, kind="carry", actor=THE_TIMER, effective=world.now)
    draft.members["campaign"] = campaign
    draft.members["cause"] = {"case": cause.case, "seq": cause.seq, "rule": cause.rule}
    entry = draft.entry({})
    return Decision(
        case=evolve(case, entry),
        before=case.version,
        entries=(entry,),
        notices=(),
        timers={},
        commands=(),
    )
