"""The shape of registers, statistics and carry-over: what a campaign knows of many cases at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key

from duban.engine.definition.base import Expr, FileName, Model, Name, Names, Title, many, refusal
from duban.engine.definition.duties import Constant
from duban.engine.definition.recurrence import Period, Recurrence


class Register(Model):
    """A list of cases as officials read it; it may be numbered by the year, and frozen."""

    title: Title
    of: Name
    where: dict[Name, Constant] = {}
    when: Expr | None = None
    counts: Literal["open", "closed", "void"] | None = None
    columns: Annotated[list[str], BeforeValidator(many)]
    restarts: Literal["year"] | None = None
    carried: Literal["open", "none"] = "open"
    freezes: Recurrence | Period | None = None
    statistics: Names = []
    by: Names = []

    @model_validator(mode="after")
    def _whole(self) -> Register:
        if self.carried != "open" and self.restarts is None:
            raise refusal(
                "DEF-121",
                "'carried' says what a new year takes over: it goes with 'restarts: year'",
                "carried 指明新年度结转什么，须与 restarts: year 同用",
            )
        if isinstance(self.freezes, Recurrence) and self.freezes.from_end is not None:
            raise refusal(
                "DEF-116",
                "say the period by itself, as in 'freezes: quarter', or write a duty with 'freeze'",
                "请直接写周期，如 freezes: quarter，或另写一项带 freeze 的任务",
            )
        return self


class Statistic(Model):
    """A rate with its numerator and denominator, counted over the cases of a workflow."""

    title: Title
    of: Name
    where: dict[Name, Constant] = {}
    numerator: Expr
    denominator: Expr = "true"
    by: Name | None = None
    cites: Names = []


class CarryOver(Model):
    """The cases of an earlier campaign that go on in this one."""

    from_: FileName = Key(alias="from")
    of: Names
    counts: Literal["open", "any"] = "open"
