from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]


@pytest.fixture
def case(engine: duban.Engine) -> duban.Case:
    case = engine.open(
        "fix", unit="desk-1", actor=tiny.ANN, data={"title": "lamp", "reporter": "Mr Li"}
    )
    engine.set_clock(tiny.START + 8 * tiny.DAY)
    engine.sweep()
    return engine.fire(case.id, "note", actor=tiny.ANN, data={"reason": "wet"})


def test_history_says_who_did_what_and_when(run: Run, case: duban.Case) -> None:
    assert run("history", "show", case.id).stdout == (
        "  1  2026-01-05 09:00  ann desk-1/clerk  open  new → reported\n"
        "       reporter = Mr Li\n"
        "       title = lamp\n"
        "  2  2026-01-13 09:00  system:timer  rung repair.remind\n"
        "       counts from 2026-01-09 00:00\n"
        "  3  2026-01-13 09:00  system:timer  rung repair.urge\n"
        "       counts from 2026-01-13 00:00\n"
        "  4  2026-01-13 09:00  ann desk-1/clerk  fire note\n"
        "       reason = wet\n"
    )


def test_history_as_json_can_be_proved_without_duban(run: Run, case: duban.Case) -> None:
    shown = json.loads(run("history", "show", case.id, "--json").stdout)
    before = sha256(b"duban/genesis/v1\0" + case.id.encode()).digest()
    for entry in shown["entries"]:
        before = sha256(b"duban/entry/v1\0" + before + entry["canon"].encode()).digest()
        assert entry["hash"] == before.hex()
    assert shown["entries"][0]["set"]["reporter"] == "Mr Li"
    assert "Mr Li" not in shown["entries"][0]["canon"]


def test_the_history_of_no_case(run: Run) -> None:
    assert run("history", "show", "NOPE").exit_code == 2


def test_verify_proves_all_or_one(run: Run, case: duban.Case) -> None:
    result = run("history", "verify", case.id)
    assert (result.exit_code, result.stdout) == (0, "1 case(s), 4 entries, 0 finding(s)\n")
    proved = json.loads(run("history", "verify", "--json").stdout)
    assert (proved["cases"], proved["findings"]) == (4, [])


def test_verify_lists_every_finding_and_ends_with_1(
    alone: Run, tmp_path: Path, engine: duban.Engine, case: duban.Case
) -> None:
    other = tiny.opened(engine, "door")
    engine.close()
    _tamper(tmp_path / "duban.db")
    result = alone("--store", f"sqlite:///{tmp_path}/duban.db", "history", "verify")
    assert result.exit_code == 1
    assert case.id in result.stdout
    assert other.id in result.stdout
    assert result.stderr.startswith("INTEG-001 verification failed with ")
    assert len(result.stderr.splitlines()) == 1


def _tamper(file: Path) -> None:
    with closing(sqlite3.connect(file)) as store, store:
        made = store.execute("SELECT type, name FROM sqlite_master").fetchall()
        for _, name in [found for found in made if found[0] == "trigger"]:
            store.execute(f"DROP TRIGGER {name}")
        changed = store.execute(
            "UPDATE duban_entry SET canon = CAST(replace(CAST(canon AS TEXT), 'ann', 'bob') AS BLOB)"
        )
        assert changed.rowcount


def test_history_says_why_a_deadline_moved_by_itself(
    run: Run, engine: duban.Engine, tmp_path: Path
) -> None:
    case = engine.open("fix", unit="desk-1", actor=tiny.ANN, data={"title": "lamp"})
    engine.set_clock(tiny.START + tiny.HOUR)
    told = "notices: [{issued: 2025-11-04, year: 2026, rest: [2026-01-09]}]"
    folder = tiny.write(tmp_path / "more", calendar=tiny.CALENDAR.replace("notices: []", told))
    engine.apply(str(folder))
    engine.sweep()
    lines = run("history", "show", case.id).stdout.splitlines()[-2:]
    assert lines == [
        "  2  2026-01-05 10:00  system:timer  project",
        "       repair: 2026-01-12 23:59 → 2026-01-13 23:59 (calendar plain 2025-11-04)",
    ]
    chinese = run("--lang", "zh", "history", "show", case.id).stdout.splitlines()[-1]
    assert "repair: 2026-01-12 23:59 → 2026-01-13 23:59" in chinese
