"""A case as it stands, and the clocks on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from duban.engine.values.canonical import Plain

Counts = Literal["open", "closed", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of time in which a clock ran; ``until`` is open while it still runs."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An extension: a span to add or an instant to move to, and when it was granted.

    One that was ``kept`` is no extension: a calendar that changed would have taken days away.
    """

    at: datetime
    by: str | None = None
    to: datetime | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A deadline of a case: its budget, what is consumed of it, and what follows from both.

    The budget is ``span`` from ``started``, or the instant ``until``; ``runs`` is what it consumed.
    ``due``, ``first_due`` and ``next_rung`` follow from these by the calendar; they are kept so
    that reading needs no calendar. ``due`` is the last instant still in time, ``lapses`` the last
    one of the grace after it, where there is one. ``overran`` says that it had lapsed when it last
    stopped running. ``basis`` has what the budget was worked out from and may change outside the
    case: the values of what the deadline follows, by name.
    """

    started: datetime
    span: str | None = None
    until: datetime | None = None
    runs: tuple[Run, ...] = ()
    grants: tuple[Grant, ...] = ()
    due: datetime | None = None
    first_due: datetime | None = None
    round: int = 1
    rung: int = 0
    next_rung: datetime | None = None
    ended: datetime | None = None
    episode: int = 1
    overran: bool = False
    held: bool = False
    provisional: bool = False
    lapses: datetime | None = None
    basis: Mapping[str, Plain] = field(default_factory=dict)

    @property
    def last(self) -> datetime | None:
        """The last instant before it lapses: its due, or the end of the grace after it."""
        return self.lapses or self.due

    @property
    def extensions(self) -> tuple[Grant, ...]:
        """What was granted to somebody who asked."""
        return tuple(grant for grant in self.grants if not grant.kept)

    @property
    def running(self) -> bool:
        """Whether it consumes its budget now."""
        return self.ended is None and bool(self.runs) and self.runs[-1].until is None

    @property
    def waiting(self) -> bool:
        """Whether it is alive but held."""
        return self.ended is None and not self.running

    @property
    def met(self) -> bool:
        """Whether it ended in time: by when it last ran, since waiting consumes nothing."""
        return self.ended is not None and not self.overran

    def lapsed(self, now: datetime) -> bool:
        """Whether its due, and the grace after it, passed while it ran."""
        if not self.running:
            return self.overran
        return self.last is not None and now > self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature under a transition that several must sign; ``rule`` is the transition's place.

    ``persons`` are the one who signed and whom that was done for. It ends when ``state`` is left.
    """

    state: str
    trigger: str
    rule: str
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """An entry that may yet be struck: who fired its trigger, and which cases rest on it."""

    seq: int
    trigger: str
    episode: int
    persons: tuple[str, ...]
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands after its last entry.

    ``data`` holds field values in their plain form: dates, spans and amounts as text. ``states``
    has one state for each region. ``did`` names, for each trigger of this episode, the persons who
    fired it. ``signed`` has the signatures that wait for others, ``bases`` the entries that may be
    struck, ``struck`` the numbers of those that were. ``flags`` names the struck entries of other
    cases on which this one rests, as case and number. ``head`` is the hash of the last entry, in
    hexadecimal.
    """

    id: str
    workflow: str
    rules: str
    unit: str
    campaign: str | None = None
    phase: str | None = None
    states: tuple[str, ...] = ()
    counts: Counts = "open"
    data: Mapping[str, Plain] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    entered: Mapping[str, datetime] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    did: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    signed: tuple[Signature, ...] = ()
    bases: tuple[Basis, ...] = ()
    struck: tuple[int, ...] = ()
    flags: tuple[tuple[str, int], ...] = ()
    episode: int = 1
    version: int = 0
    head: str = ""
    opened: datetime
    changed: datetime

    @property
    def state(self) -> str:
        """The state, or the states of all regions joined by ``+``."""
        return "+".join(self.states)

    @property
    def due(self) -> datetime | None:
        """The nearest due instant of the clocks that run, or None."""
        dues = [c.due for c in self.clocks.values() if c.running and c.due is not None]
        return min(dues, default=None)

    @property
    def lapses(self) -> datetime | None:
        """The last instant before a running clock lapses, or None without any."""
        lasts = [c.last for c in self.clocks.values() if c.running and c.last is not None]
        return min(lasts, default=None)

    @property
    def provisional(self) -> bool:
        """Whether a notice that is still to come may move the due of a running clock."""
        return any(clock.running and clock.provisional for clock in self.clocks.values())

    def overdue(self, now: datetime) -> bool:
        """Whether a running clock of this case has lapsed at *now*; one that waits cannot be."""
        return any(clock.running and clock.lapsed(now) for clock in self.clocks.values())

    def signers(self, trigger: str) -> int:
        """How many have signed *trigger* and wait for others."""
        return len({signature.persons for signature in self.signed if signature.trigger == trigger})

    def linked(self, name: str) -> tuple[str, ...]:
        """The ids of the cases tied to this one by the link *name*."""
        return tuple(other for link, other in self.links if link == name)
