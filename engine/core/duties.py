"""What a duty asks for when its time has come: a case for each unit, or for each of certain cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duban.engine.core.draft import Draft
from duban.engine.core.dues import Due
from duban.engine.definition.campaign import Campaign
from duban.engine.definition.duties import EachCase
from duban.engine.definition.selector import Selector, selected
from duban.engine.timing.instants import parse_date
from duban.engine.values.actor import THE_TIMER
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Note, Open, Tie
from duban.engine.values.identity import derived_id


def open_tasks(campaign: Campaign, draft: Draft) -> list[Command | Note]:
    """Return the commands that open the tasks of *campaign*."""
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


def open_duty(
    campaign: Campaign, due: Due, draft: Draft, concerned: Sequence[Case]
) -> list[Command | Note]:
    """Return the commands that open what is due: for each unit selected, or each case concerned.

    A case that is opened for another one is its child; both learn of it, or neither.
    """
    if isinstance(due.duty.each, EachCase):
        return [c for case in concerned for c in _for_case(campaign, due, draft, case)]
    clockwork = draft.world.clockwork
    day = max(due.opens, clockwork.day(draft.effective))
    units = selected(_selector(campaign, due), draft.world.directory, day)
    return [_opening(campaign, due, draft, unit, draft.case.id, unit) for unit in units]


def _for_case(campaign: Campaign, due: Due, draft: Draft, case: Case) -> list[Command | Note]:
    opened = _opening(campaign, due, draft, case.unit, case.id, case.id)
    assert opened.id is not None
    cause = draft.cause(f"duties.{due.name}")
    return [opened, Tie(case=case.id, name="children", other=opened.id, cause=cause)]


def _opening(
    campaign: Campaign, due: Due, draft: Draft, unit: str, parent: str, element: str
) -> Open:
    return Open(
        workflow=due.duty.open or "",
        unit=unit,
        actor=THE_TIMER,
        data=_given(due, draft.world.lang),
        campaign=campaign.campaign,
        id=derived_id(draft.effective, draft.case.id, due.key, element),
        links=(("parent", parent),),
        cause=draft.cause(f"duties.{due.name}"),
    )


def before_publication(due: Due, case: Case) -> bool:
    """Return whether *due* lay before the duty was published in the campaign of *case*."""
    published = case.data.get("published", {})
    assert isinstance(published, Mapping)
    first = published.get(due.key)
    return isinstance(first, str) and due.day < parse_date(first)


def _selector(campaign: Campaign, due: Due) -> Selector:
    each = due.duty.each
    if isinstance(each, Selector):
        return each
    assert isinstance(each, str)
    return campaign.groups[each]


def _given(due: Due, lang: str) -> dict[str, object]:
    period = f"{due.since}..{due.until}"
    title = (due.duty.title or {}).get(lang, due.name)
    named = {
        "duty.due": due.day.isoformat(),
        "duty.since": due.since.isoformat(),
        "duty.until": due.until.isoformat(),
        "duty.period": period,
        "duty.name": f"{title} {period}",
    }
    return {
        field: named.get(value, value) if isinstance(value, str) else value
        for field, value in due.duty.with_.items()
    }


def due_measure(due: Due, commands: Sequence[Command | Note]) -> dict[str, Plain]:
    """Return what the history of the campaign says of a due."""
    return {
        "duty": due.name,
        "due": due.day.isoformat(),
        "since": due.since.isoformat(),
        "opened": sum(isinstance(command, Open) for command in commands),
    }
