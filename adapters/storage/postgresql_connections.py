"""Connections to PostgreSQL: their address, their settings, their pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from sqlalchemy import URL, Dialect, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from duban.adapters.storage.postgresql_errors import trouble
from duban.engine.errors import BadUsage

OLDEST = 140_000
POOL_SIZE = 5
MOST_CONNECTIONS = 20
SECONDS_FOR_A_CONNECTION = 5.0

# What a session begins with; each can be given in the address, in PostgreSQL's own words.
SETTINGS: Mapping[str, str] = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",
}
_ALIVE: Mapping[str, Any] = {
    "application_name": "duban",
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_PREPARE = "prepare_threshold"
_SETTING = "SELECT set_config(%s, %s, false)"
# Acknowledged is durable: a server that answers before its log is on the disk is told not to.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)


def positional() -> Dialect:
    """Return the dialect that writes parameters as ``%s``, in order."""
    make: Callable[..., Dialect] = psycopg_dialect.dialect
    return make(paramstyle="format")


def address(url: str) -> URL:
    """Return *url* as an address of PostgreSQL through psycopg.

    Raises:
        BadUsage: it is not one.
    """
    try:
        read = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _unfit(str(error)) from None
    if read.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise _unfit(f"{read.drivername} is not postgresql+psycopg")
    return read.set(drivername="postgresql+psycopg")


def _unfit(why: str) -> BadUsage:
    return BadUsage(
        what=f"this is not the address of a PostgreSQL database: {why}; "
        "write postgresql+psycopg://user@host/database",
        what_zh=f"这不是 PostgreSQL 数据库的地址：{why}；"
        "请写 postgresql+psycopg://用户@主机/数据库",
    )


def make_pool(url: URL) -> Engine:
    """Return a pool of connections on which our statements begin and end transactions."""
    return _engine(
        url,
        autocommit=True,
        pool_size=POOL_SIZE,
        max_overflow=MOST_CONNECTIONS - POOL_SIZE,
        pool_timeout=SECONDS_FOR_A_CONNECTION,
    )


def make_builder(url: URL) -> Engine:
    """Return an engine for creating tables, which is used once."""
    return _engine(url, autocommit=False, poolclass=NullPool)


def _engine(url: URL, *, autocommit: bool, **pool: Any) -> Engine:
    settings = {name: str(url.query.get(name, usual)) for name, usual in SETTINGS.items()}
    asked = {name: usual for name, usual in _ALIVE.items() if name not in url.query}
    threshold = url.query.get(_PREPARE)
    if threshold is not None:
        asked[_PREPARE] = _threshold(str(threshold))
    engine = create_engine(
        url.difference_update_query([*SETTINGS, _PREPARE]),
        connect_args={**asked, "autocommit": autocommit, "client_encoding": "utf8"},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _connected(driver: psycopg.Connection[Any], _: ConnectionPoolEntry) -> None:
        if driver.info.server_version < OLDEST:
            why = f"it runs PostgreSQL {driver.info.server_version // 10_000}"
            raise trouble(shown(url), why, f"duban needs {OLDEST // 10_000} or newer")
        with driver.cursor() as cursor:
            for name, value in {"timezone": "UTC", **settings}.items():
                cursor.execute(_SETTING, (name, value))
            cursor.execute(_DURABLE)
        if not autocommit:
            driver.commit()

    return engine


def _threshold(given: str) -> int | None:
    """After how many times a statement is prepared; ``none`` is for PgBouncer before 1.21."""
    if given.lower() == "none":
        return None
    if not (given.isascii() and given.isdigit()):
        raise _unfit(f"{_PREPARE} is a number or none, not {given!r}")
    return int(given)


def shown(url: URL) -> str:
    """Return *url* as an operator may see it: without its password."""
    return url.set(query={}).render_as_string(hide_password=True)
