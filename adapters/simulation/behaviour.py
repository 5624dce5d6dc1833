"""How units behave in a simulation, as data: what arises, what they do next, how slow they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic import Field as Key

from duban.engine.definition.base import DateText, FileName, Model, Name, Names, refusal
from duban.workflows.files import FileSource
from duban.workflows.reader import validate


def _range(value: Any) -> Any:
    if isinstance(value, int):
        return (value, value)
    if isinstance(value, str):
        low, _, high = value.partition("..")
        if low.isdigit() and high.isdigit() and int(low) <= int(high):
            return (int(low), int(high))
        raise refusal(
            "DEF-061", f"'{value}' is not a range; write 2..5", f"“{value}”不是范围，请写 2..5"
        )
    return value


Range = Annotated[tuple[int, int], BeforeValidator(_range)]


class Days(Model):
    """A date some workdays ahead of the day of acting."""

    workdays: Range


class Sealed(Model):
    """A sealed piece of evidence on paper, by its name."""

    sealed: str


# A literal (`{unit}` and `{now}` are filled in), a list to draw from, or a mapping of values to weights.
Drawn = str | int | bool | Days | Sealed | list[str] | dict[str, int]


class Arrival(Model):
    """What arises by itself: cases of a workflow at the units of a group."""

    open: FileName
    each: FileName
    per_year: float | None = None
    percent_per_year: int | None = None
    as_: Name = Key(alias="as")
    with_: dict[str, Drawn] = Key(default={}, alias="with")


class Step(Model):
    """What may happen to a case in a state: a trigger, how likely, after how many workdays."""

    fire: Name
    chance: int = 100
    when: dict[str, str | int | bool] = {}
    as_: Name = Key(alias="as")
    after: Range = (0, 0)
    late: int = 0
    with_: dict[str, Drawn] = Key(default={}, alias="with")


class Behaviour(Model):
    """The behaviour of the units of a campaign."""

    behaviour: FileName
    campaign: FileName
    starts: DateText
    until: DateText
    sloppy: int = 15
    hazards: FileName = "hazard"
    reports: FileName = "report"
    arrivals: list[Arrival]
    steps: dict[FileName, dict[Name, list[Step]]]
    reports_due: Names = []


def read_behaviour(path: str) -> Behaviour:
    """Return the behaviour that the file at *path* describes.

    Raises:
        InvalidDefinition: with every fault and its place.
    """
    (document,) = FileSource(Path(path)).documents()
    return validate(Behaviour, document)
