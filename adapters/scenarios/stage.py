"""The stage of a scenario: a real engine on a store in memory, whose clock stands until it is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from duban.adapters.ids import SeededIds
from duban.adapters.scenarios.casting import Casting
from duban.adapters.scenarios.model import is_day
from duban.adapters.scenarios.reading import Script, Steps
from duban.adapters.storage.memory import MemoryStore
from duban.engine.core.campaign import campaign_case_id
from duban.engine.definition.campaign import Campaign, Phase
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.library import EMPTY, Library
from duban.engine.definition.machine import Machine
from duban.engine.definition.published import Definition, Survey
from duban.engine.errors import DubanError, Place
from duban.engine.history.entry import Entry
from duban.engine.ports import Where
from duban.engine.shell.engine import Engine
from duban.engine.timing.instants import find_zone, parse_date, parse_instant
from duban.engine.values.case import Case
from duban.engine.values.notice import Notice
from duban.workflows.files import FileSource
from duban.workflows.loader import FileLoader, survey_together, with_tables

MORNING = time(9)
_ALL = 1_000_000_000


class Stuck(DubanError):
    """What is due stays due: the sweep does not get past an instant."""

    code = "TEST-001"
    en = "what is due at {at} does not happen; the sweep cannot get past it"
    zh = "{at} 到期的事项未能办理，巡检无法继续"


class ScenarioFiles:
    """Reads what scenarios use; fits the port ``Definitions``. A script's own file stands for all it uses."""

    def __init__(self, script: Script, *, quiet: bool = False) -> None:
        self._script, self._quiet = script, quiet

    def survey(self, source: str, in_force: Sequence[Definition] = ()) -> Survey:
        """Return what there is at *source*, or all that the scenario uses."""
        if Path(source) != self._script.file:
            return FileLoader().survey(source, in_force)
        found = survey_together(self._script.uses, in_force, _inline(self._script))
        if not self._quiet:
            return found
        return replace(found, definitions=tuple(map(_quiet, found.definitions)))


def _quiet(definition: Definition) -> Definition:
    """Return a campaign that brings nothing by itself: no tasks, no duties, nothing frozen."""
    model = definition.model
    if isinstance(model, Phase):
        return replace(definition, model=model.model_copy(update={"duties": {}}))
    if isinstance(model, Campaign):
        phases = [phase.model_copy(update={"duties": {}}) for phase in model.phases]
        registers = {
            name: register.model_copy(update={"freezes": None})
            for name, register in model.registers.items()
        }
        quiet = {"duties": {}, "tasks": [], "phases": phases, "registers": registers}
        model = model.model_copy(update={**quiet, "carry_over": None})
        return replace(definition, model=model)
    return definition


def _inline(script: Script) -> list[Definition]:
    organisation = script.model.organisation
    if organisation is None:
        return []
    document = script.document
    places = _below(document.places, "organisation")
    organisation = with_tables(organisation, document, FileSource(script.file), places)
    source = SourceMap(document.file, places, _below(document.values, "organisation"))
    return [Definition("organisation", organisation.organisation, organisation, source)]


def _below(places: Mapping[Steps, Place], key: str) -> dict[Steps, Place]:
    return {path[1:]: place for path, place in places.items() if path[:1] == (key,)}


def _begin(definitions: Sequence[Definition]) -> str:
    """Where nothing says when: the first day of the first campaign, or some Monday."""
    days = [d.model.begins for d in definitions if isinstance(d.model, Campaign)]
    return min(days, default="2021-03-01")


class AnyChannel:
    """Takes every notice: what was sent is read from the outbox."""

    def send(self, notice: Notice) -> None:
        """Take *notice*."""


@dataclass
class Marks:
    """How far what happened was looked at already, and which case has which name."""

    seen: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Marks:
        """Return a copy that can go its own way."""
        return Marks(dict(self.seen), dict(self.names))


