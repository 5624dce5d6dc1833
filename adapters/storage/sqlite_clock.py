"""The clock of a SQLite store: the machine's, or a virtual one that is kept in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from duban.adapters.storage.clocks import SteadyClock
from duban.adapters.storage.upkeep_statements import AllStatements
from duban.adapters.storage.wire import Wire
from duban.engine.errors import BadUsage, ClockAhead
from duban.engine.timing.instants import from_micros, to_micros

_KEY = "virtual"


class StoreClock:
    """Reads the time once for each transaction.

    A virtual instant lives in this process and is written with the next transaction, so that
    setting it costs nothing; ``unsaved`` is what the file does not know yet.
    """

    def __init__(self, host: Callable[[], datetime], statements: AllStatements) -> None:
        self._host = SteadyClock(host)
        self._sql = statements
        self._lock = Lock()
        self._virtual: datetime | None = None
        self.unsaved: datetime | None = None

    @property
    def virtual(self) -> bool:
        """Whether it can be set."""
        return self._virtual is not None

    def start(self, wire: Wire, virtual: datetime | None) -> None:
        """Learn from the file what it is; make an empty store virtual.

        Raises:
            BadUsage: the store holds something, under the machine's clock.
        """
        self._virtual = self._stored(wire)
        if virtual is None:
            return
        if self._virtual is None:
            self._make_virtual(wire, virtual.astimezone(UTC))
        self.set(virtual)

    def _make_virtual(self, wire: Wire, virtual: datetime) -> None:
        if wire.one(self._sql.totals["cases"]) != (0,):
            raise BadUsage(
                what="the store runs by the machine's clock; only a new store can be virtual",
                what_zh="该存储使用机器时钟；只有新建的存储才能使用虚拟时钟",
            )
        wire.change(self._sql.set_meta, (_KEY, str(to_micros(virtual))))
        self._virtual = virtual

    def _stored(self, wire: Wire) -> datetime | None:
        row = wire.one(self._sql.meta, (_KEY,))
        return None if row is None else from_micros(int(row[0]))

    def set(self, now: datetime) -> None:
        """Set a virtual clock; an earlier instant is passed over.

        Raises:
            ClockAhead: it is not virtual.
        """
        if self._virtual is None:
            raise ClockAhead(now=now.isoformat())
        with self._lock:
            if now > self._virtual:
                self._virtual = self.unsaved = now.astimezone(UTC)

    def read(self, wire: Wire) -> datetime:
        """Return the time; a virtual one may have been set by another process."""
        if self._virtual is None:
            return self._host()
        if self.unsaved is None:
            stored = self._stored(wire)
            with self._lock:
                if stored is not None and stored > self._virtual:
                    self._virtual = stored
        return self._virtual

    def save(self, wire: Wire) -> datetime | None:
        """Write what the file does not know yet, and return it for `saved`."""
        unsaved = self.unsaved
        if unsaved is not None:
            stored = self._stored(wire)
            latest = unsaved if stored is None else max(unsaved, stored)
            wire.change(self._sql.set_meta, (_KEY, str(to_micros(latest))))
        return unsaved

    def saved(self, instant: datetime | None) -> None:
        """Note that what `save` returned is durable."""
        with self._lock:
            if self.unsaved == instant:
                self.unsaved = None
