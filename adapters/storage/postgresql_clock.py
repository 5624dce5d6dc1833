"""The clock of a PostgreSQL store: the database's, or a virtual one that is kept in a table."""

from __future__ import annotations

from datetime import UTC, datetime

from duban.adapters.storage.upkeep_statements import AllStatements
from duban.adapters.storage.wire import Wire
from duban.engine.errors import BadUsage, ClockAhead
from duban.engine.timing.instants import from_micros, to_micros

_KEY = "virtual"
# `now()` would stand still at the beginning of a host's transaction, which may be long ago.
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_SET = (
    f"UPDATE duban_meta SET value = greatest(value::bigint, %s::bigint)::text WHERE key = '{_KEY}'"
)
_CREATE = (
    f"INSERT INTO duban_meta (key, value) SELECT '{_KEY}', %s::bigint::text "
    "WHERE NOT EXISTS (SELECT FROM duban_case) ON CONFLICT DO NOTHING"
)


class StoreClock:
    """Reads the time once for each transaction, where the transaction is."""

    virtual = False

    def __init__(self, statements: AllStatements) -> None:
        self._sql = statements

    def start(self, wire: Wire, virtual: datetime | None) -> None:
        """Learn from the database what it is; make an empty store virtual.

        Raises:
            BadUsage: the store holds something, under the database's clock.
        """
        if virtual is not None:
            wire.change(_CREATE, (to_micros(virtual.astimezone(UTC)),))
        self.virtual = wire.one(self._sql.meta, (_KEY,)) is not None
        if virtual is None:
            return
        if not self.virtual:
            raise BadUsage(
                what="the store runs by the database's clock; only a new store can be virtual",
                what_zh="该存储使用数据库时钟；只有新建的存储才能使用虚拟时钟",
            )
        self.set(wire, virtual)

    def set(self, wire: Wire, now: datetime) -> None:
        """Set a virtual clock; an earlier instant is passed over.

        Raises:
            ClockAhead: it is not virtual.
        """
        if not wire.change(_SET, (to_micros(now.astimezone(UTC)),)):
            raise ClockAhead(now=now.isoformat())

    def read(self, wire: Wire) -> datetime:
        """Return the time."""
        row = wire.one(self._sql.meta, (_KEY,)) if self.virtual else wire.one(_NOW)
        assert row is not None
        return from_micros(int(row[0]))
