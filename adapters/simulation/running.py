"""The run: day after day, the sweep, the deliveries, what arises, and what people do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from duban.adapters.simulation.behaviour import Arrival, Behaviour, Step
from duban.adapters.simulation.drawing import Dice
from duban.engine.core.campaign import WORKFLOW as CAMPAIGN
from duban.engine.definition.campaign import Campaign
from duban.engine.definition.selector import selected
from duban.engine.errors import BadUsage
from duban.engine.ports import Where
from duban.engine.shell.engine import Engine, Outcome
from duban.engine.timing.instants import find_zone, format_instant, parse_date
from duban.engine.values.actor import Actor
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Fire, Open

_MORNING, _FORENOON = time(8), time(10)
_WORKDAYS_A_YEAR = 250
_MOST_TRIES = 3

Progress = Callable[[date, int, int], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """A step that somebody will take on a case; ``tries`` counts refusals."""

    case: str
    step: Step
    tries: int = 0


@dataclass(slots=True)
class Ran:
    """What the run itself counted; everything else is read from the history."""

    commands: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sent: int = 0


class Simulation:
    """Runs one campaign on a virtual store, as its behaviour says."""

    def __init__(self, engine: Engine, campaign: Campaign, behaviour: Behaviour, seed: int) -> None:
        self._engine, self._campaign, self._behaviour = engine, campaign, behaviour
        library = engine.library()
        self._directory = library.directory
        self._zone = find_zone(campaign.zone or library.zone)
        organisation = library.organisation
        calendar = campaign.calendar or (organisation.calendar if organisation else None)
        clockwork = library.clockwork(self._zone.key, calendar, None)
        self._calendar = clockwork.calendar
        self._dice = Dice(seed, clockwork.calendar, behaviour.sloppy)
        self._agenda: dict[date, list[Planned]] = {}
        self._keys = count(1)
        self._seen = datetime.min.replace(tzinfo=self._zone)
        self.ran = Ran()

    def run(self, progress: Progress) -> Ran:
        """Run from the first day to the last; *progress* hears the day, and how far it is."""
        first, last = parse_date(self._behaviour.starts), parse_date(self._behaviour.until)
        days = (last - first).days + 1
        for number in range(days):
            today = first + timedelta(days=number)
            self._day(today)
            progress(today, number + 1, days)
        return self.ran

    def _day(self, today: date) -> None:
        self._at(today, _MORNING)
        self._engine.sweep()
        self.ran.sent += self._engine.deliver().sent
        if self._calendar.is_workday(today):
            now = self._at(today, _FORENOON)
            self._act(today, [*self._arrivals(today, now), *self._planned(today, now)])
        self._meet_new_cases(today)

    def _at(self, today: date, hour: time) -> datetime:
        now = datetime.combine(today, hour, tzinfo=self._zone)
        self._engine.set_clock(now)
        return now

    # ---- what arises

    def _arrivals(self, today: date, now: datetime) -> Iterator[tuple[Command, Planned | None]]:
        for arrival in self._behaviour.arrivals:
            for unit in self._units(arrival, today):
                if self._dice.hits(_daily_percent(arrival)):
                    command = self._opening(arrival, unit, today, now)
                    if command is not None:
                        yield command, None

    def _units(self, arrival: Arrival, today: date) -> tuple[str, ...]:
        return selected(self._campaign.groups[arrival.each], self._directory, today)

    def _opening(self, arrival: Arrival, unit: str, today: date, now: datetime) -> Command | None:
        people = [
            Actor(person=holder.person, post=post)
            for post in self._directory.posts(unit, ["any"], today)
            for holder in self._directory.holders(post, today)
        ]
        if not people:
            return None
        given = self._dice.values(arrival.with_, today, unit, format_instant(now))
        return Open(
            workflow=arrival.open,
            unit=unit,
            actor=people[-1],
            data=given,
            key=self._key(),
            campaign=self._campaign.campaign,
        )

    # ---- what people do

    def _planned(self, today: date, now: datetime) -> Iterator[tuple[Command, Planned | None]]:
        for planned in self._agenda.pop(today, ()):
            case = self._engine.case(planned.case)
            actor = self._somebody(case, planned.step)
            if actor is None:
                self._again(planned, today)
                continue
            given = self._dice.values(planned.step.with_, today, case.unit, format_instant(now))
            yield (
                Fire(
                    case=case.id,
                    trigger=planned.step.fire,
                    actor=actor,
                    data=given,
                    key=self._key(),
                ),
                planned,
            )

    def _somebody(self, case: Case, step: Step) -> Actor | None:
        """One of those who play the role, but nobody who must leave it to another."""
        machine = self._engine.machine(case)
        barred = {
            person
            for state in case.states
            for candidate in machine.candidates(state, step.fire)
            for trigger in candidate.not_by
            for person in case.did.get(trigger, ())
        }
        barred.update(p for s in case.signed if s.trigger == step.fire for p in s.persons)
        people = [a for a in self._engine.players(case, step.as_) if a.person not in barred]
        return people[0] if people else None

    def _act(self, today: date, due: list[tuple[Command, Planned | None]]) -> None:
        outcomes = self._engine.fire_many(command for command, _ in due)
        self.ran.commands += len(outcomes)
        for outcome, (_, planned) in zip(outcomes, due, strict=True):
            if outcome.case is not None and planned is not None:
                self._plan(outcome.case, today)
            elif outcome.error is not None:
                self._refused(outcome, planned, today)

    def _refused(self, outcome: Outcome, planned: Planned | None, today: date) -> None:
        assert outcome.error is not None
        self.ran.refused[outcome.error.code] += 1
        if planned is None:
            return
        # What the rules refuse is not tried again: people do something else, or it moved by itself.
        self._plan(self._engine.case(planned.case), today, but=planned.step)

    def _again(self, planned: Planned, today: date) -> None:
        if planned.tries < _MOST_TRIES:
            later = Planned(planned.case, planned.step, planned.tries + 1)
            self._agenda.setdefault(self._workday(today + timedelta(days=5)), []).append(later)

    def _plan(self, case: Case, today: date, *, but: Step | None = None) -> None:
        known = self._behaviour.steps.get(case.workflow, {})
        steps = [step for state in case.states for step in known.get(state, [])]
        step = self._dice.step([step for step in steps if step != but] or steps, case)
        if step is not None:
            day = self._workday(max(self._dice.day(today, step, case.unit), today + timedelta(1)))
            self._agenda.setdefault(day, []).append(Planned(case.id, step))

    def _workday(self, day: date) -> date:
        return self._calendar.roll(day, "forward")

    def _meet_new_cases(self, today: date) -> None:
        """Cases opened by people, duties, tasks and rules since the last look begin their lives."""
        where = Where(opened_from=self._seen)
        after: str | None = None
        while True:
            page = self._engine.cases(where, sort="opened", limit=1000, after=after)
            for case in page.cases:
                if case.workflow != CAMPAIGN:
                    self._plan(case, today)
            after = page.next
            if after is None:
                break
        self._seen = self._engine.now() + timedelta(microseconds=1)

    def _key(self) -> str:
        return f"simulated-{next(self._keys)}"


def _daily_percent(arrival: Arrival) -> float:
    yearly = arrival.per_year
    if yearly is None:
        yearly = (arrival.percent_per_year or 0) / 100
    return yearly / _WORKDAYS_A_YEAR * 100


def start_of(behaviour: Behaviour, zone: ZoneInfo) -> datetime:
    """Return the instant at which the virtual clock starts."""
    return datetime.combine(parse_date(behaviour.starts), _MORNING, tzinfo=zone)


def check_fits(behaviour: Behaviour, campaign: Campaign) -> None:
    """Refuse a behaviour that names what the campaign does not have.

    Raises:
        BadUsage: naming it.
    """
    for arrival in behaviour.arrivals:
        if arrival.each not in campaign.groups:
            raise BadUsage(
                what=f"behaviour {behaviour.behaviour}: campaign has no group '{arrival.each}'",
                what_zh=f"行为 {behaviour.behaviour}：专项行动没有分组“{arrival.each}”",
            )
