"""What a campaign brings of itself, and when: phases, checkpoints, tasks and duties. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.rrule import MONTHLY, rrule, rrulestr

from duban.engine.definition.campaign import Campaign, Duty, Goal, PhasePart, Yearly
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import parse_date
from duban.engine.timing.spans import Offset

_STEPS = {"month": 1, "quarter": 3, "year": 12}
# A recurrence without an end would go on for ever; nobody plans a campaign for longer.
_HORIZON = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One occurrence of a duty: the day it is due, the day from which it counts, the open day."""

    name: str
    duty: Duty
    day: date
    since: date
    opens: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that a campaign brings at an instant, once. ``key`` names it for ever."""

    key: str
    kind: str
    at: datetime
    due: Due | None = None
    goals: Mapping[str, Goal] | None = None


def happenings(campaign: Campaign, clockwork: Clockwork) -> Sequence[Happening]:
    """Return all that *campaign* brings, in order of time."""
    found = [*_tasks(campaign, clockwork), *_phases(campaign, clockwork)]
    found += [
        Happening(
            key=f"duty:{due.name}:{due.day}", kind="duty", at=clockwork.begins(due.opens), due=due
        )
        for due in dues(campaign, clockwork)
    ]
    found += _goals(campaign, clockwork)
    return sorted(found, key=lambda happening: (happening.at, happening.key))


def _tasks(campaign: Campaign, clockwork: Clockwork) -> Iterator[Happening]:
    if campaign.tasks:
        yield Happening(
            key="tasks", kind="campaign", at=clockwork.begins(parse_date(campaign.begins))
        )


def _phases(campaign: Campaign, clockwork: Clockwork) -> Iterator[Happening]:
    for phase in campaign.phases:
        begins = clockwork.begins(parse_date(phase.from_))
        yield Happening(key=f"phase:{phase.phase}:begin", kind="phase", at=begins)
        ends = clockwork.ends(parse_date(phase.to))
        yield Happening(
            key=f"phase:{phase.phase}:end",
            kind="checkpoint",
            at=clockwork.first_after(ends),
            goals={**campaign.goals, **phase.goals},
        )


def _goals(campaign: Campaign, clockwork: Clockwork) -> Iterator[Happening]:
    scopes: list[tuple[str, Mapping[str, Goal]]] = [("", campaign.goals)]
    scopes += [(f"{phase.phase}/", phase.goals) for phase in campaign.phases]
    for prefix, goals in scopes:
        for name, goal in goals.items():
            at = clockwork.first_after(clockwork.ends(parse_date(goal.by)))
            key = f"goal:{prefix}{name}:{goal.by}"
            yield Happening(key=key, kind="checkpoint", at=at, goals={name: goal})


def dues(campaign: Campaign, clockwork: Clockwork) -> list[Due]:
    """Return every occurrence of every duty, in order of its due day."""
    found: list[Due] = []
    for phase, name, duty in duties_of(campaign):
        first, last = _bounds(campaign, phase, duty)
        since = first
        for day in _days(duty.due, first, last):
            due = clockwork.calendar.roll(day, duty.roll)
            if duty.before == "exclusive":
                due -= timedelta(days=1)
            offset = Offset.parse(duty.opens)
            opens = max(first, clockwork.calendar.subtract(due, offset.span))
            found.append(Due(name=name, duty=duty, day=due, since=since, opens=opens))
            since = due + timedelta(days=1)
    return sorted(found, key=lambda due: (due.day, due.name))


def duties_of(campaign: Campaign) -> Iterator[tuple[PhasePart | None, str, Duty]]:
    """Yield the duties of the campaign, then those of its phases."""
    for name, duty in campaign.duties.items():
        yield None, name, duty
    for phase in campaign.phases:
        for name, duty in phase.duties.items():
            yield phase, name, duty


def _bounds(campaign: Campaign, phase: PhasePart | None, duty: Duty) -> tuple[date, date]:
    first = duty.from_ or (phase.from_ if phase else campaign.begins)
    last = duty.to or (phase.to if phase else campaign.ends)
    begins = parse_date(first)
    return begins, parse_date(last) if last else begins + _HORIZON


def _days(due: Yearly, first: date, last: date) -> list[date]:
    if due.dates is not None:
        return [day for text in due.dates if first <= (day := parse_date(text)) <= last]
    start = datetime(first.year, first.month, 1)  # noqa: DTZ001  # dateutil counts plain days
    if due.rule is not None:
        rule = rrulestr(due.rule, dtstart=datetime.combine(first, datetime.min.time()))
    elif due.months is not None:
        rule = rrule(MONTHLY, dtstart=start, bymonth=due.months, bymonthday=due.day)
    else:
        step = _STEPS[due.every or "month"]
        january = start.replace(month=1)
        rule = rrule(MONTHLY, interval=step, dtstart=january, bymonthday=due.day)
    until = datetime.combine(last, datetime.min.time())
    return [day.date() for day in rule.between(start, until, inc=True) if day.date() >= first]
