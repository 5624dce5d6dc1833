"""The shape of campaigns, their phases and duties."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key

from duban.engine.definition.base import (
    DateText,
    FileName,
    Model,
    Name,
    Names,
    Ordered,
    Source,
    Title,
    refusal,
)
from duban.engine.definition.selector import Selector
from duban.engine.definition.workflow import Role

Constant = str | int | bool
Settings = dict[str, dict[Name, Constant]]
Ladders = dict[str, dict[Name, FileName]]


class Yearly(Model):
    """When a duty recurs."""

    months: list[Annotated[int, Key(ge=1, le=12)]] | None = None
    every: Literal["month", "quarter", "year"] | None = None
    day: Annotated[int, Key(ge=1, le=31)] | None = None
    rule: str | None = None
    dates: list[DateText] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"dates": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one(self) -> Yearly:
        ways = [self.months, self.every, self.rule, self.dates]
        if sum(way is not None for way in ways) != 1:
            raise refusal(
                "DEF-054",
                "a recurrence is one of: months, every, rule, or a list of dates",
                "周期须为 months、every、rule 或日期列表之一",
            )
        if (self.months or self.every) and self.day is None:
            raise refusal("DEF-055", "say the 'day' of the month", "请写明 day（日）")
        return self


class Duty(Model):
    """A recurring obligation of many units."""

    planned: ClassVar[frozenset[str]] = frozenset({"for_each", "quota", "after"})

    title: Title | None = None
    each: str | Selector
    open: str
    with_: dict[str, Constant] = Key(default={}, alias="with")
    due: Yearly
    roll: Literal["none", "forward", "backward"] = "none"
    opens: str = "30 days before"
    from_: DateText | None = Key(default=None, alias="from")
    to: DateText | None = None
    before: Literal["inclusive", "exclusive"] = "inclusive"
    cites: Names = []


class Goal(Model):
    """A target with a share; a soft one is reported, never escalated."""

    title: Title | None = None
    of: str
    where: dict[str, Constant] = {}
    counts: Literal["open", "closed", "void"] = "closed"
    by: DateText
    share: Annotated[int, Key(ge=0, le=100)]
    soft: bool = False
    cites: Names = []


class PhasePart(Model):
    """A phase as it stands in a campaign."""

    phase: FileName
    title: Title | None = None
    from_: DateText = Key(alias="from")
    to: DateText
    settings: Settings = {}
    ladders: Ladders = {}
    duties: Ordered[FileName, Duty] = {}
    goals: Ordered[FileName, Goal] = {}
    cites: Names = []

    @model_validator(mode="after")
    def _forward(self) -> PhasePart:
        if self.to < self.from_:
            raise refusal("DEF-056", "a phase ends before it begins", "阶段的结束早于开始")
        return self


class Phase(PhasePart):
    """A phase in a file of its own."""

    campaign: FileName
    sources: dict[str, Source] = {}

    def part(self) -> PhasePart:
        """Return the phase as it would stand in the campaign."""
        return PhasePart.model_validate(
            {k: v for k, v in self.plain().items() if k not in {"campaign", "sources"}}
        )


class Task(Model):
    """A standing task of a campaign, with those who lead and those who support."""

    task: Name
    title: Title
    leads: Names
    supports: Names = []
    lead_policy: Literal["all", "first"] = "all"
    tags: Names = []
    cites: Names = []


class Ledger(Model):
    """A list of cases as officials read it."""

    planned: ClassVar[frozenset[str]] = frozenset({"freeze", "number", "rollover"})

    title: Title
    of: str
    where: dict[str, Constant] = {}
    counts: Literal["open", "closed", "void"] | None = None
    columns: Annotated[list[str], BeforeValidator(lambda v: v)]


class Trigger(Model):
    """One of the grounds on which accountability may be proposed, and the rule that finds it."""

    title: Title
    rests_on: str
    cites: Names = []


class Campaign(Model):
    """A period with phases, tasks, recurring duties and settings."""

    planned: ClassVar[frozenset[str]] = frozenset({"registers", "statistics", "carry_over"})

    campaign: FileName
    title: Title | None = None
    begins: DateText
    ends: DateText | None = None
    zone: str | None = None
    calendar: FileName | None = None
    sources: dict[str, Source] = {}
    uses: Names
    groups: Ordered[FileName, Selector] = {}
    roles: dict[Name, Role] = {}
    settings: Settings = {}
    ladders: Ladders = {}
    phases: list[PhasePart] = []
    tasks: list[Task] = []
    task_workflow: str = "task"
    duties: Ordered[FileName, Duty] = {}
    goals: Ordered[FileName, Goal] = {}
    accountability: Ordered[Name, Trigger] = {}
    ledgers: Ordered[FileName, Ledger] = {}
