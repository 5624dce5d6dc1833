"""The daemon: one tick that sweeps and delivers. The rows of the store are the schedule."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Protocol, TypeVar

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from structlog.contextvars import clear_contextvars

from duban.adapters.logs import get_logger
from duban.adapters.watchdog import Watchdog, utc_now
from duban.engine.errors import DubanError

T = TypeVar("T")

_JOB = "tick"
_FLOOR = 1.0
_SILENT_TICKS = 3
_MOST_DOUBLINGS = 12


class Swept(Protocol):
    """What a sweep did."""

    @property
    def cases(self) -> int: ...
    @property
    def entries(self) -> int: ...
    @property
    def rungs(self) -> int: ...
    @property
    def opened(self) -> int: ...
    @property
    def aside(self) -> tuple[tuple[str, str], ...]: ...


class Delivered(Protocol):
    """What a delivery did."""

    @property
    def sent(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def dead(self) -> int: ...


class Works(Protocol):
    """What the daemon asks of an engine; between two transactions the engine asks ``stop()``."""

    def sweep(self, *, stop: Callable[[], bool] = ...) -> Swept: ...
    def deliver(self, *, stop: Callable[[], bool] = ...) -> Delivered: ...
    def next_due(self) -> datetime | None: ...
    def now(self) -> datetime: ...


class _Steady(IntervalTrigger):  # type: ignore[misc]  # apscheduler publishes no types
    """An interval counted from now: after a jump of the clock, missed runs are not enumerated."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        return now + timedelta(seconds=self.interval_length)


class Daemon:
    """Sweeps and delivers every *interval* seconds, and sooner when something falls due sooner.

    Any number may run on one store. `run` returns 0 after SIGTERM, SIGINT or `stop`, when the
    transaction that was open is finished.
    """

    def __init__(
        self,
        engine: Works,
        *,
        interval: float = 30,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = utc_now,
        floor: float = _FLOOR,
    ) -> None:
        self._engine = engine
        self._interval, self._floor = interval, min(floor, interval)
        self._wall = wall
        self._watchdog = Watchdog(_SILENT_TICKS * interval, clock, wall)
        # A queue that a signal handler may put into while the same thread waits on it.
        self._calls: SimpleQueue[float | None] = SimpleQueue()
        self._stopping = False
        self._setbacks = self._ticks = 0
        self._scheduler: BackgroundScheduler

    def run(self) -> int:
        """Tick until told to stop; return the exit code."""
        with self._heeding_signals():
            self._start()
            self._say("info", "daemon.started", interval=self._interval, pid=os.getpid())
            try:
                while not self._stopping:
                    self._attend()
            finally:
                self._stopping = True
                self._scheduler.shutdown(wait=True)
                self._say("info", "daemon.stopped", ticks=self._ticks)
        return 0

    def stop(self) -> None:
        """Finish the open transaction and stop; any thread or signal handler may ask for it."""
        self._stopping = True
        self._calls.put(None)

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self._heed) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heed(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _start(self) -> None:
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_job(
            self._tick,
            _Steady(seconds=self._interval, timezone=UTC),
            id=_JOB,
            next_run_time=self._wall(),
        )
        self._scheduler.start()

    def _attend(self) -> None:
        """Wait for the end of a tick or for a signal; in between, see that there are ticks."""
        try:
            delay = self._calls.get(timeout=self._interval)
        except Empty:
            delay = None
        else:
            # Only here: a tick that called the scheduler could lock itself out at shutdown.
            if delay is not None and not self._stopping:
                wake = self._wall() + timedelta(seconds=delay)
                self._scheduler.modify_job(_JOB, next_run_time=wake)
        if not self._stopping:
            self._watch()

    def _watch(self) -> None:
        slow = self._watchdog.slow()
        if slow is not None:
            self._say("warning", "tick.overran", seconds=round(slow, 1))
        silent = self._watchdog.silent()
        if silent is None:
            return
        jumped = self._watchdog.jumped()
        if abs(jumped) > self._interval:
            self._say("warning", "daemon.clock_jumped", seconds=round(jumped, 1))
        self._scheduler.shutdown(wait=False)
        self._start()
        self._say("warning", "daemon.restarted", silent=round(silent, 1))

    def _tick(self) -> None:
        if not self._watchdog.begin():
            return
        delay = self._interval
        try:
            clear_contextvars()
            delay = self._work()
        finally:
            self._ticks += 1
            self._watchdog.end()
            self._calls.put(delay)

    def _work(self) -> float:
        """Sweep, deliver, and return the seconds until the next tick."""
        swept = self._tried("sweep.failed", self._sweep)
        delivered = self._tried("delivery.failed", self._deliver)
        wait = self._tried("due.failed", self._until_due)
        if self._stopping:
            return self._interval
        if swept is None or delivered is None or wait is None:
            return self._backed_off()
        if wait <= 0 and not (swept or delivered):
            # Held by another daemon, or by a case that cannot move: asking faster helps nobody.
            return self._backed_off()
        self._setbacks = 0
        return self._bounded(wait)

    def _sweep(self) -> bool:
        swept = self._engine.sweep(stop=self._asked_to_stop)
        for case, why in swept.aside:
            self._say("warning", "case.set_aside", case=case, why=why)
        did = any((swept.cases, swept.entries, swept.rungs, swept.opened, swept.aside))
        if did:
            self._say(
                "info",
                "sweep.finished",
                cases=swept.cases,
                entries=swept.entries,
                rungs=swept.rungs,
                opened=swept.opened,
                aside=len(swept.aside),
            )
        return did

    def _deliver(self) -> bool:
        gone = self._engine.deliver(stop=self._asked_to_stop)
        did = any((gone.sent, gone.failed, gone.dead))
        if did:
            level = "warning" if gone.failed or gone.dead else "info"
            self._say(
                level, "delivery.finished", sent=gone.sent, failed=gone.failed, dead=gone.dead
            )
        return did

    def _until_due(self) -> float:
        due = self._engine.next_due()
        return math.inf if due is None else (due - self._engine.now()).total_seconds()

    def _tried(self, event: str, part: Callable[[], T]) -> T | None:
        """Return what *part* returns, or None when it failed, which is logged."""
        if self._stopping:
            return None
        try:
            return part()
        except DubanError as error:
            self._say("error", event, code=error.code, error=str(error))
        except Exception as error:
            self._say("error", event, error=str(error), kind=type(error).__name__, exc_info=error)
        return None

    def _backed_off(self) -> float:
        delay = self._floor * 2.0 ** min(self._setbacks, _MOST_DOUBLINGS)
        self._setbacks += 1
        return self._bounded(delay)

    def _bounded(self, delay: float) -> float:
        return min(self._interval, max(self._floor, delay))

    def _asked_to_stop(self) -> bool:
        return self._stopping

    def _say(self, level: str, event: str, **fields: object) -> None:
        # A log that cannot be written any more is no reason to let a deadline pass.
        with suppress(OSError, ValueError):
            getattr(get_logger(), level)(event, **fields)
