"""Lengths of time that name their unit, and the places of rungs before and after a due instant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from duban.engine.errors import BadOffset, BadSpan

Unit = Literal["workdays", "days", "months", "hours"]
Side = Literal["before", "due", "after"]

UNITS: tuple[Unit, ...] = get_args(Unit)
MOST = 100_000

_SPAN = re.compile(r"(0|[1-9][0-9]{0,5}) (workday|day|month|hour)s?")
_OFFSET = re.compile(r"(.+) (before|after)")


@dataclass(frozen=True, slots=True)
class Span:
    """A count of one unit, such as 15 workdays; units are never converted into one another.

    Raises:
        BadSpan: the count is not 0 to 100000.
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.count <= MOST:
            raise BadSpan(value=f"{self.count} {self.unit}")

    @classmethod
    def parse(cls, text: str) -> Span:
        """Return the span that *text* names, such as ``15 workdays`` or ``1 month``.

        Raises:
            BadSpan: the text is not a number and a unit.
        """
        found = _SPAN.fullmatch(text)
        if found is None or int(found[1]) > MOST:
            raise BadSpan(value=text[:60])
        return cls(int(found[1]), cast(Unit, found[2] + "s"))

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a rung stands: a span before or after the due instant, or on it."""

    span: Span
    side: Side

    def __post_init__(self) -> None:
        if self.side == "due" and self.span.count:
            raise BadOffset(value=f"{self.span} due")

    @classmethod
    def parse(cls, text: str) -> Offset:
        """Return the offset that *text* names: ``3 workdays before``, ``due``, ``2 days after``.

        Raises:
            BadOffset: the text has none of these forms.
        """
        if text == "due":
            return DUE
        found = _OFFSET.fullmatch(text)
        if found is None:
            raise BadOffset(value=text[:60])
        try:
            return cls(Span.parse(found[1]), cast(Side, found[2]))
        except BadSpan:
            raise BadOffset(value=text[:60]) from None

    def __str__(self) -> str:
        return "due" if self.side == "due" else f"{self.span} {self.side}"


DUE = Offset(Span(0, "days"), "due")
