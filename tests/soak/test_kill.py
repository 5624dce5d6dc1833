"""``kill -9`` at any moment: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import tiny

import duban

WORKER = Path(__file__).with_name("worker.py")


def _kill_often(folder: Path, kills: int, seed: int, longest: float) -> tuple[str, Path]:
    """Let a worker run, kill it, start it again; leave the store and its log behind."""
    address, log = tiny.url("sqlite", folder), folder / "acknowledged.log"
    tiny.engine(address, folder / "defs").close()
    chance = Random(seed)
    command = [sys.executable, str(WORKER), address, str(log), str(seed)]
    for _ in range(kills):
        worker = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", worker.communicate()[1]
        time.sleep(chance.uniform(0.0, longest))
        worker.send_signal(signal.SIGKILL)
        _, errors = worker.communicate()
        assert (worker.returncode, errors) == (-signal.SIGKILL, "")
    return address, log


def _examine(address: str, log: Path) -> Counter[str]:
    """Assert the promises; return how much there was of what."""
    engine = duban.connect(address)
    lines = [line.split() for line in log.read_text().split("\n")[:-1]]
    assert [line[1] for line in lines] == [f"key-{number}" for number in range(len(lines))]
    keyed: dict[str, list[tuple[str, int]]] = {}
    rungs: Counter[tuple[str, str, int, int]] = Counter()
    entries = 0
    for case in _cases(engine):
        history = engine.history(case.id)
        entries += len(history)
        assert [entry.seq for entry in history] == list(range(1, case.version + 1))
        for entry in history:
            if "key" in entry.body:
                keyed.setdefault(entry.body["key"], []).append((case.id, entry.seq))
            if "rung" in entry.body:
                rung = entry.body["rung"]
                assert entry.at >= entry.effective
                rungs[case.id, rung["deadline"], rung["round"], rung["rung"]] += 1
    # Every acknowledged command is there exactly once, at or before the version answered.
    for _, key, case_id, version in lines:
        ((found, seq),) = keyed[key]
        assert found == case_id
        assert seq <= int(version)
    # At most one more was carried out without its answer being heard; no key made two entries.
    assert len(lines) <= len(keyed) <= len(lines) + 1
    assert all(len(found) == 1 for found in keyed.values())
    assert set(rungs.values()) <= {1}
    verified = engine.verify()
    assert verified.holds, verified.findings[:5]
    assert verified.entries == entries == engine.tally()["entries"]
    assert engine.tally()["aside"] == 0
    engine.close()
    return Counter(acknowledged=len(lines), entries=entries, rungs=len(rungs))


def _cases(engine: duban.Engine) -> list[duban.Case]:
    cases: list[duban.Case] = []
    after = None
    while True:
        page = engine.cases(limit=1000, after=after)
        cases += page.cases
        if page.next is None:
            return cases
        after = page.next


def _told(record: Callable[[str, object], None], kills: int, found: Counter[str]) -> None:
    record("kills", kills)
    for name, number in found.items():
        record(name, number)


def test_a_few_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    address, log = _kill_often(tmp_path, kills=3, seed=1, longest=0.6)
    found = _examine(address, log)
    assert found["acknowledged"] > 10
    _told(record_property, 3, found)


@pytest.mark.soak
def test_a_hundred_kills_lose_nothing_and_double_nothing(
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    address, log = _kill_often(tmp_path, kills=100, seed=2, longest=1.5)
    found = _examine(address, log)
    _told(record_property, 100, found)
    with capsys.disabled():
        sys.stdout.write(f"\n100 kills: {dict(found)}\n")
