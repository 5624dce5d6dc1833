"""Small worlds to decide in: a machine from YAML, a tiny organisation, a moment in Shanghai."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

from duban.engine.core.course import Decision
from duban.engine.core.decide import Explanation, decide_due, decide_fire, decide_open, explain
from duban.engine.core.world import World
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.library import EMPTY, Library
from duban.engine.definition.machine import Machine
from duban.engine.definition.published import KINDS, Definition
from duban.engine.history.entry import Entry
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import parse_instant
from duban.engine.values.actor import THE_TIMER, Actor
from duban.engine.values.case import Case, Clock
from duban.engine.values.command import Cause, Fire, Open
from duban.engine.values.directory import Directory, Holder, Unit, UnitKind
from duban.workflows.loader import FileLoader
from duban.workflows.reader import read, validate

WORKFLOWS = Path(__file__).parent.parent / "workflows"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TICK = timedelta(microseconds=1)
CASE = "01case"
RULE = Cause(case="elsewhere", seq=1, rule="transitions.0.then.0")


def local(text: str) -> datetime:
    """Return the instant that the clocks of Shanghai show as *text*: a day, or a day and a time."""
    return parse_instant(text if "T" in text else f"{text}T00:00", SHANGHAI)


def last_of(day: str) -> datetime:
    """Return the last instant of *day* in Shanghai."""
    return local(day) + timedelta(days=1) - TICK


# ---- definitions


def define(text: str) -> Definition:
    """Return the definition that *text* holds, with the place of each of its parts."""
    document = read(dedent(text).encode(), "test.yaml")
    kind = next(key for key in document.data if key in KINDS)
    kind = "phase" if "phase" in document.data else kind
    model = validate(KINDS[kind], document)
    return Definition(
        kind, str(document.data[kind]), model, SourceMap("test.yaml", document.places)
    )


@cache
def shipped() -> Library:
    """Return everything that ships in workflows/."""
    return EMPTY.with_definitions(FileLoader().load(str(WORKFLOWS)))


@cache
def office() -> Clockwork:
    """Return the clockwork of Shanghai, with the days of work as the State Council gave them."""
    return shipped().clockwork("Asia/Shanghai", "china", None)


def library(*texts: str) -> Library:
    """Return a library of the definitions in *texts*."""
    return EMPTY.with_definitions([define(text) for text in texts])


def machine(*texts: str) -> Machine:
    """Return the machine of the first workflow of *texts*, compiled and without faults."""
    return _machine(texts)


@cache
def _machine(texts: tuple[str, ...]) -> Machine:
    known = library(*texts)
    name = next(d.name for d in map(define, texts) if d.kind == "workflow")
    return compile_rules(known.rules(name, None, None))


# ---- people

_TITLE = {"en": "x", "zh": "某"}


def _kind(head: str, *posts: str) -> UnitKind:
    return UnitKind(posts=dict.fromkeys((head, *posts), _TITLE), head=head)


KINDS_OF_UNITS = {
    "commission": _kind("director", "inspector"),
    "centre": _kind("director", "inspector"),
    "school": _kind("principal", "safety_officer"),
}
UNITS = (
    Unit(id="commission", kind="commission", title={"en": "Commission", "zh": "教委"}),
    Unit(id="office", kind="centre", title=_TITLE, parent="commission"),
    Unit(id="centre", kind="centre", title=_TITLE, parent="commission"),
    Unit(id="school", kind="school", title={"en": "School", "zh": "一小"}, parent="centre"),
    Unit(id="annex", kind="school", title=_TITLE, parent="centre"),
)
PEOPLE = {
    "commission/director": "dora",
    "commission/inspector": "ivan",
    "office/director": "olga",
    "centre/director": "carl",
    "centre/inspector": "cora",
    "school/principal": "paul",
    "school/safety_officer": "sara",
    "annex/principal": "anna",
}


def directory(people: Mapping[str, str] | None = None, *more: Holder) -> Directory:
    """Return the organisation with *people* by post."""
    held = PEOPLE if people is None else people
    holders = [Holder(post=post, person=person) for post, person in held.items()]
    return Directory(kinds=KINDS_OF_UNITS, units=UNITS, holders=[*holders, *more])


def by(person: str, post: str | None = None, behalf: str | None = None) -> Actor:
    """Return *person* as an actor."""
    return Actor(person=person, post=post, on_behalf_of=behalf)


PAUL, SARA, CORA, DORA = by("paul"), by("sara"), by("cora"), by("dora")


def world(now: str | datetime, **changes: Any) -> World:
    """Return the surroundings at a local time."""
    instant = local(now) if isinstance(now, str) else now
    given = {"clockwork": office(), "directory": directory(), "lang": "en", "seed": b"seed"}
    return World(now=instant, **{**given, **changes})


# ---- one case and its life


@dataclass
class Life:
    """A case under way: what is decided is folded into it, as a store would keep it."""

    machine: Machine
    people: Directory
    case: Case
    last: Decision
    entries: list[Entry]
    timers: dict[str, datetime]
    spans: Mapping[str, datetime]
    facts: Mapping[str, int | bool] = field(default_factory=dict)
    since: datetime | None = None
    clockwork: Clockwork | None = None

    def world(self, now: str | datetime, **changes: Any) -> World:
        known = {"directory": self.people, "spans": self.spans, "facts": self.facts}
        known |= {"since": self.since, "clockwork": self.clockwork or office()}
        return world(now, **{**known, **changes})

    def fire(
        self,
        trigger: str,
        now: str | datetime,
        actor: Actor = PAUL,
        /,
        **data: object,
    ) -> Decision:
        command = Fire(case=self.case.id, trigger=trigger, actor=actor, data=data)
        return self.take(decide_fire(self.machine, self.case, command, self.world(now)))

    def fired_by_rule(self, trigger: str, now: str | datetime) -> Decision:
        command = Fire(case=self.case.id, trigger=trigger, actor=THE_TIMER, cause=RULE)
        return self.take(decide_fire(self.machine, self.case, command, self.world(now)))

    def due(self, now: str | datetime) -> Decision:
        return self.take(decide_due(self.machine, self.case, self.world(now)))

    def take(self, decision: Decision) -> Decision:
        self.case, self.last = decision.case, decision
        self.entries.extend(decision.entries)
        for name, at in decision.timers.items():
            self.timers.pop(name, None)
            if at is not None:
                self.timers[name] = at
        return decision

    def explain(self, now: str | datetime, actor: Actor = PAUL) -> Explanation:
        return explain(self.machine, self.case, actor, self.world(now))

    def clock(self, name: str) -> Clock:
        return self.case.clocks[name]

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]

    @property
    def rungs(self) -> list[str]:
        return [entry.body["rung"]["name"] for entry in self.entries if entry.kind == "rung"]


def begin(
    rules: Machine | str | Sequence[str],
    now: str | datetime = "2021-03-01T09:00",
    actor: Actor = PAUL,
    unit: str = "school",
    people: Directory | None = None,
    links: tuple[tuple[str, str], ...] = (),
    cause: Cause | None = None,
    spans: Mapping[str, datetime] | None = None,
    clockwork: Clockwork | None = None,
    **data: object,
) -> Life:
    """Return a case that was just opened; Monday 2021-03-01 is a day of work like those after it."""
    texts = (rules,) if isinstance(rules, str) else rules
    compiled = texts if isinstance(texts, Machine) else machine(*texts)
    command = Open(
        workflow=compiled.workflow.workflow,
        unit=unit,
        actor=actor,
        data=data,
        links=links,
        cause=cause,
    )
    staff = people or directory()
    days = clockwork or office()
    surroundings = world(now, directory=staff, spans=spans or {}, clockwork=days)
    decision = decide_open(compiled, command, CASE, surroundings)
    life = Life(compiled, staff, decision.case, decision, [], {}, spans or {}, clockwork=days)
    life.take(decision)
    return life


def now_utc(text: str) -> datetime:
    """Return an instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
