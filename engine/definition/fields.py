"""Fields of a case, and what a firing may ask."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from duban.engine.definition.base import Model, Name, Ordered, Title, many, refusal
from duban.engine.timing.spans import Span

Type = Literal[
    "text", "number", "money", "flag", "date", "instant", "span", "choice", "unit", "post", "case",
    "evidence", "serial", "list",
]  # fmt: skip
ItemType = Literal[
    "text", "number", "money", "flag", "date", "instant", "unit", "post", "case", "evidence"
]


class Choice(Model):
    """One row of a choice: its title and its columns."""

    title: Title | None = None
    columns: Ordered[Name, str | int | bool] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value is None:
            return {}
        if isinstance(value, str):
            return {"title": value}
        if isinstance(value, dict) and "columns" not in value:
            columns = {name: item for name, item in value.items() if name != "title"}
            return {**({"title": value["title"]} if "title" in value else {}), "columns": columns}
        return value


class Field(Model):
    """The type of a field or input, and its bounds."""

    type: Type
    title: Title | None = None
    max: int = 2000
    choices: Ordered[Name, Choice] = {}
    of: ItemType | None = None
    personal: bool = False
    kind: Annotated[list[str], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)] = []
    seal: bool = False
    channel: str | None = None
    number: int = 1
    format: str | None = None
    per: Annotated[list[str], BeforeValidator(many)] = []

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Field:
        if (self.type == "choice") != bool(self.choices):
            raise refusal(
                "DEF-044",
                "a choice, and only a choice, has 'choices'",
                "只有 choice 类型才有 choices",
            )
        if (self.type == "list") != (self.of is not None):
            raise refusal(
                "DEF-045",
                "a list, and only a list, says 'of' what",
                "只有 list 类型才用 of 说明元素类型",
            )
        if self.type == "serial":
            _check_serial(self.format, personal=self.personal)
        elif self.format is not None or self.per:
            raise refusal(
                "DEF-095",
                "a serial, and only a serial, has a 'format' and says 'per' what it begins anew",
                "只有 serial 类型才有 format 和 per",
            )
        columns = {frozenset(choice.columns) for choice in self.choices.values()}
        if len(columns) > 1:
            raise refusal(
                "DEF-046", "every choice must have the same columns", "每个选项的列必须相同"
            )
        return self

    @property
    def columns(self) -> dict[str, str]:
        """The columns of a choice and their types."""
        first = next(iter(self.choices.values()), None)
        return {} if first is None else {n: scalar_type(v) for n, v in first.columns.items()}


def _check_serial(format: str | None, *, personal: bool) -> None:
    """Refuse a serial without its number, and one that could not be erased."""
    if format is None or "n" not in placeholders(format):
        raise refusal(
            "DEF-095",
            "a serial has a 'format' that holds its number, such as '{year}-{n}'",
            "serial 须有含编号的 format，例如“〔{year}〕{n}号”",
        )
    if personal:
        raise refusal(
            "DEF-098",
            "a number is kept for good in the register of numbers: it cannot be personal",
            "编号永久保存在编号簿中，不能标为 personal",
        )


PLACEHOLDER = re.compile(r"\{([^{}:]*)(?::(0[1-9]))?\}")


def placeholders(format: str) -> dict[str, str]:
    """Return the names in the format of a serial, each with how it is padded (``04``, or empty)."""
    return {found[1]: found[2] or "" for found in PLACEHOLDER.finditer(format)}


def scalar_type(value: str | int | bool) -> str:
    """Return the type of a setting or of a choice's column, told by its value."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int):
        return "number"
    return "span" if is_span(value) else "text"


def is_span(value: str) -> bool:
    """Whether *value* reads as a length of time."""
    count, _, unit = value.partition(" ")
    return count.isascii() and count.isdigit() and unit.rstrip("s") in _UNITS and _parses(value)


_UNITS = {"workday", "day", "month", "hour"}


def _parses(value: str) -> bool:
    try:
        Span.parse(value)
    except Exception:
        return False
    return True
