"""What every part of the suite for stores begins with: a store, empty, under a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from duban.adapters.contract.steps import START
from duban.engine.ports import Store


class StoreBase:
    """Override `make_store`; everything else follows."""

    def make_store(self, folder: Path, *, virtual: datetime | None) -> Store:
        """Return a new store that holds nothing; *folder* is empty and its own."""
        raise NotImplementedError

    @contextmanager
    def opened(self, folder: Path, *, virtual: datetime | None = START) -> Iterator[Store]:
        """Lend a new store and close it."""
        store = self.make_store(folder, virtual=virtual)
        try:
            yield store
        finally:
            store.close()
