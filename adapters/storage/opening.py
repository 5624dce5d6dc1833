"""From an address to a store; what a kind of store needs is loaded only for that kind."""

from __future__ import annotations

from datetime import datetime

from duban.engine.errors import BadUsage, Unreachable
from duban.engine.ports import Store


def open_store(url: str, *, virtual: datetime | None = None) -> Store:
    """Return the store at *url*: a SQLite file, a PostgreSQL database or ``memory://``.

    Raises:
        BadUsage: the address names no kind of store.
        Unreachable: the store cannot be opened.
    """
    kind = url.partition(":")[0]
    if kind == "memory":
        from duban.adapters.storage.memory import MemoryStore

        return MemoryStore(virtual=virtual)
    if kind == "sqlite":
        from duban.adapters.storage.sqlite import SqliteStore

        return SqliteStore(url, virtual=virtual)
    if kind.partition("+")[0] in ("postgresql", "postgres"):
        return _open_postgresql(url, virtual)
    raise BadUsage(
        what=f"{url!r} is not the address of a store; write sqlite:///file, "
        "postgresql+psycopg://user@host/database or memory://",
        what_zh=f"“{url}”不是存储地址；请写 sqlite:///文件、"
        "postgresql+psycopg://用户@主机/数据库 或 memory://",
    )


def _open_postgresql(url: str, virtual: datetime | None) -> Store:
    try:
        from duban.adapters.storage.postgresql import PostgresqlStore
    except ImportError as error:
        raise Unreachable(
            what="PostgreSQL",
            why=f"its driver is missing ({error})",
            hint="install it with `pip install 'duban[postgresql]'`",
        ) from error
    return PostgresqlStore(url, virtual=virtual)
