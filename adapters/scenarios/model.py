"""The shape of a scenario: what happens when, and what is to be seen then."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key

from duban.engine.definition.base import FileName, Model, Name, Names, Title, refusal
from duban.engine.definition.organisation import Organisation, PostText
from duban.engine.errors import BadInput
from duban.engine.timing.instants import find_zone, parse_date, parse_instant

NONE = "none"
_DAY = re.compile(r"[0-9]{4,9}-[0-9]{2}-[0-9]{2}")
_ANY_ZONE = find_zone("UTC")


def is_day(text: str) -> bool:
    """Whether *text* names a day and no time of it."""
    return _DAY.fullmatch(text) is not None


def _when(value: Any) -> Any:
    if isinstance(value, str):
        try:
            _ = parse_date(value) if is_day(value) else parse_instant(value, _ANY_ZONE)
        except BadInput as error:
            if error.code in ("TIME-008", "TIME-009"):
                raise refusal(
                    "DEF-132",
                    f"'{value}' is neither a day, such as 2021-03-01, nor a local time, such as "
                    "2021-03-01 17:30",
                    f"“{value}”既不是日期（如 2021-03-01），也不是当地时间（如 2021-03-01 17:30）",
                ) from None
            raise refusal("DEF-132", error.text("en"), error.text("zh")) from None
    return value


def _when_or_none(value: Any) -> Any:
    return NONE if value is None else value if value == NONE else _when(value)


# A day, or a day and a time of it, as the clocks of the organisation show it.
When = Annotated[str, BeforeValidator(_when)]
Due = Annotated[str, BeforeValidator(_when_or_none)]
CaseName = Annotated[str, Key(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64)]


class By(Model):
    """Who acts: the holder of a role (the first, or the *number*-th), or a person in a post."""

    role: Name | None = None
    number: int = Key(default=1, ge=1)
    person: str | None = None
    post: PostText | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"role": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> By:
        if (self.role is None) == (self.person is None):
            raise refusal(
                "DEF-131",
                "'by' is a role of the workflow, or {person: …, post: …}",
                "by 须为流程的角色，或 {person: …, post: …}",
            )
        return self


class Find(Model):
    """A case that the rules opened, to be given a name: the *index*-th (from 0) that fits."""

    workflow: FileName | None = None
    campaign: FileName | None = None
    of: CaseName | None = None
    unit: FileName | None = None
    index: int = Key(default=0, ge=0)
    as_: CaseName = Key(alias="as")

    @model_validator(mode="after")
    def _one(self) -> Find:
        if (self.workflow is None) == (self.campaign is None):
            raise refusal(
                "DEF-131",
                "'find' names the 'workflow' of the case, or the 'campaign' whose own case is meant",
                "find 须指明事项的 workflow，或要找其本身事项的 campaign",
            )
        return self


class Import(Model):
    """Many cases opened at once, in turn at each of the units."""

    open: FileName
    count: int = Key(ge=1, le=100_000)
    units: Names
    by: By
    campaign: FileName | None = None
    with_: dict[Name, Any] = Key(default={}, alias="with")
    as_: CaseName | None = Key(default=None, alias="as")


class Answer(Model):
    """What the step itself is answered: ``refused`` is the code, ``says`` parts of the reason."""

    refused: str | bool = False
    says: Names = []


class Expected(Model):
    """How a case is to stand, and what is to have happened to it since the step before."""

    state: Names | None = None
    counts: str | None = None
    unit: FileName | None = None
    campaign: FileName | None = None
    phase: FileName | None = None
    due: dict[Name, Due] = {}
    first_due: dict[Name, Due] = {}
    overdue: Names | None = None
    not_overdue: Names = []
    running: Names = []
    waiting: Names = []
    met: Names = []
    lapsed: Names = []
    not_lapsed: Names = []
    fields: dict[Name, Any] = {}
    facts: dict[Name, Any] = {}
    times: dict[Name, int] = {}
    episode: int | None = None
    children: dict[FileName, int] = {}
    links: dict[Name, int | CaseName | list[CaseName]] = {}
    may: dict[Name, Names] = {}
    may_not: dict[Name, Names] = {}
    notices: int | dict[str, int] | None = None
    history: Names | None = None


class Counted(Model):
    """How many cases of a workflow there are to be, by how they count."""

    open: int | None = None
    closed: int | None = None
    void: int | None = None
    overdue: int | None = None
    all: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"all": value} if isinstance(value, int) else value


# What stands over the line and what stands under it.
Rate = Annotated[str, Key(pattern=r"^[0-9]+/[0-9]+$")]
Split = dict[str, Rate]


class Rows(Model):
    """What a register is to show: its rows by the names of their cases, and cells in them."""

    campaign: FileName | None = None
    year: int | None = None
    frozen: int | None = Key(default=None, ge=1)
    rows: int | list[CaseName] | None = None
    cells: dict[CaseName, dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"rows": value} if isinstance(value, (int, list)) else value


class Rated(Model):
    """What a statistic is to come to, as a whole and split."""

    campaign: FileName | None = None
    total: Rate | None = None
    by: Split = {}
    unknown: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"total": value} if isinstance(value, str) else value


class Everywhere(Model):
    """What is to be seen beyond one case: cases, lists of them, notices of all of them."""

    cases: dict[FileName, Counted] = {}
    registers: dict[FileName, Rows] = {}
    statistics: dict[Name, Rated] = {}
    sent: int | dict[str, int] | None = None


class Step(Model):
    """One thing that happens at a time, and what is to be seen after it."""

    at: When | None = None
    note: Title | None = None
    open: FileName | None = None
    fire: Name | None = None
    find: Find | None = None
    apply: Names = []
    import_: Import | None = Key(default=None, alias="import")
    unit: FileName | None = None
    campaign: FileName | None = None
    by: By | None = None
    with_: dict[Name, Any] = Key(default={}, alias="with")
    as_: CaseName | None = Key(default=None, alias="as")
    on: CaseName | None = None
    variant: bool | list[Step] = False
    # Read apart: its keys are those of `Answer`, `Expected` and `Everywhere`, or names of cases.
    expect: dict[str, Any] = {}

    @property
    def action(self) -> str:
        """What happens: one of the keys that make something happen, or nothing."""
        given = [name for name in ("open", "fire", "find") if getattr(self, name) is not None]
        given += [
            name for name, there in (("apply", self.apply), ("import", self.import_)) if there
        ]
        given += ["variant"] if isinstance(self.variant, list) else []
        return "+".join(given)

    @property
    def names(self) -> str | None:
        """The name that this step gives to a case, if it does."""
        if self.find is not None:
            return self.find.as_
        return self.as_ or self.open

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        if "+" in self.action:
            raise refusal(
                "DEF-131",
                f"a step does one thing, not {self.action.replace('+', ' and ')}; make it two steps",
                f"一个步骤只做一件事，不能同时 {self.action.replace('+', ' 和 ')}；请分成两步",
            )
        self._complete()
        return self

    def _complete(self) -> None:
        takes = _TAKES.get(self.action, frozenset())
        for key in ("unit", "campaign", "by", "with", "as"):
            if getattr(self, f"{key}_" if key in ("with", "as") else key) and key not in takes:
                doing, doing_zh = (f"'{self.action}'",) * 2 if self.action else _NOTHING
                raise refusal(
                    "DEF-131",
                    f"'{key}' belongs to {_owners(key)}, not to a step with {doing}",
                    f"“{key}”属于 {_owners(key)}，不属于{doing_zh}步骤",
                )
        if self.action in ("open", "fire") and self.by is None:
            raise refusal("DEF-131", "say 'by' whom it is done", "请用 by 说明由谁办理")
        if self.action == "open" and self.unit is None:
            raise refusal("DEF-131", "say at which 'unit' it opens", "请用 unit 说明在哪个单位立项")


_NOTHING = ("nothing to do", "没有动作的")
_TAKES = {
    "open": frozenset({"unit", "campaign", "by", "with", "as"}),
    "fire": frozenset({"by", "with"}),
}


def _owners(key: str) -> str:
    return ", ".join(action for action, takes in _TAKES.items() if key in takes)


class Scenario(Model):
    """A time line on definitions, with what is to be seen along it."""

    scenario: FileName
    title: Title | None = None
    uses: Names = []
    organisation: Organisation | None = None
    starts: When | None = None
    steps: list[Step]
