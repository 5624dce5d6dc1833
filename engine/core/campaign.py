"""A campaign is a case too: what it brings is recorded once, by the same sweep as everything else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from duban.engine.core.course import Decision
from duban.engine.core.draft import Draft
from duban.engine.core.schedule import Due, Happening, happenings
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign
from duban.engine.definition.selector import Selector, selected
from duban.engine.history.chain import genesis
from duban.engine.history.evolve import evolve
from duban.engine.timing.instants import parse_date
from duban.engine.values.actor import THE_TIMER, Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Note, Open
from duban.engine.values.identity import derived_id, short_hash

WORKFLOW = "campaign"
TIMER_NAME = "campaign"


def campaign_case_id(name: str) -> str:
    """Return the id of the case of the campaign *name*: each has just one."""
    return short_hash("campaign", name)


def decide_published(
    campaign: Campaign, rules: str, case: Case | None, actor: Actor, world: World
) -> Decision:
    """Decide on the publishing of a campaign, or of a change of it.

    The day on which each duty was first published is kept: dues before it are listed only.
    """
    known = case.data.get("published", {}) if case is not None else {}
    assert isinstance(known, Mapping)
    day = world.today.isoformat()
    names = [f"{due.name}:{due.day}" for due in _dues(campaign, world)]
    published = {name: known.get(name, day) for name in names}
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
    draft.sets["published"] = published
    return _decided(draft, case, campaign, world, [])


def due_happening(campaign: Campaign, case: Case, world: World) -> Happening | None:
    """Return the first thing that is due and was not recorded yet."""
    for happening in happenings(campaign, world.clockwork):
        if happening.at > world.now:
            return None
        if happening.key not in case.times:
            return happening
    return None


def next_happening(campaign: Campaign, case: Case, world: World) -> datetime | None:
    """Return when the next thing is due that was not recorded yet."""
    upcoming = (h.at for h in happenings(campaign, world.clockwork) if h.key not in case.times)
    return next(upcoming, None)


def decide_happening(
    campaign: Campaign,
    case: Case,
    happening: Happening,
    measure: Mapping[str, Plain],
    world: World,
) -> Decision:
    """Decide on one thing that a campaign brings; *measure* has the counts of a checkpoint."""
    draft = Draft(
        case=case, world=world, kind=happening.kind, actor=THE_TIMER, effective=happening.at
    )
    draft.members["trigger"] = happening.key
    commands: list[Command | Note] = []
    told = dict(measure)
    if happening.key == "tasks":
        commands = _open_tasks(campaign, draft)
        told["opened"] = len(commands)
    elif happening.due is not None:
        commands = _open_duty(campaign, happening.due, draft, case, world)
        told.update(_due_measure(happening.due, commands))
        if _before_publication(happening.due, case):
            told["listed"] = True
    if told:
        draft.members["measure"] = told
    return _decided(draft, case, campaign, world, commands)


def decide_refused(
    campaign: Campaign, case: Case, key: str, refused: Mapping[str, Plain], world: World
) -> Decision:
    """Decide on noting for which units what *key* brought was refused, and why."""
    draft = Draft(case=case, world=world, kind="duty", actor=THE_TIMER, effective=world.now)
    draft.members.update({"trigger": f"{key}:refused", "measure": {"refused": dict(refused)}})
    return _decided(draft, case, campaign, world, [])


def _decided(
    draft: Draft,
    before: Case | None,
    campaign: Campaign,
    world: World,
    commands: list[Command | Note],
) -> Decision:
    pending = _pending(campaign, draft, world)
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


def _pending(campaign: Campaign, draft: Draft, world: World) -> datetime | None:
    done = {*draft.case.times, str(draft.members.get("trigger"))}
    upcoming = (h.at for h in happenings(campaign, world.clockwork) if h.key not in done)
    return next(upcoming, None)


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


def _dues(campaign: Campaign, world: World) -> list[Due]:
    return [h.due for h in happenings(campaign, world.clockwork) if h.due is not None]


def _open_tasks(campaign: Campaign, draft: Draft) -> list[Command | Note]:
    return [
        Open(
            workflow=campaign.task_workflow,
            unit=task.leads[0],
            actor=THE_TIMER,
            data={
                "title": task.title.get(draft.world.lang, task.task),
                "leads": task.leads if task.lead_policy == "all" else task.leads[:1],
                "supports": task.supports,
                "tags": task.tags,
            },
            campaign=campaign.campaign,
            id=derived_id(draft.effective, draft.case.id, "task", task.task),
            links=(("parent", draft.case.id),),
            cause=draft.cause(f"tasks.{number}"),
        )
        for number, task in enumerate(campaign.tasks)
    ]


def _open_duty(
    campaign: Campaign, due: Due, draft: Draft, case: Case, world: World
) -> list[Command | Note]:
    """One case for each unit selected; none for a due that lay before the duty was published."""
    if _before_publication(due, case):
        return []
    day = max(due.opens, world.clockwork.day(draft.effective))
    given = _constants(due, draft.world.lang)
    return [
        Open(
            workflow=due.duty.open,
            unit=unit,
            actor=THE_TIMER,
            data=given,
            campaign=campaign.campaign,
            id=derived_id(draft.effective, draft.case.id, due.name, due.day.isoformat(), unit),
            links=(("parent", draft.case.id),),
            cause=draft.cause(f"duties.{due.name}"),
        )
        for unit in selected(_selector(campaign, due), world.directory, day)
    ]


def _before_publication(due: Due, case: Case) -> bool:
    published = case.data.get("published", {})
    assert isinstance(published, Mapping)
    first = published.get(f"{due.name}:{due.day}")
    return isinstance(first, str) and due.day < parse_date(first)


def _selector(campaign: Campaign, due: Due) -> Selector:
    each = due.duty.each
    return each if isinstance(each, Selector) else campaign.groups[each]


def _constants(due: Due, lang: str) -> dict[str, object]:
    period = f"{due.since}..{due.day}"
    title = (due.duty.title or {}).get(lang, due.name)
    named = {
        "duty.due": due.day.isoformat(),
        "duty.period": period,
        "duty.name": f"{title} {period}",
    }
    given: dict[str, object] = {"due": due.day.isoformat()}
    for field, value in due.duty.with_.items():
        given[field] = named.get(value, value) if isinstance(value, str) else value
    return given


def _due_measure(due: Due, commands: list[Command | Note]) -> dict[str, Plain]:
    return {
        "duty": due.name,
        "due": due.day.isoformat(),
        "since": due.since.isoformat(),
        "opened": len(commands),
    }
