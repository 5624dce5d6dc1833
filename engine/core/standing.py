"""Standing cases: one for each unit of a kind, found without asking the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from duban.engine.definition.selector import Selector, selected
from duban.engine.values.directory import Directory
from duban.engine.values.identity import short_hash

STANDING = "standing."


def standing_id(workflow: str, unit: str, campaign: str | None) -> str:
    """Return the id of the case of *workflow* that stands for *unit* (in *campaign*)."""
    return short_hash("standing", workflow, unit, campaign or "")


class Standing:
    """Which workflows stand for which units, on one day; asked for a unit, it looks upwards."""

    def __init__(self, selectors: Mapping[str, Selector], directory: Directory, day: date) -> None:
        self._selectors, self._directory, self._day = selectors, directory, day
        self._units: dict[str, frozenset[str]] = {}

    @property
    def workflows(self) -> tuple[str, ...]:
        """The workflows that stand."""
        return tuple(self._selectors)

    def unit(self, workflow: str, unit: str) -> str | None:
        """Return the unit for which *workflow* stands nearest to *unit*: itself or one above it."""
        if workflow not in self._selectors:
            return None
        if workflow not in self._units:
            found = selected(self._selectors[workflow], self._directory, self._day)
            self._units[workflow] = frozenset(found)
        chosen = self._units[workflow]
        line = (row.id for row in self._directory.line(unit, self._day))
        return next((name for name in line if name in chosen), None)


NOTHING_STANDS = Standing({}, Directory(kinds={}, units=(), holders=()), date.min)
