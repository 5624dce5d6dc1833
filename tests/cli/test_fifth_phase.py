"""回头看: a fifth phase is one YAML file and `duban apply`, while cases are open (promise 6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result

import duban
from duban.engine.timing.calendar import Calendar
from duban.engine.timing.spans import Span

Run = Callable[..., Result]
SHANGHAI = ZoneInfo("Asia/Shanghai")
PHASE = "workflows/examples/lookback.yaml"
UNIT, POST = "school-017", "school-017/principal"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def office(alone: Run, tmp_path: Path) -> Iterator[duban.Engine]:
    """The campaign in its last month, on a virtual store that the command line shares."""
    assert alone("init").exit_code == 0
    engine = duban.connect(f"sqlite:///{tmp_path}/duban.db", virtual=at("2022-12-01T09:00"))
    assert alone("apply", "workflows").exit_code == 0
    yield engine
    engine.close()


def turn_to(office: duban.Engine, text: str) -> None:
    """Set the clock; the command line, which opens the file anew, sees it with a transaction."""
    office.set_clock(at(text))
    with office.store.transaction():
        pass


def graded_hazard(alone: Run, office: duban.Engine) -> dict[str, Any]:
    """Open, register and grade a hazard at the command line; return it as JSON."""
    day = office.now().astimezone(SHANGHAI).date()
    (principal,) = office.directory().holders(POST, day)
    acting = ("--as", principal.person, "--post", POST, "--json")
    values = ("title=灯坏了", "category=fire", "point=三楼", "source=self_check")
    given = [word for value in values for word in ("--set", value)]
    made = alone("case", "open", "hazard", "--unit", UNIT, *given, *acting)
    assert made.exit_code == 0, made.stderr
    case_id = json.loads(made.stdout)["id"]
    assert alone("case", "fire", case_id, "register", *acting).exit_code == 0
    graded = alone("case", "fire", case_id, "grade", "--set", "grade=general", *acting)
    assert graded.exit_code == 0, graded.stderr
    found: dict[str, Any] = json.loads(graded.stdout)
    return found


def repair_due(case: dict[str, Any]) -> str:
    due = datetime.fromisoformat(case["clocks"]["repair"]["due"])
    return due.astimezone(SHANGHAI).date().isoformat()


def in_workdays(office: duban.Engine, count: int) -> str:
    calendar: Calendar = office.library().calendars["china"]
    today = office.now().astimezone(SHANGHAI).date()
    return calendar.add(today, Span(count, "workdays")).isoformat()


def test_a_phase_is_added_by_one_file_while_cases_are_open(
    alone: Run, office: duban.Engine
) -> None:
    turn_to(office, "2022-12-28T10:00")
    before = {(a.kind, a.name): a.hash for a in office.published()}
    old = graded_hazard(alone, office)
    assert repair_due(old) == in_workdays(office, 15)
    entries = len(office.history(old["id"]))

    planned = alone("plan", PHASE)
    assert (planned.exit_code, office.tally()["cases"]) == (0, 2)
    turn_to(office, "2023-01-04T10:00")
    applied = alone("apply", PHASE, "--json")
    assert applied.exit_code == 0, applied.stderr

    # New cases get the new rules.
    new = graded_hazard(alone, office)
    assert new["phase"] == "lookback"
    assert repair_due(new) == in_workdays(office, 10)
    # Open cases keep theirs.
    kept = office.case(old["id"])
    assert (kept.rules, kept.phase) == (old["rules"], "consolidate")
    assert len(office.history(old["id"])) == entries
    assert repair_due(json.loads(alone("case", "show", old["id"], "--json").stdout)) == repair_due(
        old
    )
    # Nothing else changed.
    after = {(a.kind, a.name): a.hash for a in office.published()}
    assert {key: after[key] for key in before} == before
    assert after.keys() - before.keys() == {("phase", "lookback")}


def test_its_own_duty_opens_a_report_for_every_school(alone: Run, office: duban.Engine) -> None:
    assert alone("apply", PHASE).exit_code == 0
    turn_to(office, "2023-05-17T08:00")
    swept = alone("sweep", "--json")
    assert swept.exit_code == 0, swept.stderr
    where = duban.Where(workflow="report", fields={"due": "2023-06-30"})
    reports = office.cases(where, limit=500).cases
    assert len(reports) == 160
    assert {case.phase for case in reports} == {"lookback"}
    verified = alone("history", "verify")
    assert verified.exit_code == 0


def test_the_days_of_the_campaign_before_it_was_published_are_listed_and_open_nothing(
    alone: Run, office: duban.Engine
) -> None:
    assert alone("sweep").exit_code == 0
    dues = {
        case.data.get("due")
        for case in office.cases(duban.Where(workflow="report"), limit=1000).cases
    }
    assert dues <= {"2022-12-15"}
