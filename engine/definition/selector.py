"""Which units: one way to say it, for campaigns, for effects and for standing cases."""

from __future__ import annotations

from duban.engine.definition.base import Model, Names


class Selector(Model):
    """Which units. In an effect, ``under`` may name a field of the case that holds a unit."""

    kind: Names = []
    under: str | None = None
    depth: int | None = None
    tagged: str | None = None
    units: Names = []
    but: Names = []
