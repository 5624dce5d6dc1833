"""A store in memory: a real one, with transactions, that is gone when the process is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock

from duban.adapters.storage.clocks import SteadyClock, host_clock
from duban.adapters.storage.held import Held
from duban.adapters.storage.memory_reader import MemoryReader
from duban.adapters.storage.memory_tables import Staged, Tables
from duban.adapters.storage.memory_transaction import MemoryTransaction
from duban.engine.errors import BadUsage, ClockAhead, StoreBusy
from duban.engine.ports import Store


class MemoryStore:
    """Keeps everything in memory. Writers take turns; readers keep the view they began with.

    *virtual* gives it a clock that stands there until it is set; *now* is the machine's clock.
    *patience* is how many seconds a writer waits for its turn.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] | None = None,
        virtual: datetime | None = None,
        patience: float = 15.0,
    ) -> None:
        self._clock = SteadyClock(now or host_clock)
        self._virtual = None if virtual is None else virtual.astimezone(UTC)
        self._patience = patience
        self._tables = Tables()
        self._held = Held()
        self._turn = Lock()
        self._swap = Lock()

    def _now(self) -> datetime:
        return self._clock() if self._virtual is None else self._virtual

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        with self._held.transaction():
            if not self._turn.acquire(timeout=self._patience):
                raise StoreBusy(store="memory://")
            try:
                staged = Staged(self._tables)
                yield MemoryTransaction(staged, self._now())
                self._commit(staged)
            finally:
                self._turn.release()

    def _commit(self, staged: Staged) -> None:
        with self._swap:
            if self._tables.readers:
                self._tables = self._tables.copy()
            staged.settle(self._tables)

    @contextmanager
    def reading(self) -> Iterator[MemoryReader]:
        with self._held.view():
            with self._swap:
                tables = self._tables
                tables.readers += 1
            try:
                yield MemoryReader(tables, self._now())
            finally:
                with self._swap:
                    tables.readers -= 1

    def joined(self, connection: object) -> Store:
        """Refuse: memory has no connection that a host could share.

        Raises:
            BadUsage: always.
        """
        raise BadUsage(
            what="a store in memory cannot join a connection; use a database",
            what_zh="内存存储无法加入数据库连接；请使用数据库",
        )

    def set_clock(self, now: datetime) -> None:
        if self._virtual is None:
            raise ClockAhead(now=now.isoformat())
        self._virtual = max(self._virtual, now.astimezone(UTC))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo on leaving whatever was written inside, and set a virtual clock back: to try things.

        Only for a store that no other thread uses.
        """
        tables, virtual = self._tables, self._virtual
        self._tables = tables.copy()
        try:
            yield
        finally:
            self._tables, self._virtual = tables, virtual

    def describe(self) -> Mapping[str, str]:
        clock = "host" if self._virtual is None else "virtual"
        return {"kind": "memory", "clock": clock, "warning": "nothing is kept"}

    def close(self) -> None:
        """Do nothing: there is nothing to let go."""
