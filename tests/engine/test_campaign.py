from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tiny

import duban
from duban.engine.definition.selector import selected
from duban.engine.shell.sweep import Swept

pytest_plugins = ["tiny_engines"]

ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _happened(engine: duban.Engine, name: str) -> list[str]:
    return [str(e.trigger) for e in engine.history(engine.campaign_case(name).id)]


def _measures(engine: duban.Engine, name: str) -> dict[str, Any]:
    entries = engine.history(engine.campaign_case(name).id)
    return {str(e.trigger): e.body["measure"] for e in entries if "measure" in e.body}


def _local(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), SHANGHAI)


# ---- the tiny one


def test_phases_begin_and_end_once_at_their_local_midnight(drive: duban.Engine) -> None:
    for days in range(0, 200, 3):
        drive.set_clock(tiny.START + days * tiny.DAY)
        drive.sweep()
    happened = _happened(drive, "drive")
    assert len(happened) == len(set(happened))
    entries = {e.trigger: e for e in drive.history(drive.campaign_case("drive").id)}
    expected = {
        "phase:first:begin": "2026-01-01",
        "phase:first:end": "2026-04-01",
        "phase:second:begin": "2026-04-01",
        "phase:second:end": "2026-07-01",
    }
    for trigger, day in expected.items():
        entry = entries[trigger]
        assert entry.effective == _local(day)
        assert entry.at >= entry.effective
        assert entry.actor.person == "system:timer"
    assert drive.campaign_case("drive").state == "over"
    assert drive.verify().holds


def test_a_duty_opens_a_case_for_each_unit_and_a_second_sweep_opens_nothing(
    drive: duban.Engine,
) -> None:
    drive.sweep()
    # Due on the 20th (a Tuesday), opened five workdays before.
    drive.set_clock(_local("2026-01-13") - tiny.HOUR)
    assert drive.sweep().opened == 0
    drive.set_clock(_local("2026-01-13"))
    assert drive.sweep().opened == 2
    assert drive.sweep() == Swept()
    found = drive.cases().cases
    cases = [case for case in found if case.workflow == "fix"]
    assert {case.unit for case in cases} == {"desk-1", "desk-2"}
    for case in cases:
        assert case.data["due"] == "2026-01-20"
        assert case.linked("parent") == (drive.campaign_case("drive").id,)
        (entry,) = drive.history(case.id)
        assert entry.body["cause"]["rule"] == "duties.monthly"


def test_a_checkpoint_counts_numerator_and_denominator_and_changes_no_case(
    drive: duban.Engine,
) -> None:
    drive.set_clock(_local("2026-06-01"))
    drive.sweep()
    for number in range(6):
        case = drive.open(
            "fix", unit="desk-1", actor=tiny.ANN, data={"title": f"n{number}", "weight": number % 2}
        )
        if number < 3:
            drive.fire(case.id, "start", actor=tiny.ANN)
            drive.fire(case.id, "finish", actor=tiny.ANN)
            drive.fire(case.id, "pass", actor=tiny.CHIEF)
        if number == 5:
            drive.fire(case.id, "drop", actor=tiny.CHIEF)
    duties = drive.count(duban.Where(workflow="fix")) - 6
    drive.set_clock(_local("2026-07-01"))
    drive.sweep()
    coming = [d for d in ("2026-06-20",) if f"duty:monthly:{d}" in _happened(drive, "drive")]
    duties += 2 * len(coming)
    measured = _measures(drive, "drive")["phase:second:end"]
    assert measured["goals"]["fixed"] == {
        "numerator": 3, "denominator": 5 + duties, "share": 80
    }  # fmt: skip
    # Of those of weight 1 (numbers 1, 3 and 5) one is done, and the one dropped does not count.
    assert measured["goals"]["light_fixed"] == {"numerator": 1, "denominator": 2, "share": 90}
    assert measured["open"] == {"fix": 2 + duties}
    assert drive.verify().holds


def test_dues_that_lie_before_the_publication_are_listed_and_open_nothing(
    kind: str, tmp_path: Path
) -> None:
    engine = tiny.engine(
        tiny.url(kind, tmp_path), tmp_path / "defs", virtual=_local("2026-03-21"), campaign=True
    )
    assert engine.sweep().opened == 0
    measures = _measures(engine, "drive")
    for due in ("2026-01-20", "2026-02-20", "2026-03-20"):
        told = measures[f"duty:monthly:{due}"]
        assert (told["opened"], told["listed"]) == (0, True)
    engine.set_clock(_local("2026-04-20"))
    assert engine.sweep().opened == 2
    engine.close()


