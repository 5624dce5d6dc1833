"""Real daemons, as processes, on one file with real work: SIGTERM in the middle, and no harm done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duban
from duban.engine.values.command import Open

CASES = 400

WORKFLOW = """\
workflow: late
roles: {worker: {post: any, of: case.unit}}
fields: {since: date}
states: {waiting: {}, over: {final: true}}
transitions:
  - {trigger: open, source: new, dest: waiting, by: [worker], asks: [since], requires: [since]}
  - {trigger: close, source: waiting, dest: over, by: [worker]}
deadlines:
  wait: {owner: worker, runs_in: [waiting], starts: case.since, limit: 2 days, ladder: steps}
"""
LADDER = """\
ladder: steps
rungs:
  - {rung: urge, at: due, then: [{notify: [owner]}]}
  - {rung: press, at: 1 days after, then: [{notify: [owner]}]}
  - {rung: circulate, at: 2 days after, then: [{notify: [owner]}]}
"""
ORGANISATION = """\
organisation: one
zone: Asia/Shanghai
kinds: {desk: {title: 科室, posts: {clerk: 科员}, head: clerk}}
units: [{unit: desk, kind: desk, title: 科}]
holders: [{post: desk/clerk, person: ann}]
"""


def prepared(folder: Path) -> Path:
    """Make a store in which every case missed three rungs; return its definitions' folder."""
    definitions = folder / "definitions"
    definitions.mkdir()
    files = {"late": WORKFLOW, "steps": LADDER, "one": ORGANISATION}
    for name, text in files.items():
        (definitions / f"{name}.yaml").write_text(text, encoding="utf-8")
    engine = duban.connect(f"sqlite:///{folder}/duban.db")
    engine.apply(str(definitions))
    actor = duban.Actor(person="ann", post="desk/clerk")
    commands = [
        Open(workflow="late", unit="desk", actor=actor, data={"since": "2026-01-05"})
        for _ in range(CASES)
    ]
    assert all(outcome.ok for outcome in engine.fire_many(commands))
    engine.close()
    (folder / "duban.toml").write_text(
        'store = "sqlite:///duban.db"\n[channels]\nnotice = "file:notices.jsonl"\n',
        encoding="utf-8",
    )
    return definitions


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A daemon in a process of its own."""
    command = [sys.executable, "-m", "duban", "daemon", "--interval", "5"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DUBAN_LANG": "en"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stopped(process: subprocess.Popen[str]) -> str:
    """Send SIGTERM; return what the daemon logged."""
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    return log


def wait_for(folder: Path, rungs: int) -> None:
    """Wait until so many rungs are on record."""
    engine = duban.connect(f"sqlite:///{folder}/duban.db")
    try:
        until = time.monotonic() + 30
        while engine.tally()["entries"] < CASES + rungs and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        engine.close()


def rungs_of(folder: Path) -> list[Counter[str]]:
    """Return, for each case, how often each rung was recorded; the history must hold."""
    engine = duban.connect(f"sqlite:///{folder}/duban.db")
    try:
        verified = engine.verify()
        assert verified.findings == ()
        page = engine.cases(limit=CASES)
        return [
            Counter(
                entry.body["rung"]["name"]
                for entry in engine.history(case.id)
                if entry.kind == "rung"
            )
            for case in page.cases
        ]
    finally:
        engine.close()


ALL_RUNGS = Counter({"urge": 1, "press": 1, "circulate": 1})


def test_sigterm_in_the_middle_of_work_ends_cleanly_and_the_next_daemon_goes_on(
    tmp_path: Path,
) -> None:
    prepared(tmp_path)
    with daemon(tmp_path) as first:
        wait_for(tmp_path, rungs=30)
        log = stopped(first)
    assert "daemon.stopped" in log
    assert "Traceback" not in log
    done = sum(counter.total() for counter in rungs_of(tmp_path))
    assert done > 0
    with daemon(tmp_path) as second:
        wait_for(tmp_path, rungs=3 * CASES)
        stopped(second)
    assert rungs_of(tmp_path) == [ALL_RUNGS] * CASES


def test_two_daemons_on_one_file_record_each_rung_once_and_send_each_notice(
    tmp_path: Path,
) -> None:
    prepared(tmp_path)
    with daemon(tmp_path) as first, daemon(tmp_path) as second:
        wait_for(tmp_path, rungs=3 * CASES)
        engine = duban.connect(f"sqlite:///{tmp_path}/duban.db")
        until = time.monotonic() + 30
        while engine.tally()["waiting"] and time.monotonic() < until:
            time.sleep(0.1)
        engine.close()
        logs = stopped(first) + stopped(second)
    assert "sweep.failed" not in logs
    assert rungs_of(tmp_path) == [ALL_RUNGS] * CASES
    lines = (tmp_path / "notices.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    # Three rungs were missed at once, so that each case sends one notice that names the others.
    assert len(set(ids)) == len(ids) == CASES
