"""What came of it, phase by phase: read from the history, so that the history must add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from duban.adapters.simulation.behaviour import Behaviour
from duban.engine.core.campaign import campaign_case_id
from duban.engine.definition.campaign import Campaign
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import replay
from duban.engine.ports import Store
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import read_instant
from duban.engine.values.case import Case

TOTAL = "total"


@dataclass(slots=True)
class PhaseFigures:
    """The figures of one phase; a case counts in a phase by the day on which it happened."""

    phase: str
    title: Mapping[str, str]
    begins: str
    ends: str
    hazards: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)

    def covers(self, day: date) -> bool:
        """Whether *day* lies in the phase."""
        return self.begins <= day.isoformat() <= self.ends


@dataclass(slots=True)
class Summary:
    """The figures of a whole simulation."""

    phases: list[PhaseFigures]
    total: PhaseFigures
    cases: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    dues: dict[str, set[str]] = field(default_factory=dict)
    goals: dict[str, Any] = field(default_factory=dict)
    last_hash: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "phases": [_plain(figures) for figures in self.phases],
            TOTAL: _plain(self.total),
            "cases": dict(sorted(self.cases.items())),
            "entries": self.entries,
            "due_dates_per_unit": sorted({day for days in self.dues.values() for day in days}),
            "reporting_units": len(self.dues),
            "goals": self.goals,
            "last_hash": self.last_hash,
        }


def _plain(figures: PhaseFigures) -> dict[str, Any]:
    figures.notices += Counter()  # nothing went out for most entries
    return {
        "phase": figures.phase,
        "from": figures.begins,
        "to": figures.ends,
        "hazards": dict(sorted(figures.hazards.items())),
        "reports": dict(sorted(figures.reports.items())),
        "rungs": dict(sorted(figures.rungs.items())),
        "notices": dict(sorted(figures.notices.items())),
    }


class Counting:
    """Counts one case after the other."""

    def __init__(self, campaign: Campaign, behaviour: Behaviour, clockwork: Clockwork) -> None:
        self._behaviour, self._clockwork = behaviour, clockwork
        phases = [
            PhaseFigures(phase=p.phase, title=p.title or {}, begins=p.from_, ends=p.to)
            for p in campaign.phases
        ]
        total = PhaseFigures(phase=TOTAL, title={}, begins="0000", ends="9999")
        self.summary = Summary(phases=phases, total=total)
        self._heads = sha256()

    def add(self, case: Case, history: Sequence[Entry]) -> None:
        """Count *case*."""
        self._heads.update(f"{case.id} {case.head}\n".encode())
        self.summary.cases[case.workflow] += 1
        self.summary.entries += len(history)
        if case.workflow == self._behaviour.reports:
            self._report(case)
        previous: Mapping[str, int] = {}
        overdue: set[str] = set()
        for entry in history:
            figures = self._figures(entry.effective)
            for part in figures:
                part.notices[_occasion(entry, case.workflow)] += len(entry.body.get("notices", ()))
            if entry.kind == "rung":
                self._rung(entry, figures, overdue, case)
            if case.workflow == self._behaviour.hazards:
                previous = self._hazard(entry, figures, previous)

    def finish(self) -> Summary:
        """Return the summary; the last hash covers the head of every case."""
        self.summary.last_hash = self._heads.hexdigest()
        return self.summary

    def _figures(self, instant: datetime) -> list[PhaseFigures]:
        day = self._clockwork.day(instant)
        return [p for p in self.summary.phases if p.covers(day)] + [self.summary.total]

    def _hazard(
        self, entry: Entry, figures: list[PhaseFigures], previous: Mapping[str, int]
    ) -> Mapping[str, int]:
        happened = []
        if entry.kind == "open":
            happened.append("found")
        if "episode" in entry.body:
            happened.append("reopened")
        if entry.body.get("counts") == "closed":
            happened.append("struck_off")
        if entry.body.get("counts") == "void":
            happened.append("void")
        grants = {n: len(c.get("grants", ())) for n, c in entry.body.get("clocks", {}).items()}
        if any(number > previous.get(name, 0) for name, number in grants.items()):
            happened.append("extended")
        for part in figures:
            part.hazards.update(happened)
        return {**previous, **grants}

    def _rung(
        self, entry: Entry, figures: list[PhaseFigures], overdue: set[str], case: Case
    ) -> None:
        rung = entry.body["rung"]
        for part in figures:
            part.rungs[rung["name"]] += 1
        late = entry.effective > read_instant(rung["due"])
        if late and case.workflow == self._behaviour.hazards and not overdue:
            overdue.add(rung["deadline"])
            for part in figures:
                part.hazards["overdue"] += 1

    def _report(self, case: Case) -> None:
        kind, due = str(case.data.get("kind")), str(case.data.get("due"))
        clock = next(iter(case.clocks.values()), None)
        if clock is None:
            return
        if kind in self._behaviour.reports_due:
            self.summary.dues.setdefault(case.unit, set()).add(due)
        standing = "on_time" if clock.met else "late" if clock.overran else "running"
        if standing == "running" and clock.ended is None:
            standing = "missing"
        for part in self.summary.phases:
            if part.begins <= due <= part.ends:
                part.reports[standing] += 1
        self.summary.total.reports[standing] += 1


def _occasion(entry: Entry, workflow: str) -> str:
    """What a notice went out for: the rung, or the workflow's trigger."""
    if "rung" in entry.body:
        return str(entry.body["rung"]["name"])
    return f"{workflow}.{entry.trigger or entry.kind}"


def summarise(
    store: Store, campaign: Campaign, behaviour: Behaviour, clockwork: Clockwork
) -> Summary:
    """Return the figures of the campaign in *store*, in one pass and bounded memory."""
    counting = Counting(campaign, behaviour, clockwork)
    with store.reading() as reader:
        for stored, history in reader.walk():
            case = replay(history)
            assert case is not None
            assert case.id == stored.case_id
            counting.add(case, history)
        for entry in reader.history(campaign_case_id(campaign.campaign)):
            counting.summary.goals.update(entry.body.get("measure", {}).get("goals", {}))
    return counting.finish()
