"""What a campaign brings of itself, and when: phases, checkpoints, tasks and duties. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from duban.engine.core.dues import Due, dues
from duban.engine.definition.campaign import Campaign, Goal
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import parse_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that a campaign brings at an instant, once. ``key`` names it for ever."""

    key: str
    kind: str
    at: datetime
    due: Due | None = None
    goals: Mapping[str, Goal] | None = None


Agenda = Sequence[Happening]


def happenings(campaign: Campaign, clockwork: Clockwork) -> Agenda:
    """Return all that *campaign* brings, in order of time."""
    found = [
        *_beginning(campaign, clockwork),
        *_phases(campaign, clockwork),
        *_goals(campaign, clockwork),
        *(_duty(due, clockwork) for due in dues(campaign, clockwork.calendar)),
    ]
    return sorted(found, key=lambda happening: (happening.at, happening.key))


def _beginning(campaign: Campaign, clockwork: Clockwork) -> Iterator[Happening]:
    begins = clockwork.begins(parse_date(campaign.begins))
    if campaign.carry_over is not None:
        yield Happening(key=f"carry:{campaign.carry_over.from_}", kind="carry", at=begins)
    if campaign.tasks:
        yield Happening(key="tasks", kind="campaign", at=begins)


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


def _duty(due: Due, clockwork: Clockwork) -> Happening:
    """A case is opened when its day begins; a list is frozen when the day that it shows is over."""
    if due.duty.freeze is None:
        at = clockwork.begins(due.opens)
    else:
        at = clockwork.first_after(clockwork.ends(due.day))
    return Happening(key=f"duty:{due.key}", kind="duty", at=at, due=due)
