"""The store inside a host's own transaction, on the host's connection to the same database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol
from weakref import ref

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from duban.adapters.storage.held import Held
from duban.adapters.storage.postgresql_transaction import PostgresqlTransaction
from duban.adapters.storage.sql_reader import SqlReader
from duban.adapters.storage.wire import Wire
from duban.engine.errors import BadUsage, Contended, StoreBusy, Unreachable

# The server by the instant of its start, the database, the table as its search path finds it.
_WHERE = (
    "SELECT pg_postmaster_start_time()::text, current_database()::text, "
    "to_regclass('duban_case')::oid::bigint"
)


class Joinable(Protocol):
    """What a store lends to those that join it."""

    name: str
    held: Held

    def wire(self, cursor: psycopg.Cursor) -> Wire: ...

    def transaction_on(self, wire: Wire) -> PostgresqlTransaction: ...

    def reader_on(self, wire: Wire) -> SqlReader: ...

    def joined(self, connection: object) -> PostgresqlJoinedStore: ...

    def set_clock(self, now: datetime) -> None: ...

    def describe(self) -> Mapping[str, str]: ...


class PostgresqlJoinedStore:
    """Each transaction is a savepoint; the host commits or rolls back all of them together.

    The settings of the session, its isolation and its timeouts are the host's. *own* is a wire of
    the store itself, by which to tell that both see the same tables.
    """

    def __init__(self, store: Joinable, connection: object, own: Wire) -> None:
        if isinstance(connection, Session):
            connection = connection.connection()
        if not isinstance(connection, Connection):
            raise _unfit(
                why="it is not a SQLAlchemy connection or session",
                why_zh="不是 SQLAlchemy 连接或会话",
            )
        self._store = store
        self._connection = connection
        with self._reading_wire() as wire:
            if wire.one(_WHERE) != own.one(_WHERE):
                raise _unfit(
                    why=f"it does not see the tables of {store.name}",
                    why_zh=f"看不到 {store.name} 的数据表",
                )

    def _driver(self) -> psycopg.Connection:
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise _unfit(
                why="it is not to PostgreSQL through psycopg 3",
                why_zh="不是通过 psycopg 3 连接的 PostgreSQL",
            )
        return driver

    def _wire(self, driver: psycopg.Connection) -> Wire:
        return self._store.wire(psycopg.Cursor(driver, row_factory=tuple_row))

    @contextmanager
    def transaction(self) -> Iterator[PostgresqlTransaction]:
        with self._store.held.joining(_OpenQuestion(self._connection)):
            driver = self._driver()
            if driver.autocommit:
                raise _unfit(why="it commits each statement by itself", why_zh="它自动提交每条语句")
            wire = self._wire(driver)
            if not self._connection.in_transaction():
                self._connection.begin()
            wire.change("SAVEPOINT duban")
            try:
                transaction = self._store.transaction_on(wire)
                yield transaction
                transaction.settle()
                wire.change("RELEASE duban")
            except BaseException as error:
                with suppress(Unreachable):
                    wire.change("ROLLBACK TO duban")
                    wire.change("RELEASE duban")
                if isinstance(error, Contended):
                    # What is in the way may wait for what the host has locked: only it can retry.
                    raise StoreBusy(store=self._store.name) from error
                raise

    @contextmanager
    def reading(self) -> Iterator[SqlReader]:
        with self._reading_wire() as wire:
            yield self._store.reader_on(wire)

    @contextmanager
    def _reading_wire(self) -> Iterator[Wire]:
        driver = self._driver()
        alone = driver.info.transaction_status == TransactionStatus.IDLE
        try:
            yield self._wire(driver)
        finally:
            if alone and not self._connection.in_transaction():
                driver.rollback()

    def joined(self, connection: object) -> PostgresqlJoinedStore:
        return self._store.joined(connection)

    def set_clock(self, now: datetime) -> None:
        self._store.set_clock(now)

    def describe(self) -> Mapping[str, str]:
        return {**self._store.describe(), "joined": "yes"}

    def close(self) -> None:
        """Do nothing: the connection is the host's."""


class _OpenQuestion:
    """Asks whether the host's transaction goes on, without keeping its connection alive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = ref(connection)

    def __call__(self) -> bool:
        connection = self._connection()
        if connection is None or connection.closed or not connection.in_transaction():
            return False
        driver = connection.connection.driver_connection
        return (
            isinstance(driver, psycopg.Connection)
            and driver.info.transaction_status != TransactionStatus.IDLE
        )


def _unfit(*, why: str, why_zh: str) -> BadUsage:
    return BadUsage(
        what=f"this connection cannot be joined: {why}", what_zh=f"无法加入此连接：{why_zh}"
    )
