"""What the running thread holds of a store, so that it is refused what would block itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local

from duban.engine.errors import NestedTransaction


class Held(local):
    """One thread's transaction and views; ``joined`` asks whether the host's is still open."""

    writing = False
    views = 0
    joined: Callable[[], bool] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Mark that this thread writes.

        Raises:
            NestedTransaction: it does already, or its own view would hold the commit up.
        """
        if self.writing or self.views or (self.joined is not None and self.joined()):
            raise NestedTransaction
        self.joined = None
        self.writing = True
        try:
            yield
        finally:
            self.writing = False

    @contextmanager
    def joining(self, still_open: Callable[[], bool]) -> Iterator[None]:
        """Mark that this thread writes in its host's transaction, which may go on afterwards.

        Raises:
            NestedTransaction: it writes already.
        """
        if self.writing:
            raise NestedTransaction
        self.writing = True
        try:
            yield
        finally:
            self.writing = False
            self.joined = still_open

    @contextmanager
    def view(self) -> Iterator[None]:
        """Mark that this thread reads."""
        self.views += 1
        try:
            yield
        finally:
            self.views -= 1
