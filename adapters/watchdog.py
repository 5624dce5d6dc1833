"""Whether the ticking has died: asked of a clock that nobody can set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock


def utc_now() -> datetime:
    """Return the time of this machine, which somebody may set."""
    return datetime.now(UTC)


class Watchdog:
    """Knows when the last tick ended, whether one runs, and how far the machine's time jumped."""

    def __init__(
        self, patience: float, clock: Callable[[], float], wall: Callable[[], datetime] = utc_now
    ) -> None:
        self._patience, self._clock, self._wall = patience, clock, wall
        self._lock = Lock()
        self._running = self._slow_told = False
        self._offset = self._difference()
        self._since = clock()

    def begin(self) -> bool:
        """Note that a tick begins; False when one is running already."""
        with self._lock:
            if self._running:
                return False
            self._running, self._slow_told, self._since = True, False, self._clock()
            return True

    def end(self) -> None:
        """Note that the tick ended."""
        with self._lock:
            self._running, self._since = False, self._clock()

    def silent(self) -> float | None:
        """Return for how many seconds nothing ticked, if that is too long; then count anew."""
        with self._lock:
            passed = self._clock() - self._since
            if self._running or passed <= self._patience:
                return None
            self._since = self._clock()
            return passed

    def slow(self) -> float | None:
        """Return for how long the tick has been running, once, if that is too long."""
        with self._lock:
            passed = self._clock() - self._since
            if not self._running or self._slow_told or passed <= self._patience:
                return None
            self._slow_told = True
            return passed

    def jumped(self) -> float:
        """Return by how many seconds the machine's time was moved since this was last asked."""
        before, self._offset = self._offset, self._difference()
        return self._offset - before

    def _difference(self) -> float:
        return self._wall().timestamp() - self._clock()
