"""What a decision may know besides the case: the instant, the calendar, the organisation, facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from duban.engine.core.standing import NOTHING_STANDS, Standing
from duban.engine.timing.clockwork import Clockwork
from duban.engine.values.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The surroundings of one command.

    ``now`` is the store's clock, one value for the whole command. ``spans`` has the instants of
    ``campaign.begin``, ``phase.end`` and so on; ``since`` is when these or the calendar changed last.
    ``facts`` were loaded in the same transaction; ``standing`` tells which cases stand for which
    units. ``numbers`` are the last ones of the sequences
    that were asked for (`NumberWanted`). ``seed`` is fresh randomness for the salts of personal
    values. ``channels`` is where notices go when an effect does not say, ``lang`` the language of
    their texts.
    """

    now: datetime
    clockwork: Clockwork
    directory: Directory
    spans: Mapping[str, datetime] = field(default_factory=dict)
    since: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    standing: Standing = NOTHING_STANDS
    numbers: Mapping[str, int] = field(default_factory=dict)
    seed: bytes = b""
    channels: tuple[str, ...] = ("notice",)
    lang: str = "zh"

    @property
    def today(self) -> date:
        """The local day."""
        return self.clockwork.day(self.now)

    def as_of(self, instant: datetime) -> World:
        """Return the same surroundings at another instant."""
        return replace(self, now=instant)
