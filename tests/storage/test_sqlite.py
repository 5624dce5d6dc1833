from __future__ import annotations

from datetime import datetime
from pathlib import Path

from duban.adapters.contract.store import StoreContract
from duban.adapters.storage.sqlite import SqliteStore
from duban.engine.ports import Store


class TestSqliteStore(StoreContract):
    def make_store(self, folder: Path, *, virtual: datetime | None) -> Store:
        return SqliteStore(folder / "duban.db", virtual=virtual)
