"""What something would bring about, found by doing it and undoing it: the same code, no estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from duban.engine.core.course import Decision
from duban.engine.ports import Ids, Store, Transaction
from duban.engine.shell.attempts import attempt
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.sweep import sweep_batch

T = TypeVar("T")

# Deadlines are named up to this many; more are counted only.
_MOST_NAMED = 1000
_BATCH = 100
_MOST_BATCHES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A deadline of a case whose due is another one afterwards; None: it had, or has, none."""

    case: str
    deadline: str
    before: datetime | None
    after: datetime | None


@dataclass(slots=True, kw_only=True)
class Foreseen:
    """What would happen at once: counted by what was decided, then undone.

    ``opened`` counts cases by workflow, ``notices`` by recipient. ``moved`` names the first
    thousand deadlines that move; ``moves`` counts them all. ``aside`` are cases that would be set
    aside, with the reason. ``whole`` is false when there was more to do than a rehearsal looks at.
    """

    opened: Counter[str] = field(default_factory=Counter)
    rungs: int = 0
    entries: int = 0
    notices: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    moved: list[Moved] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = True

    def hear(self, decision: Decision, before: Mapping[str, datetime | None] | None) -> None:
        """Count a decision; *before* are the dues of its case until then, None for a new one."""
        case = decision.case
        self.entries += len(decision.entries)
        self.rungs += sum(entry.kind == "rung" for entry in decision.entries)
        self.notices.update(notice.person or notice.to for notice in decision.notices)
        if before is None:
            self.opened[case.workflow] += 1
            return
        for name, clock in case.clocks.items():
            was = before.get(name)
            if clock.ended is None and was is not None and clock.due not in (None, was):
                self.moves += 1
                if len(self.moved) < _MOST_NAMED:
                    moved = Moved(case=case.id, deadline=name, before=was, after=clock.due)
                    self.moved.append(moved)

    def add(self, other: Foreseen) -> None:
        """Count *other* in."""
        self.opened.update(other.opened)
        self.notices.update(other.notices)
        self.entries += other.entries
        self.rungs += other.rungs
        self.moves += other.moves
        self.moved += other.moved[: _MOST_NAMED - len(self.moved)]
        self.aside += other.aside
        self.whole = self.whole and other.whole


class _Undone(Exception):
    """Ends a rehearsal: all that its transaction wrote is undone."""


def rehearse(store: Store, catalogue: Catalogue, work: Callable[[Transaction, Catalogue], T]) -> T:
    """Return what *work* gives in a transaction, with a catalogue of its own, and undo it.

    The store's other writers wait meanwhile, as for any transaction.
    """
    found: list[T] = []

    def undone(tx: Transaction) -> None:
        found.append(work(tx, catalogue.branch()))
        raise _Undone

    with suppress(_Undone):
        attempt(store, undone)
    return found[-1]


def listener(tx: Transaction, foreseen: Foreseen) -> Callable[[Decision], None]:
    """Return what tells *foreseen* of each decision just before it is written to *tx*."""

    def told(decision: Decision) -> None:
        before = tx.case(decision.case.id) if decision.before else None
        dues = None if before is None else {n: c.due for n, c in before.clocks.items()}
        foreseen.hear(decision, dues)

    return told


def settle_all(tx: Transaction, catalogue: Catalogue, ids: Ids, foreseen: Foreseen | None) -> None:
    """Let everything happen that is due now, inside *tx*, up to a hundred thousand cases."""
    told = listener(tx, foreseen) if foreseen is not None else None
    moved: Counter[str] = Counter()
    for _ in range(_MOST_BATCHES):
        swept = sweep_batch(tx, catalogue, ids, _BATCH, told, moved=moved)
        if foreseen is not None:
            foreseen.aside.extend(swept.aside)
        if not swept.cases:
            return
    if foreseen is not None:
        foreseen.whole = False