class Stage:
    """Plays on definitions that are published when it is set up; *quiet* leaves duties and tasks out.

    Raises:
        InvalidDefinition: the definitions have faults.
    """

    def __init__(self, script: Script, *, quiet: bool = False) -> None:
        self._script = script
        self._files = ScenarioFiles(script, quiet=quiet)
        self._machines: dict[str, Machine] = {}
        found = self._files.survey(str(script.file)).definitions
        self.zone: ZoneInfo = find_zone(EMPTY.with_definitions(found).zone)
        first = next((scene.step.at for scene in script.scenes if scene.step.at), None)
        starts = script.model.starts or first or _begin(found)
        self._store = MemoryStore(virtual=self.instant(starts))
        self.engine = Engine(
            self._store,
            ids=SeededIds(script.model.scenario),
            definitions=self._files,
            notifiers={"*": AnyChannel()},
        )
        self.marks = Marks()
        self.engine.apply(str(script.file), by="scenario")

    # ---- time

    @property
    def now(self) -> datetime:
        """The store's clock."""
        return self.engine.now()

    def instant(self, when: str, after: datetime | None = None) -> datetime:
        """Return the instant *when* means: a day alone is its morning, or later if it is that already."""
        if not is_day(when):
            return parse_instant(when, self.zone)
        day = parse_date(when)
        morning = datetime.combine(day, MORNING, tzinfo=self.zone)
        if after is not None and after.astimezone(self.zone).date() == day:
            return max(morning, after)
        return morning

    def advance(self, to: datetime) -> list[tuple[str, str]]:
        """Let the daemon's work be done at each instant at which something falls due, up to *to*.

        Return the cases that were set aside meanwhile, with the reasons.
        """
        aside: list[tuple[str, str]] = []
        before: datetime | None = None
        while (due := self.engine.next_due()) is not None and due <= to:
            if due == before:
                raise Stuck(at=due.isoformat())
            before = due
            self.engine.set_clock(due)
            aside += self._work()
        self.engine.set_clock(to)
        return [*aside, *self._work()]

    def _work(self) -> Sequence[tuple[str, str]]:
        swept = self.engine.sweep()
        self.engine.deliver()
        return swept.aside

    # ---- what is played on it

    @property
    def library(self) -> Library:
        """The definitions in force."""
        return self.engine.library()

    def casting(self) -> Casting:
        """Return who may play what now."""
        return Casting(self.engine, self._machines)

    def read(self, names: Iterable[str]) -> list[Definition]:
        """Return the definitions in further files, named from the scenario's folder."""
        known = list(self.library.definitions.values())
        found: list[Definition] = []
        for name in names:
            found += self._files.survey(self._script.sibling(name), [*known, *found]).definitions
        return found

    def apply(self, names: Sequence[str]) -> None:
        """Publish further files, named from the scenario's folder."""
        for name in names:
            self.engine.apply(self._script.sibling(name), by="scenario")

    def case(self, name: str) -> Case:
        """Return the case of that name."""
        return self.engine.case(self.marks.names[name])

    def name_of(self, case_id: str) -> str:
        """Return the scenario's name for a case, or its id."""
        return next((name for name, known in self.marks.names.items() if known == case_id), case_id)

    @contextmanager
    def tried(self) -> Iterator[None]:
        """Undo on leaving whatever was played inside, the clock and the names too."""
        marks, engine = self.marks, self.engine
        self.marks = marks.copy()
        # What an engine learns of definitions that are undone must not stay with it.
        self.engine = engine.branch()
        try:
            with self._store.undone():
                yield
        finally:
            self.marks, self.engine = marks, engine

    # ---- what happened

    def look_away(self) -> None:
        """Count what happened so far as seen."""
        for case in self._all_cases():
            self.marks.seen[case.id] = case.version

    def _all_cases(self) -> Iterator[Case]:
        after: str | None = None
        while True:
            page = self.engine.cases(limit=1000, after=after)
            yield from page.cases
            after = page.next
            if after is None:
                return

    def entries(self, case: Case) -> list[Entry]:
        """Return what happened to *case* since the step before."""
        seen = self.marks.seen.get(case.id, 0)
        return [entry for entry in self.engine.history(case.id) if entry.seq > seen]

    def notices(self, case: Case | None = None) -> list[Notice]:
        """Return what was sent since the step before, of *case* or of all."""
        sent = self.engine.outbox(case_id=case.id if case else None, limit=_ALL)
        seen: Mapping[str, int] = self.marks.seen
        return [s.notice for s in reversed(sent) if s.notice.seq > seen.get(s.notice.case, 0)]

    def found(self, workflow: str, *, of: str | None, unit: str | None) -> list[Case]:
        """Return the cases of *workflow*, oldest first; *of* are children of the case of that name."""
        if of is not None:
            cases = [self.engine.case(id) for id in self.case(of).linked("children")]
            return [c for c in cases if c.workflow == workflow and unit in (None, c.unit)]
        where = Where(workflow=workflow, units=[unit] if unit else None)
        return list(self.engine.cases(where, sort="opened", limit=1000).cases)

    def campaign_case(self, campaign: str) -> Case:
        """Return the case of a campaign."""
        return self.engine.case(campaign_case_id(campaign))
