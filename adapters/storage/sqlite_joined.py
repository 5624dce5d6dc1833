"""The store inside a host's own transaction, on the host's connection to the same file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from weakref import ref

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from duban.adapters.storage.held import Held
from duban.adapters.storage.sql import SqlTransaction
from duban.adapters.storage.sql_reader import SqlReader
from duban.adapters.storage.wire import Wire
from duban.engine.errors import BadUsage


class Joinable(Protocol):
    """What a store lends to those that join it."""

    path: Path
    held: Held
    translate: Callable[[Exception], Exception]

    def transaction_on(self, wire: Wire) -> SqlTransaction: ...

    def reader_on(self, wire: Wire) -> SqlReader: ...

    def set_clock(self, now: datetime) -> None: ...

    def describe(self) -> Mapping[str, str]: ...


class JoinedStore:
    """Each transaction is a savepoint; the host commits or rolls back all of them together."""

    def __init__(self, store: Joinable, connection: object) -> None:
        if isinstance(connection, Session):
            connection = connection.connection()
        if not isinstance(connection, Connection):
            raise _unfit(
                why="it is not a SQLAlchemy connection or session",
                why_zh="不是 SQLAlchemy 连接或会话",
            )
        self._store = store
        self._connection = connection
        if not _same_file(self._driver(), store.path):
            raise _unfit(why=f"it is not to {store.path}", why_zh=f"未连接到 {store.path}")

    def _driver(self) -> sqlite3.Connection:
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise _unfit(why="it is not to a SQLite database", why_zh="不是 SQLite 数据库连接")
        return driver

    def _wire(self, driver: sqlite3.Connection) -> Wire:
        cursor = driver.cursor()
        cursor.row_factory = None
        return Wire(cursor, self._store.translate)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with self._store.held.joining(_OpenQuestion(self._connection)):
            driver = self._driver()
            wire = self._wire(driver)
            if not self._connection.in_transaction():
                self._connection.begin()
            if not driver.in_transaction:
                wire.change("BEGIN IMMEDIATE")
            wire.change("SAVEPOINT duban")
            try:
                transaction = self._store.transaction_on(wire)
                yield transaction
                transaction.settle()
            except BaseException:
                if driver.in_transaction:
                    wire.change("ROLLBACK TO duban")
                    wire.change("RELEASE duban")
                raise
            wire.change("RELEASE duban")

    @contextmanager
    def reading(self) -> Iterator[SqlReader]:
        driver = self._driver()
        wire = self._wire(driver)
        alone = not driver.in_transaction
        if alone:
            wire.change("BEGIN")
        try:
            yield self._store.reader_on(wire)
        finally:
            if alone:
                wire.change("ROLLBACK")

    def joined(self, connection: object) -> JoinedStore:
        return JoinedStore(self._store, connection)

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
        return isinstance(driver, sqlite3.Connection) and driver.in_transaction


def _same_file(driver: sqlite3.Connection, path: Path) -> bool:
    for _, name, file in driver.execute("PRAGMA database_list").fetchall():
        if name == "main":
            return bool(file) and os.path.samefile(file, path)
    return False


def _unfit(*, why: str, why_zh: str) -> BadUsage:
    return BadUsage(
        what=f"this connection cannot be joined: {why}", what_zh=f"无法加入此连接：{why_zh}"
    )
