"""Writing through SQL, whatever the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from duban.adapters.storage import rows
from duban.adapters.storage.outbox import posted
from duban.adapters.storage.sql_reader import SqlReader
from duban.engine.errors import (
    BadUsage,
    NotFound,
    StaleCase,
    UnknownCase,
    Unreachable,
)
from duban.engine.ports import Activation, Published, Request, Sent, Where, Write
from duban.engine.timing.instants import to_micros
from duban.engine.values.case import Case


class Duplicate(Exception):
    """A unique key refused a row; known in this folder only."""


class SqlTransaction(SqlReader):
    """A write transaction on a wire. ``doomed`` tells that a step was left half written."""

    doomed = False
    _depth = 0

    def lock(self, case_id: str) -> Case | None:
        row = self._wire.one(self._sql.locked, (case_id,))
        return None if row is None else rows.case_from(row[0])

    def hold(self, *, looked_at: Collection[str], changed: Collection[str]) -> None:
        """Do nothing: writers take turns, unless a database says otherwise."""

    def write(self, step: Write) -> None:
        if step.request is not None:
            self._check_request(step, step.request)
        self._write_case(step)
        self.doomed = True
        try:
            self._write_rest(step)
        except Duplicate:
            # Nothing can be asked any more: some databases end a transaction that broke a key.
            version = step.case.version
            raise StaleCase(case=step.case.id, version=version, expected=step.before) from None
        self.doomed = False

    def _check_request(self, step: Write, request: Request) -> None:
        if self.request(request.key) is not None:
            raise self._stale(step)

    def _write_case(self, step: Write) -> None:
        cells, change = rows.CaseCells(step.case), self._wire.change
        if step.before == 0:
            kept = change(self._sql.add_case, cells.added())
        else:
            kept = change(self._sql.move_case, cells.moved(step.before)) or change(
                self._sql.replace_case, cells.replaced(step.before)
            )
        if not kept:
            raise self._stale(step)

    def _stale(self, step: Write) -> StaleCase:
        case_id = step.case.id
        version = self._number(self._sql.version, (case_id,))
        return StaleCase(case=case_id, version=version, expected=step.before)

    def _write_rest(self, step: Write) -> None:
        wire, sql, case_id = self._wire, self._sql, step.case.id
        if step.entries:
            wire.many(sql.add_entry, rows.entry_cells(step.entries, step.case.episode))
            self._write_details(step)
        for name, due in step.timers.items():
            if due is None:
                wire.change(sql.drop_timer, (case_id, name))
            else:
                wire.change(sql.set_timer, (name, to_micros(due), case_id))
        if step.watches is not None:
            wire.change(sql.drop_watches, (case_id,))
            if step.watches:
                wire.many(sql.add_watch, [(key, case_id) for key in sorted(step.watches)])
        if step.notices:
            wire.many(
                sql.add_notice, [rows.notice_cells(posted(notice)) for notice in step.notices]
            )
        if step.request is not None:
            request = step.request
            cells = (request.key, request.salt, request.body_hash, request.case, request.seq)
            wire.change(sql.add_request, cells)

    def _write_details(self, step: Write) -> None:
        secrets = rows.secret_cells(step.entries)
        if secrets:
            self._wire.many(self._sql.add_secret, secrets)
        links = [
            (step.case.id, name, other)
            for entry in step.entries
            for name, other in entry.body.get("links", ())
        ]
        if links:
            self._wire.many(self._sql.add_link, links)
        numbers = rows.number_cells(step.entries)
        if numbers:
            self._wire.many(self._sql.add_number, numbers)

    def settle(self) -> None:
        """Refuse to be kept when a step failed half way and the failure was passed over.

        Raises:
            BadUsage: so it was.
        """
        if self.doomed:
            raise BadUsage(
                what="a step failed half way and went on; use a savepoint around it",
                what_zh="某一步中途失败后仍在继续；请在其外使用保存点",
            )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        name = f"duban_{self._depth}"
        self._wire.change(f"SAVEPOINT {name}")
        doomed = self.doomed
        self._depth += 1
        try:
            yield
        except BaseException:
            # If the connection is gone, what happened inside is the better news.
            with suppress(Unreachable):
                self._wire.change(f"ROLLBACK TO {name}")
                self._wire.change(f"RELEASE {name}")
            self.doomed = doomed
            raise
        else:
            self._wire.change(f"RELEASE {name}")
        finally:
            self._depth -= 1

    def claim(self, now: datetime, limit: int) -> Sequence[str]:
        found = self._wire.all(self._sql.due_cases, (to_micros(now), limit))
        return list(dict.fromkeys(case_id for (case_id,) in found))

    def wake(self, case_id: str, name: str, due: datetime) -> None:
        if not self._wire.change(self._sql.set_timer, (name, to_micros(due), case_id)):
            raise UnknownCase(case=case_id)

    def wake_all(self, where: Where, name: str, due: datetime) -> int:
        return self._wire.change(*self._search.wake(where, name, to_micros(due)))

    def set_aside(self, case_id: str, why: str | None) -> None:
        if not self._wire.change(self._sql.set_aside, (why, case_id)):
            raise UnknownCase(case=case_id)
        self._wire.change(self._sql.rest_timers, (int(why is not None), case_id))

    def publish(self, document: Published) -> None:
        self._wire.change(self._sql.publish, rows.published_cells(document))

    def activate(self, kind: str, name: str, hash: str, by: str) -> Activation:
        if self.document(hash) is None:
            raise NotFound(kind="definition", name=hash, hint="", kind_zh="定义", hint_zh="")
        cells = (self.revision() + 1, kind, name, hash, to_micros(self._now), by)
        self._wire.change(self._sql.activate, cells)
        return rows.activation_from(cells)

    def claim_notices(self, now: datetime, limit: int, lease: float) -> Sequence[Sent]:
        until = to_micros(now + timedelta(seconds=lease))
        ready = self._wire.all(self._sql.ready_notices, (to_micros(now), limit))
        if ready:
            self._wire.many(self._sql.lease_notice, [(until, row[0], row[13]) for row in ready])
        return [rows.sent_from((*row[:13], row[13] + 1, until, row[15])) for row in ready]

    def mark_sent(self, notice_id: str, attempt: int, now: datetime) -> bool:
        cells = (to_micros(now), notice_id, attempt)
        return bool(self._wire.change(self._sql.mark_sent, cells))

    def mark_failed(
        self, notice_id: str, attempt: int, error: str, next_try: datetime | None
    ) -> bool:
        if next_try is None:
            return bool(self._wire.change(self._sql.mark_dead, (error, notice_id, attempt)))
        cells = (to_micros(next_try), error, notice_id, attempt)
        return bool(self._wire.change(self._sql.mark_failed, cells))

    def revive(self, notice_id: str, now: datetime) -> bool:
        return bool(self._wire.change(self._sql.revive, (to_micros(now), notice_id)))
