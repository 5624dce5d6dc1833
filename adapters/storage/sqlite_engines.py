"""Two engines on one SQLite file, one that writes and one that cannot, and the settings of both."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from duban.adapters.storage.sqlite_errors import trouble

Version = tuple[int, ...]


def wal_is_safe(version: Version) -> bool:
    """Whether this SQLite is free of the bug that can damage a file with a write-ahead log."""
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
        or version < (3, 7)
    )


def journal_for(version: Version) -> str:
    """Return the journal mode that is safe with this SQLite."""
    return "wal" if wal_is_safe(version) else "truncate"


def _settings(patience: float) -> Mapping[str, int]:
    return {
        "busy_timeout": round(patience * 1000),
        "foreign_keys": 1,
        "synchronous": 2,
        "trusted_schema": 0,
        "mmap_size": 0,
        "cache_size": -16_000,
    }


def make_writer(path: Path, patience: float, journal: str) -> Engine:
    """Return an engine whose transactions take the right to write when they begin."""
    engine = _engine(path, pool_size=1)

    @event.listens_for(engine, "connect")
    def _connected(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        _set(driver, path, _settings(patience))
        _set_journal(driver, path, journal)
        # A full page cache would otherwise be spilled into the file, and shut readers out early.
        driver.execute("PRAGMA cache_spill=OFF").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def make_reader(path: Path, patience: float) -> Engine:
    """Return an engine whose connections refuse to change anything."""
    engine = _engine(path, pool_size=8)

    @event.listens_for(engine, "connect")
    def _connected(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        _set(driver, path, {**_settings(patience), "query_only": 1})

    return engine


def _engine(path: Path, *, pool_size: int) -> Engine:
    return create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=pool_size,
        max_overflow=-1,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 0},
    )


def _set(driver: sqlite3.Connection, path: Path, settings: Mapping[str, int]) -> None:
    for name, wanted in settings.items():
        driver.execute(f"PRAGMA {name}={wanted}").close()
        found = _pragma(driver, name)
        # Without support for memory-mapping there is no such setting: just as good.
        if found != wanted and not (name == "mmap_size" and found is None):
            raise trouble(str(path), f"SQLite keeps {name} at {found}", f"it must be {wanted}")


def _set_journal(driver: sqlite3.Connection, path: Path, journal: str) -> None:
    found = _pragma(driver, f"journal_mode={journal.upper()}")
    if found != journal:
        why = f"its journal is {found}, and SQLite {sqlite3.sqlite_version} needs {journal}"
        raise trouble(str(path), why, "close every other program that uses it, then retry")


def _pragma(driver: sqlite3.Connection, name: str) -> Any:  # a foreign value
    row = driver.execute(f"PRAGMA {name}").fetchone()
    return None if row is None else row[0]
