"""Drawing from the seed: values for inputs, delays, and which step comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from random import Random

from duban.adapters.simulation.behaviour import Days, Drawn, Sealed, Step
from duban.engine.timing.calendar import Calendar
from duban.engine.timing.spans import Span
from duban.engine.values.case import Case


class Dice:
    """Everything that is left to chance, from one seed."""

    def __init__(self, seed: int, calendar: Calendar, sloppy: int) -> None:
        self._random = Random(seed)  # a simulation must repeat, not be secret
        self._calendar = calendar
        self._sloppy_percent = sloppy
        self._sloppy: dict[str, bool] = {}

    def hits(self, percent: float) -> bool:
        """Whether something with this chance in percent happens."""
        return self._random.random() * 100 < percent

    def sloppy(self, unit: str) -> bool:
        """Whether *unit* is one of those that are often late; once drawn, it stays."""
        if unit not in self._sloppy:
            self._sloppy[unit] = self.hits(self._sloppy_percent)
        return self._sloppy[unit]

    def one_of(self, items: Sequence[str]) -> str:
        """Draw one of *items*."""
        return items[self._random.randrange(len(items))]

    def step(self, steps: Sequence[Step], case: Case) -> Step | None:
        """Draw the next step of *case*: the first whose dice fall."""
        fitting = [s for s in steps if all(case.data.get(k) == v for k, v in s.when.items())]
        return next((step for step in fitting if self.hits(step.chance)), None)

    def day(self, today: date, step: Step, unit: str) -> date:
        """Draw the day on which *step* is taken, some workdays from *today*."""
        count = self._random.randint(*step.after)
        if self.hits(step.late * (3 if self.sloppy(unit) else 1)):
            count = max(count, 2) * self._random.randint(2, 4)
        return self._calendar.add(today, Span(count, "workdays")) if count else today

    def values(
        self, wanted: Mapping[str, Drawn], today: date, unit: str, now: str
    ) -> dict[str, object]:
        """Draw a value for every input."""
        return {name: self._value(drawn, today, unit, now) for name, drawn in wanted.items()}

    def _value(self, drawn: Drawn, today: date, unit: str, now: str) -> object:
        if isinstance(drawn, Days):
            count = self._random.randint(*drawn.workdays)
            return self._calendar.add(today, Span(count, "workdays")).isoformat()
        if isinstance(drawn, Sealed):
            return {"name": drawn.sealed, "seal": True}
        if isinstance(drawn, list):
            return self.one_of(drawn)
        if isinstance(drawn, dict):
            return self._random.choices(list(drawn), list(drawn.values()))[0]
        if isinstance(drawn, str):
            return drawn.replace("{unit}", unit).replace("{now}", now)
        return drawn
