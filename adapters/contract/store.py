"""The conformance suite for stores, for a host's own as for ours.

In a host's tests, with pytest::

    class TestMyStore(StoreContract):
        def make_store(self, folder, *, virtual):
            return MyStore(folder / "cases", virtual=virtual)
"""

from __future__ import annotations

from duban.adapters.contract.store_numbering import NumberingContract
from duban.adapters.contract.store_reading import ReadingContract
from duban.adapters.contract.store_sharing import SharingContract
from duban.adapters.contract.store_sweeping import SweepingContract
from duban.adapters.contract.store_watching import WatchingContract
from duban.adapters.contract.store_writing import WritingContract


class StoreContract(
    WritingContract,
    ReadingContract,
    SweepingContract,
    SharingContract,
    NumberingContract,
    WatchingContract,
):
    """Every promise of ``duban.engine.ports`` about stores, as a test that can fail."""
