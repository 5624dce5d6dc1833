"""The daemon: it wakes when something falls due, outlives what fails, and stops between transactions."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_engine import Delivered, FakeEngine, Swept, events, eventually, gaps, running
from structlog.testing import capture_logs

from duban.adapters.daemon import Daemon
from duban.engine.errors import StoreBusy


def test_it_ticks_at_once_and_then_at_every_interval() -> None:
    engine = FakeEngine()
    with capture_logs() as logs, running(Daemon(engine, interval=0.1)) as returned:
        eventually(lambda: engine.delivered >= 4)
    assert returned == [0]
    assert all(0.09 < gap < 2 for gap in gaps(engine))
    assert events(logs) == ["daemon.started", "daemon.stopped"]


def test_it_wakes_when_the_next_thing_falls_due_although_the_interval_is_long() -> None:
    engine = FakeEngine(due_in=lambda number: 0.15 if number == 1 else None)
    with running(Daemon(engine, interval=30, floor=0.01)):
        eventually(lambda: engine.delivered == 2)
    assert 0.14 < gaps(engine)[0] < 3


def test_it_never_sleeps_longer_than_the_interval() -> None:
    engine = FakeEngine(due_in=lambda number: 86_400.0)
    with running(Daemon(engine, interval=0.1)):
        eventually(lambda: engine.delivered == 3)
    assert max(gaps(engine)) < 2


def test_what_is_due_but_cannot_move_does_not_make_it_spin() -> None:
    engine = FakeEngine(due_in=lambda number: -5.0)
    with running(Daemon(engine, interval=30, floor=0.05)):
        time.sleep(0.6)
    assert 2 <= len(engine.swept_at) <= 5


def test_work_that_goes_on_is_taken_up_at_once() -> None:
    engine = FakeEngine(
        work=lambda number: Swept(cases=1, entries=1, rungs=1), due_in=lambda number: -5.0
    )
    with capture_logs() as logs, running(Daemon(engine, interval=30, floor=0.05)):
        eventually(lambda: engine.delivered >= 5)
    assert "sweep.finished" in events(logs)


def test_a_tick_is_logged_only_when_something_was_done() -> None:
    done = {1: Swept(cases=2, entries=3, rungs=1, opened=1, aside=(("c1", "loops"),))}
    engine = FakeEngine(
        work=lambda number: done.get(number, Swept()),
        post=lambda: Delivered(sent=1, failed=1) if engine.delivered == 1 else Delivered(),
    )
    with capture_logs() as logs, running(Daemon(engine, interval=0.05)):
        eventually(lambda: engine.delivered >= 3)
    assert [line for line in logs if not line["event"].startswith("daemon.")] == [
        {"event": "case.set_aside", "log_level": "warning", "case": "c1", "why": "loops"},
        {
            "event": "sweep.finished",
            "log_level": "info",
            "cases": 2,
            "entries": 3,
            "rungs": 1,
            "opened": 1,
            "aside": 1,
        },
        {"event": "delivery.finished", "log_level": "warning", "sent": 1, "failed": 1, "dead": 0},
    ]


def test_a_store_that_cannot_be_reached_is_logged_and_tried_again_ever_slower() -> None:
    def work(number: int) -> Swept:
        if number <= 3:
            raise StoreBusy(store="duban.db")
        return Swept(cases=1)

    engine = FakeEngine(work=work)
    with capture_logs() as logs, running(Daemon(engine, interval=30, floor=0.05)):
        eventually(lambda: len(engine.swept_at) == 4)
        eventually(lambda: "sweep.finished" in events(logs))
    failed = [line for line in logs if line["event"] == "sweep.failed"]
    assert [(line["code"], line["log_level"]) for line in failed] == [("ENV-003", "error")] * 3
    assert sum(gaps(engine)) > 0.05 + 0.1 + 0.19


def test_a_fault_in_one_half_of_a_tick_does_not_stop_the_other() -> None:
    def work(number: int) -> Swept:
        msg = "one bad thing"
        raise KeyError(msg)

    engine = FakeEngine(work=work)
    with capture_logs() as logs, running(Daemon(engine, interval=0.05)) as returned:
        eventually(lambda: engine.delivered >= 2)
    assert returned == [0]
    assert logs[-2]["kind"] == "KeyError"


def test_a_log_that_cannot_be_written_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> None:
        raise BrokenPipeError

    monkeypatch.setattr("duban.adapters.daemon.get_logger", closed)
    engine = FakeEngine(work=lambda number: Swept(cases=1))
    with running(Daemon(engine, interval=0.05)) as returned:
        eventually(lambda: engine.delivered >= 2)
    assert returned == [0]


def test_it_stops_at_once_while_it_waits() -> None:
    engine = FakeEngine()
    with running(Daemon(engine, interval=30)):
        eventually(lambda: engine.delivered == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 3


WORKING = """
import sys, time
from dataclasses import dataclass
from datetime import UTC, datetime
from duban.adapters.daemon import Daemon

@dataclass
class Did:
    cases: int = 1; entries: int = 1; rungs: int = 0; opened: int = 0; aside: tuple = ()
    sent: int = 0; failed: int = 0; dead: int = 0

class Engine:
    def sweep(self, *, stop):
        for number in range(200):
            print("begin", number, flush=True)
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                time.sleep(0.01)
            print("commit", number, flush=True)
            if stop():
                break
        return Did()
    def deliver(self, *, stop):
        print("deliver", flush=True)
        return Did()
    def next_due(self): return None
    def now(self): return datetime.now(UTC)

sys.exit(Daemon(Engine(), interval=5).run())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_transaction_finish_and_a_second_one_does_not_break_it(
    number: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "working.py"
    script.write_text(WORKING, "utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "begin 1\n":
            pass
        process.send_signal(number)
        time.sleep(0.1)
        process.send_signal(number)
        said, errors = process.communicate(timeout=5)
    assert said.startswith("commit 1\n"), errors
    assert "begin 2" not in said
    assert "deliver" not in said
    assert "daemon.stopped" in said
    assert "Traceback" not in errors
    assert process.returncode == 0
