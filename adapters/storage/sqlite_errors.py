"""What SQLite says when it cannot, in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from duban.adapters.storage.sql import Duplicate
from duban.engine.errors import StoreBusy, Unreachable

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DOUBLED = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
_TROUBLE = {
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "check that its folder exists and that this user may write there",
    ),
    sqlite3.SQLITE_NOTADB: ("it is not a database", "check the path, or restore a backup"),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "keep a copy of it, then restore a backup"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room, then retry; nothing was half written"),
    sqlite3.SQLITE_READONLY: (
        "it cannot be written",
        "give this user the right to write the file and its folder",
    ),
    sqlite3.SQLITE_PERM: ("it may not be used", "check the rights of the file and its folder"),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "check the disk, then retry"),
}


def translator(store: str) -> Callable[[Exception], Exception]:
    """Return what turns an error of the driver, on the file *store*, into one of ours."""

    def translated(error: Exception) -> Exception:
        if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
            return trouble(store, "it was closed", "open it again")
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return error
        if code in _DOUBLED:
            return Duplicate(str(error))
        primary = code & 0xFF
        if primary in _BUSY:
            return StoreBusy(store=store)
        if primary in _TROUBLE:
            return trouble(store, *_TROUBLE[primary])
        if "no such table: duban_" in str(error):
            return trouble(store, "it has no duban tables", "create them with `duban init`")
        return error

    return translated


def trouble(store: str, why: str, hint: str) -> Unreachable:
    """Return the error that tells why *store* cannot be used."""
    return Unreachable(what=f"the database {store}", why=why, hint=hint)