def test_a_unit_that_joins_later_has_the_next_duty(drive: duban.Engine, tmp_path: Path) -> None:
    drive.set_clock(_local("2026-01-20"))
    assert drive.sweep().opened == 2
    more = tiny.ORGANISATION.replace(
        "holders:\n", "  - {unit: desk-9, kind: desk, title: 九科, parent: office}\nholders:\n"
    )
    drive.apply(str(tiny.write(tmp_path / "more", campaign=True, organisation=more)))
    drive.set_clock(_local("2026-02-20"))
    assert drive.sweep().opened == 3


@pytest.mark.parametrize(
    ("rest", "opens"),
    # Two more days of rest: opened on the 9th. A weekend worked: only on the 15th.
    [
        ("rest: ['2026-01-15..2026-01-16']", "2026-01-09"),
        ("work: ['2026-01-17', '2026-01-18']", "2026-01-15"),
    ],
)
def test_a_calendar_that_changes_moves_what_the_campaign_waits_for(
    drive: duban.Engine, tmp_path: Path, rest: str, opens: str
) -> None:
    drive.sweep()
    calendar = tiny.CALENDAR.replace(
        "notices: []", f"notices:\n  - {{issued: 2026-01-05, year: 2026, {rest}}}"
    )
    drive.apply(str(tiny.write(tmp_path / "more", campaign=True, calendar=calendar)))
    day = tiny.START
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        assert asked < 1000, "the sweep does not come to an end"
        return False

    while not drive.sweep(stop=stop).opened:
        day += timedelta(hours=6)
        drive.set_clock(day)
        assert day < _local("2026-01-21")
    assert _local(opens) <= drive.now() < _local(opens) + tiny.DAY


# ---- the shipped one: three years of the district's schools


@pytest.fixture(scope="module")
def fuling() -> Iterator[duban.Engine]:
    """The whole campaign from its first day to its last, swept every ten days.

    The office waives what the duties open, so that only the campaign itself runs.
    """
    engine = duban.connect("memory://", virtual=_local("2020-06-30"), seed=1)
    engine.apply(str(ROOT / "workflows"))
    day = _local("2020-06-30")
    while day <= _local("2023-01-15"):
        engine.set_clock(day)
        engine.sweep()
        _waive(engine)
        day += 10 * tiny.DAY
    yield engine
    engine.close()


def _waive(engine: duban.Engine) -> None:
    office = duban.Actor(person="p-0010", post="safety-office/officer")
    while found := engine.cases(duban.Where(workflow="report", counts="open"), limit=1000).cases:
        outcomes = engine.fire_many(
            duban.Fire(case=case.id, trigger="waive", actor=office, data={"waive_reason": "test"})
            for case in found
        )
        assert all(outcome.ok for outcome in outcomes)


def _all(engine: duban.Engine, workflow: str) -> list[duban.Case]:
    found: list[duban.Case] = []
    after = None
    while True:
        page = engine.cases(duban.Where(workflow=workflow), limit=1000, after=after)
        found += page.cases
        if page.next is None:
            return found
        after = page.next


TEN = [
    "2020-09-15", "2020-12-15", "2021-03-15", "2021-06-15", "2021-09-15",
    "2021-12-15", "2022-03-15", "2022-06-15", "2022-09-15", "2022-12-15",
]  # fmt: skip


def test_each_reporting_unit_has_the_ten_due_dates_of_the_plan(fuling: duban.Engine) -> None:
    groups = fuling.campaign().groups
    units = selected(groups["reporting"], fuling.directory(), date(2021, 1, 1))
    assert len(units) > 40
    dues: dict[str, list[object]] = {}
    for case in _all(fuling, "report"):
        if case.data["kind"] in {"quarterly", "annual"}:
            dues.setdefault(case.unit, []).append(case.data["due"])
    assert set(dues) == set(units)
    for unit in units:
        assert sorted(map(str, dues[unit])) == TEN


def test_reports_are_due_at_the_end_of_their_day_by_the_local_clock(fuling: duban.Engine) -> None:
    for case in _all(fuling, "report")[:50]:
        due = case.clocks["submit"].first_due
        assert due == _local(str(case.data["due"])) + tiny.DAY - timedelta(microseconds=1)


def test_the_eleven_tasks_are_opened_once_with_their_leads(fuling: duban.Engine) -> None:
    tasks = _all(fuling, "task")
    stated = fuling.campaign().tasks
    assert len(tasks) == len(stated) == 11
    by_title = {str(case.data["title"]): case for case in tasks}
    for task in stated:
        case = by_title[task.title["zh"]]
        assert case.data["leads"] == task.leads
        assert case.unit == task.leads[0]
    assert by_title["食堂和食品安全"].data["leads"] == ["arts-health", "infrastructure"]


