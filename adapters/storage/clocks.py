"""The clock of a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock


def host_clock() -> datetime:
    """Return what the machine's clock shows."""
    return datetime.now(UTC)


class SteadyClock:
    """Another clock, in UTC, that never runs backwards while the process lives."""

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def __call__(self) -> datetime:
        shown = self._source().astimezone(UTC)
        with self._lock:
            self._last = max(self._last, shown)
            return self._last
