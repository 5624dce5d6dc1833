"""An engine that does nothing but say when it was asked, and what tests of the daemon ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from duban.adapters.daemon import Daemon

EPOCH = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Swept:
    cases: int = 0
    entries: int = 0
    rungs: int = 0
    opened: int = 0
    aside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Delivered:
    sent: int = 0
    failed: int = 0
    dead: int = 0


def never() -> bool:
    return False


@dataclass
class FakeEngine:
    """Sweeps by calling *work*; time is this machine's, told as if it were another's."""

    work: Callable[[int], Swept] = lambda number: Swept()
    post: Callable[[], Delivered] = Delivered
    due_in: Callable[[int], float | None] = lambda number: None
    swept_at: list[float] = field(default_factory=list)
    delivered: int = 0

    def sweep(self, *, stop: Callable[[], bool] = never) -> Swept:
        self.swept_at.append(time.monotonic())
        return self.work(len(self.swept_at))

    def deliver(self, *, stop: Callable[[], bool] = never) -> Delivered:
        self.delivered += 1
        return self.post()

    def now(self) -> datetime:
        return EPOCH

    def next_due(self) -> datetime | None:
        seconds = self.due_in(len(self.swept_at))
        return None if seconds is None else EPOCH + timedelta(seconds=seconds)


@contextmanager
def running(daemon: Daemon) -> Iterator[list[int]]:
    """Run *daemon* in a thread; the list holds what it returned when the block is left."""
    returned: list[int] = []
    thread = threading.Thread(target=lambda: returned.append(daemon.run()))
    thread.start()
    try:
        yield returned
    finally:
        daemon.stop()
        thread.join(5)


def eventually(true: Callable[[], bool], within: float = 3) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def events(logs: list[Any], prefix: str = "") -> list[str]:
    return [line["event"] for line in logs if line["event"].startswith(prefix)]


def gaps(engine: FakeEngine) -> list[float]:
    return [b - a for a, b in zip(engine.swept_at, engine.swept_at[1:], strict=False)]
