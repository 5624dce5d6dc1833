from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]


@pytest.fixture
def case(engine: duban.Engine) -> duban.Case:
    return tiny.opened(engine)


def test_a_sweep_says_what_happened(run: Run, engine: duban.Engine, case: duban.Case) -> None:
    run("sweep")
    engine.set_clock(tiny.START + 8 * tiny.DAY)
    assert json.loads(run("sweep", "--json").stdout)["rungs"] == 2
    assert run("sweep").stdout == "0 case(s), 0 entries, 0 rung(s), 0 opened\n"
    assert run("--lang", "zh", "sweep").stdout == (
        "办理 0 个事项，新增记录 0 条、督办 0 级、立项 0 个\n"
    )


def test_what_no_channel_takes_ends_with_3(
    run: Run, engine: duban.Engine, case: duban.Case
) -> None:
    run("case", "fire", case.id, "start")
    result = run("deliver")
    assert (result.exit_code, result.stdout) == (3, "0 sent, 1 failed, 0 dead letter(s)\n")
    assert result.stderr == (
        "SEND-002 1 notice(s) were not taken and 0 are dead letters; `duban notice list` says why\n"
    )


def test_notices_are_listed(run: Run, case: duban.Case) -> None:
    run("case", "fire", case.id, "start")
    (notice,) = json.loads(run("notice", "list", "--case", case.id, "--json").stdout)["notices"]
    assert (notice["to"], notice["person"], notice["status"]) == (
        "office/leader",
        "chen",
        "waiting",
    )
    head, line = run("--lang", "zh", "notice", "list", "--status", "waiting").stdout.splitlines()
    assert head.split() == ["编号", "状态", "产生", "渠道", "收件岗位", "收件人", "主题", "原因"]
    assert line.startswith(f"{notice['id']}  待发  2026-01-05 09:00  notice  office/leader  chen")
    assert run("notice", "list", "--status", "dead").stdout.count("\n") == 1


def test_only_a_dead_letter_is_sent_again(run: Run, engine: duban.Engine, case: duban.Case) -> None:
    run("case", "fire", case.id, "start")
    (sent,) = engine.outbox()
    result = run("notice", "retry", sent.notice.id)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"FIND-000 there is no dead letter {sent.notice.id!r}\n"
    for day in range(1, 20):
        engine.set_clock(tiny.START + day * tiny.DAY)
        engine.deliver()
    assert run("notice", "list", "--status", "dead").stdout.count("\n") == 2
    assert run("notice", "retry", sent.notice.id).stdout == f"{sent.notice.id} will be sent again\n"


def test_the_doctor_says_how_things_are(run: Run, case: duban.Case) -> None:
    said = run("--lang", "zh", "doctor").stdout
    for line in (
        "存储：",
        "  kind             sqlite",
        "  事项      2",
        "  plain  ",
        "  workflow fix",
    ):
        assert f"{line}" in said
    data = json.loads(run("doctor", "--json").stdout)
    assert data["store"]["clock"] == "virtual"
    assert data["counts"]["cases"] == 2
    assert data["now"] == "2026-01-05T01:00:00.000000Z"
    assert {"kind", "name", "hash", "by", "at"} == data["definitions"][0].keys()
    assert list(data["calendars"]) == ["plain"]


def test_the_doctor_points_at_what_needs_a_person(run: Run, engine: duban.Engine) -> None:
    engine.open("fragile", unit="desk-1", actor=tiny.ANN, data={"target": "nowhere"})
    engine.set_clock(tiny.START + 3 * tiny.DAY)
    engine.sweep()
    assert run("doctor").stderr == "set aside: duban case list --aside\n"


def test_the_daemon_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    tiny.engine(tiny.url("sqlite", tmp_path), tmp_path / "rules", virtual=None).close()
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "duban.cli.main", "daemon", "--interval", "5"]
        daemon = subprocess.Popen(command, stderr=stderr)
        try:
            _wait_for(log, b"daemon.started")
        finally:
            daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    assert b"daemon.stopped" in log.read_bytes()


def _wait_for(file: Path, text: bytes) -> None:
    for _ in range(200):
        if text in file.read_bytes():
            return
        time.sleep(0.1)
    pytest.fail(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seconds", ["4", "3601", "x"])
def test_an_interval_has_bounds(seconds: str, alone: Run) -> None:
    result = alone("daemon", "--interval", seconds)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("CLI-003 --interval needs a whole number from 5 to 3600 ")
