"""A campaign is a case too: what it brings is recorded once, by the same sweep as everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from duban.engine.core.course import Decision
from duban.engine.core.draft import Draft
from duban.engine.core.duties import before_publication, due_measure, open_duty, open_tasks
from duban.engine.core.schedule import Agenda, Happening
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign
from duban.engine.history.chain import genesis
from duban.engine.history.evolve import evolve
from duban.engine.values.actor import THE_TIMER, Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Note
from duban.engine.values.identity import short_hash

WORKFLOW = "campaign"
TIMER_NAME = "campaign"


def campaign_case_id(name: str) -> str:
    """Return the id of the case of the campaign *name*: each has just one."""
    return short_hash("campaign", name)


def decide_published(
    campaign: Campaign, agenda: Agenda, rules: str, case: Case | None, actor: Actor, world: World
) -> Decision:
    """Decide on the publishing of a campaign, or of a change of it.

    The day on which each duty was first published is kept: dues before it are listed only.
    """
    known = case.data.get("published", {}) if case is not None else {}
    assert isinstance(known, Mapping)
    day = world.today.isoformat()
    keys = [happening.due.key for happening in agenda if happening.due is not None]
    start = case or _newborn(campaign, rules, world)
    draft = Draft(case=start, world=world, kind="campaign", actor=actor, effective=world.now)
    draft.members.update({"trigger": "publish", "rule": rules})
    if case is None:
        draft.members.update(
            {"workflow": WORKFLOW, "rules": rules, "unit": "", "campaign": campaign.campaign}
        )
        draft.moves.append(("", "new", "running"))
    elif case.states == ("over",):
        draft.moves.append(("", "over", "running"))
        draft.members["counts"] = "open"
    draft.sets["published"] = {key: known.get(key, day) for key in keys}
    return _decided(draft, case, agenda)


def due_happenings(agenda: Agenda, case: Case, now: datetime) -> Iterator[Happening]:
    """Yield what is due and was not recorded before, in order."""
    for happening in agenda:
        if happening.at > now:
            return
        if happening.key not in case.times:
            yield happening


def next_happening(agenda: Agenda, case: Case) -> datetime | None:
    """Return when the next thing is due that was not recorded yet."""
    return next((h.at for h in agenda if h.key not in case.times), None)


def decide_happening(
    campaign: Campaign,
    agenda: Agenda,
    case: Case,
    happening: Happening,
    measure: Mapping[str, Plain],
    world: World,
    *,
    concerned: Sequence[Case] = (),
) -> Decision:
    """Decide on one thing that a campaign brings.

    *measure* has the counts of a checkpoint; *concerned* are the cases of a duty that is owed for
    each of them.
    """
    draft = Draft(
        case=case, world=world, kind=happening.kind, actor=THE_TIMER, effective=happening.at
    )
    draft.members["trigger"] = happening.key
    commands: list[Command | Note] = []
    told = dict(measure)
    if happening.key == "tasks":
        commands = open_tasks(campaign, draft)
        told["opened"] = len(commands)
    elif happening.due is not None:
        listed = before_publication(happening.due, case)
        if happening.due.duty.open is not None and not listed:
            commands = open_duty(campaign, happening.due, draft, concerned)
        told.update(due_measure(happening.due, commands))
        if listed:
            told["listed"] = True
    if told:
        draft.members["measure"] = told
    return _decided(draft, case, agenda, commands)


def decide_noted(
    agenda: Agenda,
    case: Case,
    kind: str,
    trigger: str,
    measure: Mapping[str, Plain],
    world: World,
    *,
    actor: Actor = THE_TIMER,
    effective: datetime | None = None,
    sets: Mapping[str, Plain] | None = None,
) -> Decision:
    """Decide on an entry of the campaign that brings nothing else about: it says what happened."""
    at = world.now if effective is None else effective
    draft = Draft(case=case, world=world, kind=kind, actor=actor, effective=at)
    draft.members.update({"trigger": trigger, "measure": dict(measure)})
    draft.sets.update(sets or {})
    return _decided(draft, case, agenda)


def _decided(
    draft: Draft, before: Case | None, agenda: Agenda, commands: Sequence[Command | Note] = ()
) -> Decision:
    done = {*draft.case.times, str(draft.members.get("trigger"))}
    pending = next((h.at for h in agenda if h.key not in done), None)
    if pending is None and "trigger" in draft.members and draft.case.states == ("running",):
        draft.moves.append(("", "running", "over"))
        draft.members["counts"] = "closed"
    entry = draft.entry({})
    return Decision(
        case=evolve(before, entry),
        before=0 if before is None else before.version,
        entries=(entry,),
        notices=(),
        timers={TIMER_NAME: pending},
        commands=tuple(commands),
    )


def _newborn(campaign: Campaign, rules: str, world: World) -> Case:
    case_id = campaign_case_id(campaign.campaign)
    return Case(
        id=case_id,
        workflow=WORKFLOW,
        rules=rules,
        unit="",
        campaign=campaign.campaign,
        head=genesis(case_id),
        opened=world.now,
        changed=world.now,
    )
