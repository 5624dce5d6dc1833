from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from duban.adapters.contract.steps import START, keep, opening
from duban.adapters.contract.store import StoreContract
from duban.adapters.storage.memory import MemoryStore
from duban.adapters.storage.opening import open_store
from duban.engine.errors import BadUsage, StoreBusy
from duban.engine.ports import Store


class TestMemoryStore(StoreContract):
    def make_store(self, folder: Path, *, virtual: datetime | None) -> Store:
        return MemoryStore(virtual=virtual)


def test_a_view_keeps_what_it_began_with() -> None:
    store = MemoryStore()
    with store.reading() as view:
        _in_another_thread(lambda: keep(store, opening("c-1", timers={"repair": START})))
        assert view.case("c-1") is None
        assert view.next_due() is None
    with store.reading() as view:
        assert view.case("c-1") is not None


def test_a_writer_does_not_wait_for_ever() -> None:
    store = MemoryStore(patience=0.05)
    with store.transaction():

        def wait() -> None:
            with pytest.raises(StoreBusy), store.transaction():
                pass

        _in_another_thread(wait)


def test_memory_has_no_connection_to_join() -> None:
    with pytest.raises(BadUsage):
        open_store("memory://").joined(object())


def _in_another_thread(task: object) -> None:
    from concurrent.futures import ThreadPoolExecutor

    assert callable(task)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(task).result()
