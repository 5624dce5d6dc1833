"""The shape of campaigns and their phases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Key
from pydantic import model_validator

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
from duban.engine.definition.duties import Constant, Duty
from duban.engine.definition.lists import CarryOver, Register, Statistic
from duban.engine.definition.selector import Selector
from duban.engine.definition.workflow import Role

Settings = dict[str, dict[Name, Constant]]
Ladders = dict[str, dict[Name, FileName]]


class Goal(Model):
    """A target with a share, of cases or of a statistic; a soft one is reported, never escalated."""

    title: Title | None = None
    of: str | None = None
    where: dict[str, Constant] = {}
    counts: Literal["open", "closed", "void"] = "closed"
    statistic: Name | None = None
    by: DateText
    share: Annotated[int, Key(ge=0, le=100)] | None = None
    at_most: Annotated[int, Key(ge=0, le=100)] | None = None
    soft: bool = False
    cites: Names = []

    @model_validator(mode="after")
    def _one(self) -> Goal:
        if (self.of is None) == (self.statistic is None):
            raise refusal(
                "DEF-122",
                "a goal is about the cases 'of' a workflow, or about a 'statistic'",
                "目标须针对某流程的事项（of）或某项统计（statistic）之一",
            )
        if (self.share is None) == (self.at_most is None):
            raise refusal(
                "DEF-122",
                "a goal is a 'share' in percent to be reached, or one that is 'at_most' allowed",
                "目标须为至少达到的百分比（share）或至多允许的百分比（at_most）之一",
            )
        return self


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


class Trigger(Model):
    """One of the grounds on which accountability may be proposed, and the rule that finds it."""

    title: Title
    rests_on: str
    cites: Names = []


class Campaign(Model):
    """A period with phases, tasks, recurring duties and settings."""

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
    registers: Ordered[FileName, Register] = {}
    statistics: Ordered[Name, Statistic] = {}
    carry_over: CarryOver | None = None
