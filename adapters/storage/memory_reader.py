"""Reading from tables in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from duban.adapters.storage.matching import matches
from duban.adapters.storage.memory_tables import Tables
from duban.adapters.storage.paging import bookmark, mark_of, opened_at
from duban.engine.history.entry import Entry
from duban.engine.history.projections import case_columns, entry_columns, entry_numbers, episodes
from duban.engine.ports import (
    Activation,
    Fired,
    Page,
    Published,
    Request,
    Sent,
    Sort,
    Stored,
    Timer,
    Where,
)
from duban.engine.timing.instants import to_micros
from duban.engine.values.canonical import canonical
from duban.engine.values.case import Case
from duban.engine.values.forms import case_form


class MemoryReader:
    """One consistent view of the tables."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._now = now

    def now(self) -> datetime:
        return self._now

    def case(self, case_id: str) -> Case | None:
        return self._tables.cases.get(case_id)

    def aside(self, case_id: str) -> str | None:
        return self._tables.asides.get(case_id)

    def find(
        self,
        where: Where,
        *,
        sort: Sort = "id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        cases = _ordered(list(self._matching(where)), sort, descending)
        if after is not None:
            cases = _following(cases, sort, descending, after)
        page = tuple(cases[:limit])
        more = len(cases) > limit and bool(page)
        return Page(cases=page, next=bookmark(page[-1], sort) if more else None)

    def fired(self, where: Where, trigger: str, limit: int) -> Sequence[Fired]:
        found = (
            Fired(case.id, entry.seq, entry.effective)
            for case in sorted(self._matching(where), key=lambda case: case.id)
            for entry in self.history(case.id)
            if entry.trigger == trigger and "signed" not in entry.body
            if entry.seq not in case.struck
        )
        return list(islice(found, limit))

    def watchers(self, keys: Collection[str]) -> Sequence[str]:
        watching = self._tables.watching
        return sorted({case_id for key in keys for case_id in watching.get(key, ())})

    def rules(self, where: Where) -> Sequence[str]:
        return sorted({case.rules for case in self._matching(where)})

    def count(self, where: Where) -> int:
        return sum(1 for _ in self._matching(where))

    def _matching(self, where: Where) -> Iterator[Case]:
        for case in self._candidates(where):
            if matches(case, where, aside=case.id in self._tables.asides):
                yield case

    def _candidates(self, where: Where) -> Iterator[Case]:
        if where.linked is None and where.ids is not None:
            yield from filter(None, map(self.case, dict.fromkeys(where.ids)))
            return
        if where.linked is None:
            yield from self._tables.cases.values()
            return
        name, case_id = where.linked
        owner = self.case(case_id)
        for other in dict.fromkeys(owner.linked(name) if owner else ()):
            case = self.case(other)
            if case is not None:
                yield case

    def history(self, case_id: str) -> Sequence[Entry]:
        return self._tables.entries.get(case_id, ())

    def walk(self, after: str | None = None) -> Iterator[tuple[Stored, Sequence[Entry]]]:
        for case_id in sorted(self._tables.cases):
            if after is None or case_id > after:
                entries = self.history(case_id)
                timers = {timer.name: to_micros(timer.due) for timer in self.timers(case_id)}
                yield _stored(self._tables.cases[case_id], entries, timers), entries

    def strays(self) -> Sequence[str]:
        """Return nothing: what cannot be stored alone cannot stray."""
        return ()

    def last_number(self, key: str) -> int:
        return self._tables.last_numbers.get(key, 0)

    def gaps(self) -> Sequence[tuple[str, int]]:
        numbers = self._tables.numbers
        firsts = (
            (key, next((n for n in range(1, last) if (key, n) not in numbers), 0))
            for key, last in sorted(self._tables.last_numbers.items())
        )
        return [(key, first) for key, first in firsts if first]

    def request(self, key: str) -> Request | None:
        return self._tables.requests.get(key)

    def timers(self, case_id: str) -> Sequence[Timer]:
        dues = self._tables.timers.get(case_id, {})
        ordered = sorted((due, name) for name, due in dues.items())
        return [Timer(case=case_id, name=name, due=due) for due, name in ordered]

    def next_due(self) -> datetime | None:
        first = next(self._tables.agenda_from(), None)
        dues = [*self._tables.waiting.values(), *([] if first is None else [first[0]])]
        return min(dues, default=None)

    def activations(self, after: int = 0) -> Sequence[Activation]:
        return [item for seq, item in sorted(self._tables.activations.items()) if seq > after]

    def revision(self) -> int:
        return len(self._tables.activations)

    def document(self, hash: str) -> Published | None:
        return self._tables.documents.get(hash)

    def outbox(
        self, *, case_id: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[Sent]:
        found = [
            sent
            for sent in self._tables.notices.values()
            if case_id in (None, sent.notice.case) and status in (None, sent.status)
        ]
        found.sort(key=lambda sent: (sent.notice.created, sent.notice.id), reverse=True)
        return found[:limit]

    def tally(self) -> dict[str, int]:
        tables = self._tables
        counts = {
            "cases": len(tables.cases),
            "aside": len(tables.asides),
            "entries": sum(map(len, tables.entries.values())),
            "timers": sum(map(len, tables.timers.values())),
            "waiting": 0,
            "sent": 0,
            "dead": 0,
        }
        for sent in tables.notices.values():
            counts[sent.status] += 1
        return counts


def _ordered(cases: list[Case], sort: Sort, descending: bool) -> list[Case]:
    """Order by id first, so that equal values keep that order whichever way they are sorted."""
    cases.sort(key=lambda case: case.id, reverse=descending and sort == "id")
    if sort != "id":
        dated = [case for case in cases if mark_of(case, sort) is not None]
        dated.sort(key=lambda case: mark_of(case, sort), reverse=descending)  # type: ignore[arg-type,return-value]  # none is None, all are of one kind
        cases = dated + [case for case in cases if mark_of(case, sort) is None]
    return cases


def _following(cases: list[Case], sort: Sort, descending: bool, after: str) -> list[Case]:
    mark, last = opened_at(after, sort)

    def beyond(case: Case) -> bool:
        own = mark_of(case, sort)
        if own == mark:
            return case.id > last
        if own is None or mark is None:
            return own is None
        return own < mark if descending else own > mark  # type: ignore[operator]  # as above

    if sort == "id":
        return [case for case in cases if (case.id < last if descending else case.id > last)]
    return [case for case in cases if beyond(case)]


def _stored(case: Case, entries: Sequence[Entry], timers: Mapping[str, int]) -> Stored:
    beside = [entry_columns(entry, episode) for entry, episode in episodes(entries, case.episode)]
    return Stored(
        case_id=case.id,
        body=canonical(case_form(case)),
        columns=case_columns(case),
        entries=tuple(reversed(beside)),
        timers=timers,
        numbers=[row for entry in entries for row in entry_numbers(entry)],
    )
