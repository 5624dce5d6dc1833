"""Writing to PostgreSQL, where writers do not take turns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from duban.adapters.storage.sql import Duplicate, SqlTransaction
from duban.adapters.storage.sql_reader import Prepared
from duban.adapters.storage.wire import Wire
from duban.engine.errors import Contended
from duban.engine.ports import Activation

# Locks by name lie in the server's shared memory: some 6,400 for all sessions together, as it comes.
# A transaction that would hold more than its share holds the one that stands for all instead.
MOST_NAMES = 400

_TABLE = "'duban_case'::regclass::oid::int"
_HOLD = (
    f"SELECT CASE WHEN shared THEN pg_advisory_xact_lock_shared({_TABLE}, key)::text "
    f"ELSE pg_advisory_xact_lock({_TABLE}, key)::text END "
    "FROM unnest(%s::int[], %s::bool[]) AS held (key, shared)"
)
_ALL = 0
_PUBLISHING = "publishing"


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") >> 1 or 1


class PostgresqlTransaction(SqlTransaction):
    """A transaction in READ COMMITTED: rows are locked, versions compared, names held."""

    def __init__(self, wire: Wire, prepared: Prepared, now: datetime) -> None:
        super().__init__(wire, prepared, now)
        self._names: set[int] = set()

    def hold(self, *, looked_at: Collection[str], changed: Collection[str]) -> None:
        # Looking excludes, changing is shared: two that change different cases of one unit go on.
        shared = {_ALL: True} | dict.fromkeys(map(_key, changed), True)
        shared |= dict.fromkeys(map(_key, looked_at), False)
        self._names.update(shared)
        if len(self._names) > MOST_NAMES:
            shared = {_ALL: False}
        # In order, so that two who want the same names here never wait for each other.
        keys = sorted(shared)
        self._wire.all(_HOLD, (keys, [shared[key] for key in keys]))

    def wake(self, case_id: str, name: str, due: datetime) -> None:
        # Whoever is settling the case may be about to drop this timer: let them finish first.
        self._wire.one(self._sql.locked, (case_id,))
        super().wake(case_id, name, due)

    def activate(self, kind: str, name: str, hash: str, by: str) -> Activation:
        self.hold(looked_at=[_PUBLISHING], changed=())
        try:
            return super().activate(kind, name, hash, by)
        except Duplicate:
            raise Contended(store="postgresql") from None
