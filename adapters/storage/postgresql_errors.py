"""What PostgreSQL and its driver say when they cannot, in our words."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from duban.adapters.storage.sql import Duplicate
from duban.engine.errors import BadText, BadUsage, Contended, StoreBusy, Unreachable

_UNIQUE = "23505"
_CONTENDED = ("40001", "40P01", "55P03")
_TOO_LONG = "57014"
_FAILED = "25P02"
_GRANT = "GRANT it, or create the tables as their owner with `duban init`"
_CONNECT = "check that the server runs, and the address, in the store's URL"
_TROUBLE = {
    "25006": ("it takes no writes", "is this a standby? connect to the primary server"),
    "25P03": (
        "a transaction stood idle for too long and the server ended it",
        "do nothing slow inside a transaction, or raise idle_in_transaction_session_timeout",
    ),
    "28000": ("it refuses this user", "check user, password and pg_hba.conf"),
    "28P01": ("it refuses this password", "check user and password"),
    "3D000": ("there is no such database", "create it with `createdb`"),
    "42501": ("this user lacks a right", _GRANT),
    "3F000": ("there is no schema for its tables", "create it, or correct the search_path"),
    "42P01": ("it has no duban tables", "create them with `duban init`"),
    "53100": ("the disk is full", "make room, then retry; nothing was half written"),
    "53200": (
        "the server is out of memory",
        "write less at once, or raise max_locks_per_transaction",
    ),
    "53300": ("it takes no more connections", "raise max_connections, or use fewer processes"),
    "57P01": ("the server was stopped", "retry when it runs again"),
    "57P02": ("the server crashed", "retry when it runs again"),
    "57P03": ("the server is starting or stopping", "retry when it runs"),
}


def translator(store: str) -> Callable[[Exception], Exception]:
    """Return what turns an error of the driver, at the database *store*, into one of ours."""

    def translated(error: Exception) -> Exception:
        if isinstance(error, UnicodeEncodeError):
            what = f"U+{ord(error.object[error.start]):04X}"
            return BadText(name="text", what=what, position=error.start + 1)
        if not isinstance(error, psycopg.Error):
            return error
        by_state = _by_state(store, error.sqlstate or "")
        if by_state is not None:
            return by_state
        if isinstance(error, psycopg.DataError) and "NUL" in str(error):
            return BadText(name="text", what="U+0000", position="?")
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            return trouble(store, _first_line(error), _CONNECT)
        return error

    return translated


def _by_state(store: str, state: str) -> Exception | None:
    if state == _UNIQUE:
        return Duplicate(state)
    if state in _CONTENDED:
        return Contended(store=store)
    if state == _TOO_LONG:
        return StoreBusy(store=store)
    if state == _FAILED:
        return failed_before()
    return trouble(store, *_TROUBLE[state]) if state in _TROUBLE else None


def failed_before() -> BadUsage:
    """Return the error of a transaction that goes on although a statement in it has failed."""
    return BadUsage(
        what="a statement of this transaction has failed before; roll it back",
        what_zh="此事务中已有语句失败；请回滚该事务",
    )


def trouble(store: str, why: str, hint: str) -> Unreachable:
    """Return the error that tells why *store* cannot be used."""
    return Unreachable(what=f"the database {store}", why=why, hint=hint)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
