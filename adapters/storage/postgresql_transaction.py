"""Writing to PostgreSQL, where writers do not take turns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from duban.adapters.storage.sql import Duplicate, SqlTransaction
from duban.engine.errors import Contended
from duban.engine.ports import Activation

# Locks by name lie in the server's shared memory, some thousands for all sessions together. So
# many buckets keep even a long transaction far below that; two names may share one, and wait.
BUCKETS = 256

_HOLD = (
    "SELECT pg_advisory_xact_lock('duban_case'::regclass::oid::int, bucket) "
    "FROM unnest(%s::int[]) AS bucket"
)
_PUBLISHING = "publishing"


def bucket(name: str) -> int:
    """Return which of the locks stands for *name*."""
    return sha256(name.encode()).digest()[0] % BUCKETS


class PostgresqlTransaction(SqlTransaction):
    """A transaction in READ COMMITTED: rows are locked, versions compared, names held."""

    def hold(self, names: Sequence[str]) -> None:
        # In order, so that two who want the same names never wait for each other.
        self._wire.all(_HOLD, (sorted({bucket(name) for name in names}),))

    def wake(self, case_id: str, name: str, due: datetime) -> None:
        # Whoever is settling the case may be about to drop this timer: let them finish first.
        self._wire.one(self._sql.locked, (case_id,))
        super().wake(case_id, name, due)

    def activate(self, kind: str, name: str, hash: str, by: str) -> Activation:
        self.hold([_PUBLISHING])
        try:
            return super().activate(kind, name, hash, by)
        except Duplicate:
            raise Contended(store="postgresql") from None
