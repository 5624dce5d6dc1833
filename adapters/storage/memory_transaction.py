"""Writing to tables in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from duban.adapters.storage.memory_reader import MemoryReader
from duban.adapters.storage.memory_tables import Staged
from duban.adapters.storage.outbox import posted
from duban.engine.errors import (
    NotFound,
    StaleCase,
    UnknownCase,
)
from duban.engine.history.projections import entry_numbers, episodes
from duban.engine.ports import Activation, Published, Sent, Where, Write
from duban.engine.values.canonical import canonical
from duban.engine.values.case import Case
from duban.engine.values.forms import case_form


class MemoryTransaction(MemoryReader):
    """A write transaction: everything is staged until it is settled."""

    def __init__(self, staged: Staged, now: datetime) -> None:
        super().__init__(staged, now)
        self._tables: Staged = staged

    def lock(self, case_id: str) -> Case | None:
        return self.case(case_id)

    def hold(self, *, looked_at: Collection[str], changed: Collection[str]) -> None:
        """Do nothing: writers take turns."""

    def write(self, step: Write) -> None:
        self._check(step)
        tables, case_id = self._tables, step.case.id
        tables.cases[case_id] = step.case
        if step.entries:
            tables.entries[case_id] = (*tables.entries.get(case_id, ()), *step.entries)
        for notice in step.notices:
            self._put(posted(notice))
        if step.timers:
            self._set_timers(case_id, step.timers)
        for seq, key, number in _numbers(step):
            tables.numbers[key, number] = (case_id, seq)
            tables.last_numbers[key] = max(number, self.last_number(key))
        if step.watches is not None:
            self._watch(case_id, step.watches)
        if step.request is not None:
            tables.requests[step.request.key] = step.request

    def _watch(self, case_id: str, keys: frozenset[str]) -> None:
        tables, before = self._tables, self._tables.watches.get(case_id, frozenset())
        for key in before - keys:
            tables.watching[key] = tables.watching[key] - {case_id}
        for key in keys - before:
            tables.watching[key] = tables.watching.get(key, frozenset()) | {case_id}
        tables.watches[case_id] = keys

    def _check(self, step: Write) -> None:
        stored = self.case(step.case.id)
        version = 0 if stored is None else stored.version
        used = None if step.request is None else self.request(step.request.key)
        if used is not None:
            raise StaleCase(case=step.case.id, version=version, expected=step.before)
        canonical(case_form(step.case))
        if version != step.before or self._doubled(step):
            raise StaleCase(case=step.case.id, version=version, expected=step.before)

    def _doubled(self, step: Write) -> bool:
        """Whether an entry, a rung, a number or a notice of *step* is there already."""
        known = self.history(step.case.id)
        if known and step.entries and step.entries[0].seq <= known[-1].seq:
            return True
        if any(notice.id in self._tables.notices for notice in step.notices):
            return True
        if any((key, number) in self._tables.numbers for _, key, number in _numbers(step)):
            return True
        if not any("rung" in entry.body for entry in step.entries):
            return False
        rungs = [
            (rung["deadline"], episode, rung["round"], rung["rung"])
            for entry, episode in episodes((*known, *step.entries), step.case.episode)
            if (rung := entry.body.get("rung"))
        ]
        return len(set(rungs)) < len(rungs)

    def _put(self, sent: Sent) -> None:
        tables, notice_id = self._tables, sent.notice.id
        tables.notices[notice_id] = sent
        if sent.next_try is not None:
            tables.waiting[notice_id] = sent.next_try
        elif notice_id in tables.waiting:
            del tables.waiting[notice_id]

    def _set_timers(self, case_id: str, changes: Mapping[str, datetime | None]) -> None:
        merged = {**self._tables.timers.get(case_id, {}), **changes}
        dues = {name: due for name, due in merged.items() if due is not None}
        self._tables.timers[case_id] = dues

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark = len(self._tables.journal)
        try:
            yield
        except BaseException:
            self._tables.undo(mark)
            raise

    def claim(self, now: datetime, limit: int) -> Sequence[str]:
        found: dict[str, None] = {}
        for due, case_id, _ in self._tables.agenda_from():
            if due > now or len(found) >= limit:
                break
            found[case_id] = None
        return list(found)

    def wake(self, case_id: str, name: str, due: datetime) -> None:
        self._known(case_id)
        self._set_timers(case_id, {name: due})

    def wake_all(self, where: Where, name: str, due: datetime) -> int:
        found = [case.id for case in self._matching(where)]
        for case_id in found:
            self._set_timers(case_id, {name: due})
        return len(found)

    def set_aside(self, case_id: str, why: str | None) -> None:
        self._known(case_id)
        if why is not None:
            self._tables.asides[case_id] = why
        elif case_id in self._tables.asides:
            del self._tables.asides[case_id]

    def _known(self, case_id: str) -> None:
        if case_id not in self._tables.cases:
            raise UnknownCase(case=case_id)

    def publish(self, document: Published) -> None:
        if document.hash not in self._tables.documents:
            self._tables.documents[document.hash] = document

    def activate(self, kind: str, name: str, hash: str, by: str) -> Activation:
        if hash not in self._tables.documents:
            raise NotFound(kind="definition", name=hash, hint="", kind_zh="定义", hint_zh="")
        seq = self.revision() + 1
        activation = Activation(seq=seq, kind=kind, name=name, hash=hash, at=self._now, by=by)
        self._tables.activations[seq] = activation
        return activation

    def claim_notices(self, now: datetime, limit: int, lease: float) -> Sequence[Sent]:
        ready = [
            (next_try, self._tables.notices[notice_id])
            for notice_id, next_try in self._tables.waiting.items()
            if next_try <= now
        ]
        ready.sort(key=lambda item: (item[0], item[1].notice.created, item[1].notice.id))
        until = now + timedelta(seconds=lease)
        claimed = [
            replace(sent, attempts=sent.attempts + 1, next_try=until) for _, sent in ready[:limit]
        ]
        for sent in claimed:
            self._put(sent)
        return claimed

    def _claimed(self, notice_id: str, attempt: int) -> Sent | None:
        sent = self._tables.notices.get(notice_id)
        held = sent is not None and sent.status == "waiting" and sent.attempts == attempt
        return sent if held else None

    def mark_sent(self, notice_id: str, attempt: int, now: datetime) -> bool:
        sent = self._claimed(notice_id, attempt)
        if sent is not None:
            self._put(replace(sent, status="sent", next_try=None, error=None))
        return sent is not None

    def mark_failed(
        self, notice_id: str, attempt: int, error: str, next_try: datetime | None
    ) -> bool:
        sent = self._claimed(notice_id, attempt)
        if sent is not None:
            status = sent.status if next_try is not None else "dead"
            self._put(replace(sent, status=status, next_try=next_try, error=error))
        return sent is not None

    def revive(self, notice_id: str, now: datetime) -> bool:
        sent = self._tables.notices.get(notice_id)
        if sent is None or sent.status != "dead":
            return False
        self._put(replace(sent, status="waiting", next_try=now))
        return True


def _numbers(step: Write) -> list[tuple[int, str, int]]:
    return [row for entry in step.entries for row in entry_numbers(entry)]
