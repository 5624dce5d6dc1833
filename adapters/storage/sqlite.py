"""A store in one SQLite file, for any number of processes on one machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import make_url
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from duban.adapters.storage import schema
from duban.adapters.storage.clocks import host_clock
from duban.adapters.storage.held import Held
from duban.adapters.storage.sql import SqlTransaction
from duban.adapters.storage.sql_reader import SqlReader, prepared
from duban.adapters.storage.sqlite_clock import StoreClock
from duban.adapters.storage.sqlite_engines import (
    journal_for,
    make_reader,
    make_writer,
    wal_is_safe,
)
from duban.adapters.storage.sqlite_errors import translator, trouble
from duban.adapters.storage.sqlite_joined import JoinedStore
from duban.adapters.storage.wire import Wire
from duban.engine.errors import StoreBusy, Unreachable

PATIENCE = 15.0


class SqliteStore:
    """Keeps everything in one file, which is created when it is missing.

    *virtual* makes a new store whose clock stands there until it is set; an existing one knows
    what it is. *now* is the machine's clock. *patience* is how many seconds to wait for a lock.
    """

    def __init__(
        self,
        path_or_url: str | Path,
        *,
        virtual: datetime | None = None,
        now: Callable[[], datetime] = host_clock,
        patience: float = PATIENCE,
    ) -> None:
        self.path = _path(path_or_url)
        self._patience = patience
        self._journal = journal_for(sqlite3.sqlite_version_info)
        self.translate = translator(str(self.path))
        self._prepared = prepared(dialect)
        self.held = Held()
        self._clock = StoreClock(now, self._prepared.statements)
        self._turn = Lock()
        self._process = os.getpid()
        self._writers = make_writer(self.path, patience, self._journal)
        self._readers = make_reader(self.path, patience)
        try:
            self._open()
            self._clock.start(self._wire, virtual)
        except BaseException:
            self._dispose()
            raise

    def _open(self) -> None:
        try:
            with self._writers.connect() as connection:
                raw = connection.connection.driver_connection
                found = _version(raw) if isinstance(raw, sqlite3.Connection) else None
            if not schema.check(found):
                with self._writers.begin() as connection:
                    schema.prepare(connection)
            self._writer = self._writers.raw_connection()
            self._wire = self._wired(self._writer)
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise self.translate(cause if isinstance(cause, Exception) else error) from error

    def _wired(self, connection: PoolProxiedConnection) -> Wire:
        return Wire(connection.cursor(), self.translate)

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            why = "it was opened before this process was forked"
            raise trouble(str(self.path), why, "open the store in each process")

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        self._check_process()
        with self.held.transaction():
            if not self._turn.acquire(timeout=self._patience):
                raise StoreBusy(store=str(self.path))
            try:
                yield from self._transacted()
            finally:
                self._turn.release()

    def _transacted(self) -> Iterator[SqlTransaction]:
        wire = self._wire
        wire.change("BEGIN IMMEDIATE")
        try:
            transaction = self.transaction_on(wire)
            yield transaction
            transaction.settle()
            instant = self._clock.save(wire)
            wire.change("COMMIT")
        except BaseException:
            # An error such as a full disk has already undone everything.
            with suppress(Unreachable, sqlite3.Error):
                wire.change("ROLLBACK")
            raise
        self._clock.saved(instant)

    @contextmanager
    def reading(self) -> Iterator[SqlReader]:
        self._check_process()
        with self.held.view():
            try:
                connection = self._readers.raw_connection()
            except sqlite3.Error as error:
                raise self.translate(error) from error
            try:
                yield from self._viewed(self._wired(connection))
            finally:
                connection.close()

    def _viewed(self, wire: Wire) -> Iterator[SqlReader]:
        def renew() -> None:
            if self._journal != "wal":
                wire.change("COMMIT")
                wire.change("BEGIN")

        wire.change("BEGIN")
        try:
            yield self.reader_on(wire, renew)
        finally:
            wire.change("ROLLBACK")

    def transaction_on(self, wire: Wire) -> SqlTransaction:
        """Return a transaction on a wire where one has begun."""
        return SqlTransaction(wire, self._prepared, self._clock.read(wire))

    def reader_on(self, wire: Wire, renew: Callable[[], None] = lambda: None) -> SqlReader:
        """Return a view on a wire where a transaction has begun."""
        return SqlReader(wire, self._prepared, self._clock.read(wire), renew)

    def joined(self, connection: object) -> JoinedStore:
        """Return a store whose transactions are savepoints of a SQLAlchemy connection or session.

        The connection must be to the same file. What it begins itself it begins with the right to
        write, so that the host's commit or rollback covers host and store alike.
        """
        return JoinedStore(self, connection)

    def set_clock(self, now: datetime) -> None:
        self._clock.set(now)

    def describe(self) -> Mapping[str, str]:
        version = sqlite3.sqlite_version
        why = (
            f"SQLite {version} is free of the WAL-reset bug"
            if wal_is_safe(sqlite3.sqlite_version_info)
            else f"SQLite {version} can damage a file with a write-ahead log (WAL-reset bug); "
            "3.51.3, 3.50.7 and 3.44.6 do not"
        )
        return {
            "kind": "sqlite",
            "file": str(self.path.resolve()),
            "sqlite": version,
            "journal": self._journal,
            "journal_because": why,
            "schema": schema.NEWEST,
            "clock": "virtual" if self._clock.virtual else "host",
        }

    def close(self) -> None:
        if self._process == os.getpid() and self._clock.unsaved:
            with self.transaction():
                pass
        self._dispose()

    def _dispose(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()
        self._writers.dispose()
        self._readers.dispose()


def _version(driver: sqlite3.Connection) -> str | None:
    try:
        row = driver.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def _path(path_or_url: str | Path) -> Path:
    text = str(path_or_url)
    if text.startswith("sqlite:"):
        text = make_url(text).database or ""
    if text in ("", ":memory:"):
        raise trouble(repr(text), "it has no file", "use memory:// for a store in memory")
    return Path(text).absolute()