def test_every_phase_begins_and_ends_once_in_order(fuling: duban.Engine) -> None:
    happened = _happened(fuling, "fuling-2020")
    assert len(happened) == len(set(happened))
    phases = [name for name in happened if name.startswith("phase:")]
    assert phases == [
        "phase:mobilise:begin", "phase:search:begin", "phase:mobilise:end", "phase:search:end",
        "phase:tackle:begin", "phase:consolidate:begin", "phase:tackle:end", "phase:consolidate:end",
    ]  # fmt: skip
    entries = {e.trigger: e for e in fuling.history(fuling.campaign_case("fuling-2020").id)}
    assert entries["phase:search:end"].effective == _local("2021-01-01")
    assert entries["phase:consolidate:end"].effective == _local("2023-01-01")


def test_each_school_has_its_plan_its_two_lists_and_its_timetable(fuling: duban.Engine) -> None:
    schools = selected(fuling.campaign().groups["schools"], fuling.directory(), date(2020, 9, 3))
    for kind in ("plan", "two_lists", "timetable"):
        units = [c.unit for c in _all(fuling, "report") if c.data["kind"] == kind]
        assert sorted(units) == sorted(schools)


def test_nothing_was_set_aside_and_all_of_it_can_be_proved(fuling: duban.Engine) -> None:
    assert fuling.tally()["aside"] == 0
    assert fuling.verify().holds


def test_a_fifth_phase_is_one_file(kind: str, tmp_path: Path) -> None:
    """Applied while cases are open: they keep their rules, what opens then has stricter limits."""
    engine = duban.connect(tiny.url(kind, tmp_path), virtual=_local("2022-10-10"), seed=1)
    engine.apply(str(ROOT / "workflows"))
    old = _graded(engine)
    engine.sweep()
    activations = engine.published()
    open_before = {case.id: case for case in engine.cases(limit=5000).cases}
    campaign = engine.campaign_case("fuling-2020").id

    lookback = str(ROOT / "workflows" / "examples" / "lookback.yaml")
    plan = engine.apply(lookback, by="officer")
    assert [(change.kind, change.name, change.action) for change in plan.changes] == [
        ("phase", "lookback", "new")
    ]
    after = engine.published()
    assert [a for a in after if a.name != "lookback"] == list(activations)
    now = {case.id: case for case in engine.cases(limit=5000).cases}
    assert {i: c for i, c in now.items() if i != campaign} == {
        i: c for i, c in open_before.items() if i != campaign
    }
    assert len(engine.history(campaign)) == open_before[campaign].version + 1

    engine.set_clock(_local("2023-02-01"))
    engine.sweep()
    assert engine.campaign_case("fuling-2020").state == "running"
    new = _graded(engine)
    assert (new.phase, old.phase) == ("lookback", "consolidate")
    assert new.rules != old.rules == engine.case(old.id).rules
    # Ten workdays from 1 February 2023, and fifteen from 10 October 2022.
    assert _due(new) == date(2023, 2, 15)
    assert _due(old) == date(2022, 10, 31)
    assert _due(engine.case(old.id)) == date(2022, 10, 31)

    _look_back(engine)
    assert engine.apply(lookback).effective == ()
    engine.close()


def _look_back(engine: duban.Engine) -> None:
    """The duty of the fifth phase opens its cases, one for each school."""
    engine.set_clock(_local("2023-05-16"))
    engine.sweep()
    opened = [c for c in _all(engine, "report") if c.data["due"] == "2023-06-30"]
    schools = selected(engine.campaign().groups["schools"], engine.directory(), date(2023, 5, 16))
    assert sorted(case.unit for case in opened) == sorted(schools)
    assert {case.phase for case in opened} == {"lookback"}
    assert engine.verify().holds


def _due(case: duban.Case) -> date:
    due = case.clocks["repair"].due
    assert due is not None
    return due.astimezone(SHANGHAI).date()


def _graded(engine: duban.Engine) -> duban.Case:
    holder = engine.directory().holders("school-001/principal", engine.now().date())[0]
    head = duban.Actor(person=holder.person, post="school-001/principal")
    case = engine.open(
        "hazard",
        unit="school-001",
        actor=head,
        data={"title": "lamp", "category": "fire", "point": "hall", "source": "self_check"},
    )
    engine.fire(case.id, "register", actor=head)
    return engine.fire(case.id, "grade", actor=head, data={"grade": "general"})
