"""Which units: one way to say it, for campaigns, for effects and for standing cases."""

from __future__ import annotations

from datetime import date

from duban.engine.definition.base import Model, Names
from duban.engine.values.directory import Directory


class Selector(Model):
    """Which units. In an effect, ``under`` may name a field of the case that holds a unit."""

    kind: Names = []
    under: str | None = None
    depth: int | None = None
    tagged: str | None = None
    units: Names = []
    but: Names = []


def selected(selector: Selector, directory: Directory, day: date) -> tuple[str, ...]:
    """Return the units that *selector* chooses from the organisation as it is on *day*."""
    return directory.select(
        day,
        kind=selector.kind,
        under=selector.under,
        depth=selector.depth,
        tagged=selector.tagged,
        units=selector.units,
        but=selector.but,
    )
