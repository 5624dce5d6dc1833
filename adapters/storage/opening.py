"""From an address to a store; what a kind of store needs is loaded only for that kind."""

from __future__ import annotations

from datetime import datetime

from duban.engine.errors import BadUsage, Unreachable
from duban.engine.ports import Store


def open_store(url: str, *, virtual: datetime | None = None) -> Store:
    """Return the store at *url*: ``sqlite:///file``, or ``memory://``.

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
        raise Unreachable(
            what="PostgreSQL", why="it is not built yet", hint="use sqlite:///duban.db"
        )
    raise BadUsage(
        what=f"{url!r} is not the address of a store; write sqlite:///file or memory://",
        what_zh=f"“{url}”不是存储地址；请写 sqlite:///文件 或 memory://",
    )
