"""Duties fall due by the calendar's periods, for units or for cases, also after the campaign's end."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import town as t
from hypothesis import given
from hypothesis import strategies as st
from town import Town, found, go

import duban
from duban.engine.definition.recurrence import Period, periods

pytest_plugins = ["town_engines"]

WITH = "with: {title: duty.name, due: duty.due, since: duty.since, until: duty.until}"


def _duty(text: str) -> str:
    return t.campaign(f"duties:\n  review: {{title: 复核, open: review, {WITH}, {text}}}\n")


def _reviews(engine: duban.Engine) -> list[tuple[object, ...]]:
    where = duban.Where(workflow="review")
    cases = engine.cases(where).cases
    return sorted((c.data["due"], c.data["since"], c.data["until"], c.unit) for c in cases)


def test_each_quarter_has_a_duty_with_its_first_and_last_day(town: Town) -> None:
    engine = town(_duty("each: desks, for_each: quarter, due: 5 workdays before"))
    go(engine, "2021-07-10")
    assert _reviews(engine) == [
        ("2021-03-24", "2021-01-01", "2021-03-31", "desk-1"),
        ("2021-03-24", "2021-01-01", "2021-03-31", "desk-2"),
        ("2021-06-23", "2021-04-01", "2021-06-30", "desk-1"),
        ("2021-06-23", "2021-04-01", "2021-06-30", "desk-2"),
    ]
    assert engine.sweep().opened == 0


@pytest.mark.parametrize(
    ("due", "day"),
    [("end", "2021-01-31"), ("15 days after", "2021-02-15"), ("3 workdays after", "2021-02-03")],
)
def test_a_due_is_reckoned_from_the_last_day_of_the_period(town: Town, due: str, day: str) -> None:
    engine = town(_duty(f"each: desks, for_each: month, due: {due}"))
    go(engine, "2021-01-20")
    assert {found[:3] for found in _reviews(engine)} == {(day, "2021-01-01", "2021-01-31")}


def test_the_first_and_the_last_period_are_cut_to_the_duty_s_own_dates(town: Town) -> None:
    engine = town(_duty("each: desks, for_each: half, due: end, from: 2021-03-10, to: 2021-10-20"))
    go(engine, "2021-12-01")
    assert {found[1:3] for found in _reviews(engine)} == {
        ("2021-03-10", "2021-06-30"),
        ("2021-07-01", "2021-10-20"),
    }


def test_a_duty_goes_on_after_the_campaign_has_ended(town: Town) -> None:
    engine = town(_duty("each: desks, due: [2023-06-30], to: 2023-12-31"))
    go(engine, "2023-01-02")
    assert engine.campaign_case("town").state == "running"
    go(engine, "2023-06-05")
    assert {found[0] for found in _reviews(engine)} == {"2023-06-30"}
    assert engine.campaign_case("town").state == "over"
    assert engine.verify().holds


CASES = "each: {cases: hazard, where: {followed: true}}, for_each: quarter, due: end"


def test_each_followed_case_has_a_duty_of_its_own_and_both_know_of_it(town: Town) -> None:
    engine = town(_duty(CASES))
    followed = found(engine, "one", followed=True, unit="desk-2")
    found(engine, "two", followed=False)
    closed = t.fire(engine, found(engine, "three", followed=True), "on_spot")
    go(engine, "2021-03-10")
    (review,) = engine.cases(duban.Where(workflow="review")).cases
    assert (review.unit, review.linked("parent")) == ("desk-2", (followed.id,))
    assert engine.case(followed.id).linked("children") == (review.id,)
    assert engine.case(closed.id).linked("children") == ()
    # The next period, it has another one; whoever asks twice finds the same.
    go(engine, "2021-06-10")
    assert len(engine.case(followed.id).linked("children")) == 2
    assert engine.sweep().opened == 0
    assert engine.verify().holds


def test_what_one_case_refuses_keeps_the_duty_from_no_other(town: Town, tmp_path: Path) -> None:
    refusing = t.REVIEW.replace(
        "asks: [title, due, since, until, period]}",
        "asks: [title, due, since, until, period], conditions: ['case.unit != \"desk-1\"']}",
    )
    engine = town(_duty(CASES))
    t.publish(engine, tmp_path / "more", refusing)
    for unit in ("desk-1", "desk-2"):
        found(engine, unit, followed=True, unit=unit)
    go(engine, "2021-03-10")
    assert [case.unit for case in engine.cases(duban.Where(workflow="review")).cases] == ["desk-2"]
    told = engine.history(engine.campaign_case("town").id)[-1]
    assert list(told.body["measure"]["refused"]) == ["desk-1"]


def test_a_duty_may_freeze_a_register(town: Town) -> None:
    text = "duties: {keep: {freeze: all, for_each: month, due: 5 days after}}\n"
    registers = "registers: {all: {title: All, of: hazard, columns: [title, state]}}\n"
    engine = town(t.campaign(text, registers))
    case = found(engine, "one")
    go(engine, "2021-02-05")
    assert engine.frozen_registers() == []
    t.fire(engine, case, "on_spot")
    go(engine, "2021-02-06")
    (issue,) = engine.frozen_registers()
    assert (issue.number, issue.date.isoformat(), issue.by) == (1, "2021-02-05", "system:timer")
    assert [row.cells["state"] for row in engine.frozen("all").rows] == ["closed"]


_DATES = st.dates(date(2000, 1, 1), date(2060, 12, 31))
_PERIODS = st.sampled_from(["month", "quarter", "half", "year"])


@given(_PERIODS, _DATES, _DATES)
def test_periods_follow_one_another_without_a_gap_and_hold_every_day(
    period: Period, one: date, other: date
) -> None:
    first, last = sorted((one, other))
    spans = list(periods(period, first, last))
    assert spans[0][0] <= first <= spans[0][1]
    assert spans[-1][0] <= last <= spans[-1][1]
    for (_, end), (begin, _) in pairwise(spans):
        assert (begin - end).days == 1
    assert all(begin.day == 1 for begin, _ in spans)
