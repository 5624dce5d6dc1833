"""A store in a PostgreSQL database, for any number of processes on any number of hosts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, text
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from duban.adapters.storage import schema
from duban.adapters.storage.held import Held
from duban.adapters.storage.postgresql_clock import StoreClock
from duban.adapters.storage.postgresql_connections import (
    address,
    make_builder,
    make_pool,
    positional,
    shown,
)
from duban.adapters.storage.postgresql_errors import failed_before, translator, trouble
from duban.adapters.storage.postgresql_joined import PostgresqlJoinedStore
from duban.adapters.storage.postgresql_transaction import PostgresqlTransaction
from duban.adapters.storage.sql_reader import SqlReader, prepared
from duban.adapters.storage.wire import Wire
from duban.engine.errors import StoreBusy, Unreachable

_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# One process at a time creates the tables; the others wait for it, longer than for a row.
_BUILDING = text(
    "SELECT set_config('lock_timeout', '60s', true), "
    "pg_advisory_xact_lock(hashtext('duban tables'), hashtext(coalesce(current_schema(), '')))"
)
_VERSION = f"SELECT version_num FROM {schema.VERSION_TABLE}"
_HAS_TABLES = f"SELECT to_regclass('{schema.VERSION_TABLE}') IS NOT NULL"
_SERVER = (
    "SELECT current_setting('server_version'), current_setting('fsync'), "
    "current_setting('synchronous_commit')"
)


class PostgresqlStore:
    """Keeps everything in one schema of a database; creates its tables when they are missing.

    *virtual* makes a new store whose clock stands there until it is set; an existing one knows
    what it is. Otherwise the time is that of the database, never that of this machine.
    """

    def __init__(self, url: str, *, virtual: datetime | None = None) -> None:
        self._url = address(url)
        self.name = shown(self._url)
        self.translate = translator(self.name)
        self._prepared = prepared(positional)
        self.held = Held()
        self._process = os.getpid()
        self._closed = False
        self._pool = make_pool(self._url)
        try:
            self._open()
            self._clock = StoreClock(self._prepared.statements)
            with self._wired() as (wire, _):
                self._clock.start(wire, virtual)
        except BaseException:
            self._pool.dispose()
            raise

    def _open(self) -> None:
        with self._wired() as (wire, _):
            found = None
            if wire.one(_HAS_TABLES) == (True,):
                row = wire.one(_VERSION)
                found = None if row is None else str(row[0])
        if not schema.check(found):
            self._build()

    def _build(self) -> None:
        builder = make_builder(self._url)
        try:
            with builder.begin() as connection:
                connection.execute(_BUILDING)
                schema.prepare(connection)
        except (DBAPIError, psycopg.Error) as error:
            raise self._translated(error) from error
        finally:
            builder.dispose()

    def _translated(self, error: Exception) -> Exception:
        cause = error.orig if isinstance(error, DBAPIError) else error
        return self.translate(cause if isinstance(cause, Exception) else error)

    # ---- connections

    def _connection(self) -> PoolProxiedConnection:
        if self._process != os.getpid():
            why = "it was opened before this process was forked"
            raise trouble(self.name, why, "open the store in each process")
        if self._closed:
            raise trouble(self.name, "it was closed", "open it again")
        try:
            return self._pool.raw_connection()
        except PoolTimeout as error:
            raise StoreBusy(store=self.name) from error
        except (DBAPIError, psycopg.Error) as error:
            raise self._translated(error) from error

    @contextmanager
    def _wired(self, begin: str = "") -> Iterator[tuple[Wire, psycopg.Connection]]:
        """Lend a connection; a transaction that was begun on it is undone unless it was ended."""
        connection = self._connection()
        try:
            if begin and not _begun(connection, begin):
                # It broke while it lay in the pool, as all do when the server starts anew.
                connection.invalidate()
                self._pool.dispose()
                connection = self._connection()
                self.wire(_driver(connection).cursor()).change(begin)
            driver = _driver(connection)
            yield self.wire(driver.cursor()), driver
        finally:
            connection.close()

    def wire(self, cursor: psycopg.Cursor) -> Wire:
        """Return a wire over *cursor*, in our words."""
        return Wire(cursor, self.translate)

    # ---- transactions

    @contextmanager
    def transaction(self) -> Iterator[PostgresqlTransaction]:
        with self.held.transaction(), self._wired(_WRITE) as (wire, driver):
            try:
                transaction = self.transaction_on(wire)
                yield transaction
                transaction.settle()
                _check_whole(driver)
                wire.change("COMMIT")
            except BaseException:
                with suppress(Unreachable):
                    wire.change("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[SqlReader]:
        with self.held.view(), self._wired(_READ) as (wire, _):

            def renew() -> None:
                wire.change("COMMIT")
                wire.change(_READ)

            try:
                yield self.reader_on(wire, renew)
            finally:
                with suppress(Unreachable):
                    wire.change("ROLLBACK")

    def transaction_on(self, wire: Wire) -> PostgresqlTransaction:
        """Return a transaction on a wire where one has begun."""
        return PostgresqlTransaction(wire, self._prepared, self._clock.read(wire))

    def reader_on(self, wire: Wire, renew: Callable[[], None] = lambda: None) -> SqlReader:
        """Return a view on a wire where a transaction has begun."""
        return SqlReader(wire, self._prepared, self._clock.read(wire), renew)

    def joined(self, connection: object) -> PostgresqlJoinedStore:
        """Return a store whose transactions are savepoints of a SQLAlchemy connection or session.

        The connection must be to the same database and see the same tables.
        """
        with self._wired() as (wire, _):
            return PostgresqlJoinedStore(self, connection, wire)

    def set_clock(self, now: datetime) -> None:
        with self._wired() as (wire, _):
            self._clock.set(wire, now)

    def describe(self) -> Mapping[str, str]:
        with self._wired() as (wire, _):
            version, fsync, durable = wire.one(_SERVER) or ("?", "?", "?")
        told = {
            "kind": "postgresql",
            "database": self.name,
            "postgresql": str(version),
            "synchronous_commit": str(durable),
            "schema": schema.NEWEST,
            "clock": "virtual" if self._clock.virtual else "database",
        }
        if fsync != "on":
            told["warning"] = "fsync is off: what was acknowledged can be lost with the power"
        return told

    def close(self) -> None:
        self._closed = True
        if self._process == os.getpid():
            self._pool.dispose()

    @property
    def pool(self) -> Engine:
        """The pool of connections."""
        return self._pool


def _driver(connection: PoolProxiedConnection) -> psycopg.Connection:
    driver = connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _check_whole(driver: psycopg.Connection) -> None:
    """Refuse to commit after a statement failed: the answer would be a quiet ROLLBACK."""
    if driver.info.transaction_status != TransactionStatus.INTRANS:
        raise failed_before()


def _begun(connection: PoolProxiedConnection, begin: str) -> bool:
    """Begin a transaction; False when the connection turns out to be broken."""
    try:
        _driver(connection).execute(begin)
    except psycopg.OperationalError:
        return False
    return True
