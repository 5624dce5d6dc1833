"""Reading through SQL, whatever the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Dialect

from duban.adapters.storage import rows
from duban.adapters.storage.filters import Search
from duban.adapters.storage.paging import bookmark, opened_at
from duban.adapters.storage.upkeep_statements import AllStatements
from duban.adapters.storage.wire import Cells, Wire
from duban.engine.history.entry import Entry
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
from duban.engine.timing.instants import from_micros
from duban.engine.values.case import Case

BATCH = 200


class Prepared:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.statements = AllStatements(dialect)
        self.search = Search(dialect)


@lru_cache(maxsize=4)
def prepared(make: Callable[[], Dialect]) -> Prepared:
    """Return the statements for the dialect that *make* gives, the same ones each time."""
    return Prepared(make())


class SqlReader:
    """One consistent view. *renew* lets a long walk go on in a view of its own."""

    def __init__(
        self,
        wire: Wire,
        prepared: Prepared,
        now: datetime,
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        self._wire = wire
        self._sql = prepared.statements
        self._search = prepared.search
        self._now = now
        self._renew = renew

    def now(self) -> datetime:
        return self._now

    def case(self, case_id: str) -> Case | None:
        row = self._wire.one(self._sql.body, (case_id,))
        return None if row is None else rows.case_from(row[0])

    def aside(self, case_id: str) -> str | None:
        row = self._wire.one(self._sql.aside, (case_id,))
        return None if row is None else row[0]

    def find(
        self,
        where: Where,
        *,
        sort: Sort = "id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        place = None if after is None else opened_at(after, sort)
        found = self._wire.all(*self._search.page(where, sort, descending, place, limit + 1))
        cases = tuple(rows.case_from(body) for (body,) in found[:limit])
        more = len(found) > limit and bool(cases)
        return Page(cases=cases, next=bookmark(cases[-1], sort) if more else None)

    def fired(self, where: Where, trigger: str, limit: int) -> Sequence[Fired]:
        found = self._wire.all(*self._search.fired(where, trigger, limit))
        return [
            Fired(case_id, seq, from_micros(effective))
            for case_id, seq, effective, struck in found
            if struck is None or seq not in json.loads(struck)
        ]

    def watchers(self, keys: Collection[str]) -> Sequence[str]:
        return [case_id for (case_id,) in self._wire.all(*self._search.watchers(keys))]

    def rules(self, where: Where) -> Sequence[str]:
        return [found for (found,) in self._wire.all(*self._search.rules(where))]

    def count(self, where: Where) -> int:
        return self._number(*self._search.count(where))

    def _number(self, statement: str, cells: Cells = ()) -> int:
        row = self._wire.one(statement, cells)
        return 0 if row is None or row[0] is None else int(row[0])

    def history(self, case_id: str) -> Sequence[Entry]:
        found = self._wire.all(self._sql.entries, (case_id, case_id))
        secrets = self._wire.all(self._sql.secrets, (case_id, case_id))
        return tuple(rows.entries_from(found, secrets).get(case_id, ()))

    def walk(self, after: str | None = None) -> Iterator[tuple[Stored, Sequence[Entry]]]:
        last = "" if after is None else after
        while page := self._wire.all(self._sql.page_of_cases, (last, BATCH)):
            batch = self._batch(page)
            self._renew()
            yield from batch
            last = page[-1][0]

    def _batch(self, page: Sequence[Cells]) -> list[tuple[Stored, Sequence[Entry]]]:
        span = page[0][0], page[-1][0]
        found = self._wire.all(self._sql.entries, span)
        entries = rows.entries_from(found, self._wire.all(self._sql.secrets, span))
        links = _by_case(self._wire.all(self._sql.links, span))
        numbers = _by_case(self._wire.all(self._sql.numbers, span))
        beside = _by_case(found)
        return [
            (
                Stored(
                    case_id=row[0],
                    body=row[-1].encode(),
                    columns=rows.case_beside(row, links.get(row[0], ())),
                    entries=tuple(map(rows.entry_beside, beside.get(row[0], ()))),
                    timers=dict(self._wire.all(self._sql.timers, (row[0],))),
                    numbers=[(seq, key, n) for _, seq, key, n in numbers.get(row[0], ())],
                ),
                tuple(entries.get(row[0], ())),
            )
            for row in page
        ]

    def strays(self) -> Sequence[str]:
        return [
            f"{name} of {case_id!r}: there is no such case"
            for name, statement in self._sql.strays.items()
            for (case_id,) in self._wire.all(statement)
        ]

    def last_number(self, key: str) -> int:
        return self._number(self._sql.last_number, (key,))

    def gaps(self) -> Sequence[tuple[str, int]]:
        return [(key, first) for key, first in self._wire.all(self._sql.gaps)]

    def request(self, key: str) -> Request | None:
        row = self._wire.one(self._sql.request, (key,))
        if row is None:
            return None
        return Request(key=row[0], salt=row[1], body_hash=row[2], case=row[3], seq=row[4])

    def timers(self, case_id: str) -> Sequence[Timer]:
        found = self._wire.all(self._sql.timers, (case_id,))
        return [Timer(case=case_id, name=name, due=from_micros(due)) for name, due in found]

    def next_due(self) -> datetime | None:
        asked = (self._sql.next_timer, self._sql.next_notice)
        found = [row[0] for row in map(self._wire.one, asked) if row and row[0] is not None]
        return rows.instant(min(found, default=None))

    def activations(self, after: int = 0) -> Sequence[Activation]:
        found = self._wire.all(self._sql.activations, (after,))
        return [rows.activation_from(row) for row in found]

    def revision(self) -> int:
        return self._number(self._sql.revision)

    def document(self, hash: str) -> Published | None:
        row = self._wire.one(self._sql.document, (hash,))
        return None if row is None else rows.published_from(row)

    def outbox(
        self, *, case_id: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[Sent]:
        asked = tuple(value for value in (case_id, status) if value is not None)
        statement = self._sql.outbox(of_case=case_id is not None, by_status=status is not None)
        return [rows.sent_from(row) for row in self._wire.all(statement, (*asked, limit))]

    def tally(self) -> dict[str, int]:
        counts = {name: self._number(text) for name, text in self._sql.totals.items()}
        counts.update(waiting=0, sent=0, dead=0)
        counts.update(dict(self._wire.all(self._sql.notices_by_status)))
        return counts


def _by_case(found: Sequence[Cells]) -> dict[str, list[Cells]]:
    grouped: dict[str, list[Cells]] = {}
    for row in found:
        grouped.setdefault(row[0], []).append(row)
    return grouped
