"""The shape of duties: who owes something, how often, and what becomes of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key
from pydantic import model_validator

from duban.engine.definition.base import (
    DateText,
    FileName,
    Model,
    Name,
    Names,
    OffsetText,
    Title,
    refusal,
)
from duban.engine.definition.recurrence import Period, Recurrence
from duban.engine.definition.selector import Selector
from duban.engine.timing.spans import Offset

Constant = str | int | bool


class EachCase(Model):
    """Which cases of the campaign: one duty for each."""

    cases: Name
    where: dict[Name, Constant] = {}
    states: Names = []
    counts: Literal["open", "closed", "any"] = "open"


class Duty(Model):
    """A recurring obligation: of many units, one for each of certain cases, or to freeze a list."""

    title: Title | None = None
    each: str | Selector | EachCase | None = None
    for_each: Period | None = None
    open: str | None = None
    freeze: FileName | None = None
    with_: dict[str, Constant] = Key(default={}, alias="with")
    due: Recurrence
    roll: Literal["none", "forward", "backward"] = "none"
    opens: OffsetText = "30 days before"
    from_: DateText | None = Key(default=None, alias="from")
    to: DateText | None = None
    before: Literal["inclusive", "exclusive"] = "inclusive"
    cites: Names = []

    @model_validator(mode="after")
    def _whole(self) -> Duty:
        if (self.open is None) == (self.freeze is None):
            raise refusal(
                "DEF-115",
                "a duty does one thing: 'open' a workflow or 'freeze' a register",
                "一项任务只做一件事：open（创建事项）或 freeze（固定台账）",
            )
        if (self.each is None) != (self.open is None):
            raise refusal(
                "DEF-115",
                "'each' says for whom cases are opened: it goes with 'open' and with nothing else",
                "each 指明为谁创建事项，只与 open 同用",
            )
        if (self.for_each is None) != (self.due.from_end is None):
            raise refusal(
                "DEF-116",
                "'for_each' goes with a due reckoned from the end of the period: 'end', "
                "'15 days after' or '5 workdays before'",
                "for_each 须配以相对期末的 due：end、15 days after 或 5 workdays before",
            )
        if Offset.parse(self.opens).side == "after":
            raise refusal("DEF-124", "a duty opens before it is due", "任务须在到期前开始")
        return self
