"""A clock that is set, back or ahead, neither silences the daemon nor drowns it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import apscheduler.schedulers.base
import pytest
from fake_engine import EPOCH, FakeEngine, events, eventually, running
from structlog.testing import capture_logs

from duban.adapters.daemon import Daemon
from duban.adapters.watchdog import Watchdog


def test_a_clock_that_was_set_back_does_not_silence_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shift = timedelta()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + shift

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
    engine = FakeEngine()
    daemon = Daemon(engine, interval=0.2, wall=lambda: datetime.now(UTC) + shift)
    with capture_logs() as logs, running(daemon) as returned:
        eventually(lambda: engine.delivered == 2)
        time.sleep(0.1)
        shift = -timedelta(hours=1)
        eventually(lambda: "daemon.restarted" in events(logs))
        ticks = engine.delivered
        eventually(lambda: engine.delivered >= ticks + 2)
    assert returned == [0]
    jump = next(line for line in logs if line["event"] == "daemon.clock_jumped")
    assert jump["seconds"] == pytest.approx(-3600, abs=1)


def test_a_clock_that_was_set_ten_years_ahead_costs_one_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shift = timedelta()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + shift

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
    engine = FakeEngine()
    with running(Daemon(engine, interval=0.1, wall=lambda: datetime.now(UTC) + shift)):
        eventually(lambda: engine.delivered == 2)
        shift = timedelta(days=3650)
        began = engine.delivered
        eventually(lambda: engine.delivered >= began + 3)
    assert engine.delivered < began + 8


@dataclass
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_watchdog_speaks_when_nothing_has_ticked_for_too_long_and_then_counts_anew() -> None:
    clock = FakeClock()
    watchdog = Watchdog(90, clock, lambda: EPOCH)
    clock.now += 90
    assert watchdog.silent() is None
    clock.now += 1
    assert watchdog.silent() == 91
    assert watchdog.silent() is None


def test_the_watchdog_lets_a_long_tick_run_and_tells_of_it_once() -> None:
    clock = FakeClock()
    watchdog = Watchdog(90, clock, lambda: EPOCH)
    assert watchdog.begin()
    clock.now += 91
    assert watchdog.silent() is None
    assert watchdog.slow() == 91
    assert watchdog.slow() is None
    assert not watchdog.begin()
    watchdog.end()
    assert watchdog.silent() is None
    assert watchdog.begin()


def test_the_watchdog_tells_a_clock_that_was_set_from_time_that_passed() -> None:
    clock = FakeClock()
    wall = [EPOCH]
    watchdog = Watchdog(90, clock, lambda: wall[0])
    clock.now, wall[0] = clock.now + 100, wall[0] + timedelta(seconds=100)
    assert watchdog.jumped() == 0
    wall[0] -= timedelta(hours=2)
    assert watchdog.jumped() == -7200
    assert watchdog.jumped() == 0
