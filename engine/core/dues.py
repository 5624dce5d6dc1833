"""When duties fall due, and which period each due answers for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from duban.engine.definition.campaign import Campaign, PhasePart
from duban.engine.definition.duties import Duty
from duban.engine.definition.lists import Register
from duban.engine.definition.recurrence import END, Recurrence, days, periods
from duban.engine.timing.calendar import Calendar
from duban.engine.timing.instants import parse_date
from duban.engine.timing.spans import Offset

# A recurrence without an end would go on for ever; nobody plans a campaign for longer.
_HORIZON = timedelta(days=3660)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One occurrence of a duty: the day it is due, its period, the day it opens.

    ``key`` names the occurrence by what the definition says, which no calendar moves.
    """

    name: str
    key: str
    duty: Duty
    day: date
    since: date
    until: date
    opens: date


@dataclass(frozen=True, slots=True)
class _Planned:
    """A due as the definition has it, before rest days and the like move it."""

    key: str
    day: date
    since: date | None = None
    until: date | None = None


def dues(campaign: Campaign, calendar: Calendar) -> list[Due]:
    """Return every occurrence of every duty, in order of its due day."""
    found = [
        due
        for prefix, phase, name, duty in _duties(campaign)
        for due in _dues_of(campaign, phase, name, f"{prefix}{name}", duty, calendar)
    ]
    return sorted(found, key=lambda due: (due.day, due.key))


def _dues_of(
    campaign: Campaign,
    phase: PhasePart | None,
    name: str,
    key: str,
    duty: Duty,
    calendar: Calendar,
) -> Iterator[Due]:
    first, last = _bounds(campaign, phase, duty)
    since = first
    for planned in _planned(duty, first, last, calendar):
        day = calendar.roll(planned.day, duty.roll)
        if duty.before == "exclusive":
            day -= _DAY
        opens = calendar.subtract(day, Offset.parse(duty.opens).span)
        yield Due(
            name=name,
            key=f"{key}:{planned.key}",
            duty=duty,
            day=day,
            since=planned.since or since,
            until=planned.until or day,
            opens=max(first, opens),
        )
        since = day + _DAY


def _duties(campaign: Campaign) -> Iterator[tuple[str, PhasePart | None, str, Duty]]:
    """Yield the duties of the campaign, of its phases, and of its registers that are frozen."""
    for name, duty in campaign.duties.items():
        yield "", None, name, duty
    for phase in campaign.phases:
        for name, duty in phase.duties.items():
            yield f"{phase.phase}/", phase, name, duty
    for name, register in campaign.registers.items():
        if register.freezes is not None:
            yield "freeze:", None, name, _freezing(name, register)


def _freezing(name: str, register: Register) -> Duty:
    when = register.freezes
    if isinstance(when, Recurrence):
        return Duty(freeze=name, due=when)
    return Duty(freeze=name, for_each=when, due=Recurrence(from_end=END))


def _bounds(campaign: Campaign, phase: PhasePart | None, duty: Duty) -> tuple[date, date]:
    first = duty.from_ or (phase.from_ if phase else campaign.begins)
    last = duty.to or (phase.to if phase else campaign.ends)
    begins = parse_date(first)
    return begins, parse_date(last) if last else begins + _HORIZON


def _planned(duty: Duty, first: date, last: date, calendar: Calendar) -> Iterator[_Planned]:
    if duty.for_each is not None:
        for begin, end in periods(duty.for_each, first, last):
            until = min(end, last)
            day = _from_end(until, duty.due.from_end or END, calendar)
            yield _Planned(begin.isoformat(), day, max(begin, first), until)
        return
    for day in days(duty.due, first, last):
        yield _Planned(day.isoformat(), day)


def _from_end(until: date, text: str, calendar: Calendar) -> date:
    if text == END:
        return until
    offset = Offset.parse(text)
    move = calendar.subtract if offset.side == "before" else calendar.add
    return move(until, offset.span)
