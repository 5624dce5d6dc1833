"""Tables in memory: what is committed, and what a transaction has staged over it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from duban.engine.history.entry import Entry
from duban.engine.ports import Activation, Published, Request, Sent
from duban.engine.values.case import Case

V = TypeVar("V")

NAMES = (
    "cases",
    "entries",
    "timers",
    "asides",
    "requests",
    "numbers",
    "last_numbers",
    "notices",
    "waiting",
    "watches",
    "watching",
    "documents",
    "activations",
)
Due = tuple[datetime, str, str]


class Tables:
    """What a store in memory holds. Values are never changed, only replaced.

    ``numbers`` has the entry (case, seq) of each number of each sequence. ``watches`` has the keys
    that each case watches, ``watching`` the cases that watch each key.

    ``timers`` has the dues of each case by name; ``waiting`` the instants at which notices may be
    tried; ``agenda`` all timers of cases in the sweep, in order.
    """

    def __init__(self) -> None:
        self.cases: MutableMapping[str, Case] = {}
        self.entries: MutableMapping[str, tuple[Entry, ...]] = {}
        self.timers: MutableMapping[str, Mapping[str, datetime]] = {}
        self.asides: MutableMapping[str, str] = {}
        self.requests: MutableMapping[str, Request] = {}
        self.numbers: MutableMapping[tuple[str, int], tuple[str, int]] = {}
        self.last_numbers: MutableMapping[str, int] = {}
        self.notices: MutableMapping[str, Sent] = {}
        self.waiting: MutableMapping[str, datetime] = {}
        self.watches: MutableMapping[str, frozenset[str]] = {}
        self.watching: MutableMapping[str, frozenset[str]] = {}
        self.documents: MutableMapping[str, Published] = {}
        self.activations: MutableMapping[int, Activation] = {}
        self.agenda: list[Due] = []
        self.readers = 0

    def copy(self) -> Tables:
        """Return a copy that can go on while readers keep this one."""
        other = Tables()
        for name in NAMES:
            setattr(other, name, dict(getattr(self, name)))
        other.agenda = list(self.agenda)
        return other

    def agenda_from(self) -> Iterator[Due]:
        """Yield what falls due, the earliest first."""
        return iter(self.agenda)

    def replan(self, case_id: str, after: Tables) -> None:
        """Take over the timers that a case has in *after* into the agenda."""
        for due in _dues(self, case_id):
            del self.agenda[bisect_left(self.agenda, due)]
        for due in _dues(after, case_id):
            insort(self.agenda, due)


def _dues(tables: Tables, case_id: str) -> list[Due]:
    if case_id in tables.asides:
        return []
    return [(due, case_id, name) for name, due in tables.timers.get(case_id, {}).items()]


class _Gone:
    """Stands for a row that was taken away."""


GONE = _Gone()


class Overlay(MutableMapping[Any, V], Generic[V]):
    """A table with changes staged over it; *journal* takes down how to undo each of them."""

    def __init__(self, base: Mapping[Any, V], journal: list[Callable[[], None]]) -> None:
        self._base = base
        self._journal = journal
        self.staged: dict[Any, V | _Gone] = {}

    def __getitem__(self, key: object) -> V:
        if key in self.staged:
            value = self.staged[key]
            if isinstance(value, _Gone):
                raise KeyError(key)
            return value
        return self._base[key]

    def __setitem__(self, key: object, value: V) -> None:
        self._stage(key, value)

    def __delitem__(self, key: object) -> None:
        self._stage(key, GONE)

    def _stage(self, key: object, value: V | _Gone) -> None:
        staged = self.staged
        if key in staged:
            before = staged[key]
            self._journal.append(lambda: staged.__setitem__(key, before))
        else:
            self._journal.append(lambda: staged.__delitem__(key))
        staged[key] = value

    def __iter__(self) -> Iterator[Any]:
        for key in self._base:
            if key not in self.staged:
                yield key
        for key, value in self.staged.items():
            if value is not GONE:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Staged(Tables):
    """The tables as a transaction sees them."""

    def __init__(self, base: Tables) -> None:
        self.base = base
        self.journal: list[Callable[[], None]] = []
        self.overlays = {name: Overlay(getattr(base, name), self.journal) for name in NAMES}
        vars(self).update(self.overlays)

    def undo(self, mark: int) -> None:
        """Undo what was staged since the journal was *mark* long."""
        while len(self.journal) > mark:
            self.journal.pop()()

    def _touched(self) -> set[str]:
        return {*self.overlays["timers"].staged, *self.overlays["asides"].staged}

    def agenda_from(self) -> Iterator[Due]:
        """Yield what falls due, the earliest first."""
        touched = self._touched()
        staged = sorted(due for case_id in touched for due in _dues(self, case_id))
        place = 0
        for due in self.base.agenda:
            if due[1] in touched:
                continue
            while place < len(staged) and staged[place] < due:
                yield staged[place]
                place += 1
            yield due
        yield from staged[place:]

    def settle(self, into: Tables) -> None:
        """Carry all that is staged over into *into*."""
        for case_id in self._touched():
            into.replan(case_id, self)
        for name, overlay in self.overlays.items():
            table = getattr(into, name)
            for key, value in overlay.staged.items():
                if isinstance(value, _Gone):
                    table.pop(key, None)
                else:
                    table[key] = value
