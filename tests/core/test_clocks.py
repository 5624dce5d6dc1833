"""The algebra of clocks: a budget, and what is consumed of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import SHANGHAI, TICK, last_of, local, office

from duban.engine.core import clocks
from duban.engine.core.clocks import Steps
from duban.engine.timing.spans import Offset, Span, Unit
from duban.engine.values.case import Clock, Grant
from duban.engine.values.forms import clock_form, clock_of

MONDAY = local("2021-03-01T09:00")
LADDER = Steps([Offset.parse("3 workdays before"), Offset.parse("due")], Span(20, "workdays"))
UNITS: list[Unit] = ["workdays", "days", "months", "hours"]

instants = st.datetimes(
    datetime(2020, 2, 3),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2022, 12, 1),  # noqa: DTZ001
    timezones=st.just(SHANGHAI),
)
spans = st.builds(Span, st.integers(0, 60), st.sampled_from(UNITS))
limits: Any = st.one_of(spans, instants)
waits = st.timedeltas(timedelta(0), timedelta(days=40))


def run(limit: Span | datetime | str, began: datetime = MONDAY) -> Clock:
    budget = Span.parse(limit) if isinstance(limit, str) else limit
    return clocks.start(office(), LADDER, began=began, now=began, limit=budget)


def hold(clock: Clock, at: str | datetime) -> Clock:
    return clocks.hold(clock, office(), local(at) if isinstance(at, str) else at)


def resume(clock: Clock, at: str | datetime) -> Clock:
    return clocks.resume(clock, office(), LADDER, local(at) if isinstance(at, str) else at)


def extend(clock: Clock, at: str, by: str | None = None, to: str | None = None) -> Clock:
    until = last_of(to) if to else None
    return clocks.extend(clock, office(), LADDER, Grant(at=local(at), by=by, to=until))


# ---- counting


@pytest.mark.parametrize(
    ("began", "limit", "due"),
    [
        ("2021-03-01T09:00", "1 workday", last_of("2021-03-02")),
        ("2021-03-01T00:00", "1 day", last_of("2021-03-02")),
        ("2021-03-01T23:59", "5 workdays", last_of("2021-03-08")),
        ("2021-03-05T23:59", "1 workday", last_of("2021-03-08")),
        # The spring festival of 2021: 11 to 17 February, with work on Sunday the 7th and Saturday the 20th.
        ("2021-02-05T09:00", "1 workday", last_of("2021-02-07")),
        ("2021-02-10T09:00", "3 workdays", last_of("2021-02-20")),
        ("2021-01-31T09:00", "1 month", last_of("2021-02-28")),
        ("2020-01-31T09:00", "1 month", last_of("2020-02-29")),
        ("2021-08-31T09:00", "6 months", last_of("2022-02-28")),
        ("2021-02-10T22:30", "24 hours", local("2021-02-11T22:30")),
        ("2021-03-01T09:00", "0 days", last_of("2021-03-01")),
    ],
)
def test_days_count_from_the_next_one_to_the_end_of_the_last(
    began: str, limit: str, due: datetime
) -> None:
    assert run(limit, local(began)).due == due


def test_an_instant_is_a_limit_as_it_is() -> None:
    assert run(last_of("2021-03-20")).due == last_of("2021-03-20")


def test_a_due_past_the_known_calendar_is_provisional() -> None:
    assert not run("15 workdays").provisional
    assert run("2000 workdays").provisional


def test_the_last_instant_is_in_time_and_the_next_has_lapsed() -> None:
    clock = run("1 workday")
    assert clock.due is not None
    assert not clock.lapsed(clock.due)
    assert clock.lapsed(clock.due + TICK)


# ---- waiting


def test_the_day_of_the_pause_is_consumed_and_the_day_of_resuming_is_not() -> None:
    clock = run("5 workdays")
    held = hold(clock, "2021-03-03T08:00")
    assert (held.due, held.next_rung, held.running, held.waiting) == (None, None, False, True)
    # Monday's clock has consumed Tuesday and Wednesday; three days are left from Tuesday the 9th on.
    assert resume(held, "2021-03-09T17:00").due == last_of("2021-03-12")


def test_a_pause_within_a_day_costs_nothing() -> None:
    clock = run("5 workdays")
    assert resume(hold(clock, "2021-03-03T08:00"), "2021-03-03T20:00").due == clock.due


def test_hours_are_held_to_the_instant() -> None:
    clock = run("24 hours")
    resumed = resume(hold(clock, "2021-03-01T19:00"), "2021-03-04T09:30")
    assert resumed.due == local("2021-03-04T23:30")


def test_a_clock_that_lapsed_stays_lapsed_while_it_waits_and_afterwards() -> None:
    clock = run("1 workday")
    held = hold(clock, "2021-03-05T09:00")
    assert held.lapsed(local("2021-03-06"))
    resumed = resume(held, "2021-03-10T09:00")
    assert resumed.due == clock.due
    assert resumed.lapsed(local("2021-03-10T09:01"))
    assert not clocks.end(resumed, office(), local("2021-03-11")).met


def test_a_clock_that_waits_cannot_lapse() -> None:
    held = hold(run("1 workday"), "2021-03-02T09:00")
    assert not held.lapsed(local("2022-01-01"))
    ended = clocks.end(held, office(), local("2022-01-01"))
    assert ended.met
    assert ended.runs[-1].until == local("2021-03-02T09:00")


@given(limits, instants, waits)
def test_to_pause_and_resume_at_once_changes_nothing(
    limit: Span | datetime, began: datetime, after: timedelta
) -> None:
    clock = run(limit, began)
    pause = began + after
    assert resume(hold(clock, pause), pause).due == clock.due


@given(st.integers(1, 60), instants, st.integers(0, 30), st.integers(0, 30))
def test_a_pause_of_some_workdays_moves_the_due_by_as_many(
    count: int, began: datetime, after: int, away: int
) -> None:
    clock = run(Span(count, "workdays"), began)
    assert clock.due is not None
    pause = min(office().after(began, Span(after, "workdays")), clock.due)
    back = office().after(pause, Span(away, "workdays"))
    moved = office().after(clock.due, Span(away, "workdays"))
    assert resume(hold(clock, pause), back).due == moved


@given(st.integers(1, 60), instants, waits, waits)
def test_a_date_moves_by_the_days_for_which_it_was_held(
    count: int, began: datetime, after: timedelta, away: timedelta
) -> None:
    due = office().after(began, Span(count, "days"))
    pause, back = began + after, began + after + away
    held = office().elapsed(pause, back, "days") if pause <= due else 0
    assert resume(hold(run(due, began), pause), back).due == office().after(due, Span(held, "days"))


@given(limits, instants, st.lists(st.tuples(waits, waits), max_size=4), waits)
def test_the_due_never_depends_on_when_it_is_looked_at(
    limit: Span | datetime,
    began: datetime,
    pauses: list[tuple[timedelta, timedelta]],
    later: timedelta,
) -> None:
    clock, now = run(limit, began), began
    for running, waiting in pauses:
        clock = hold(clock, now := now + running)
        clock = resume(clock, now := now + waiting)
    again = clocks.derive(clock, office(), LADDER)
    assert again == clock
    assert clock_of(clock_form(clock)) == clock_of(clock_form(again))
    assert clocks.end(clock, office(), now + later).due == clock.due


@given(spans, instants, st.lists(st.tuples(waits, waits), min_size=1, max_size=4))
def test_a_pause_never_takes_time_away(
    limit: Span, began: datetime, pauses: list[tuple[timedelta, timedelta]]
) -> None:
    clock, now = run(limit, began), began
    for running, waiting in pauses:
        before = clock.due
        clock = resume(hold(clock, now := now + running), now := now + waiting)
        assert before is not None
        assert clock.due is not None
        assert clock.due >= before


# ---- extensions


def test_an_extension_in_the_same_unit_adds_to_the_budget() -> None:
    extended = extend(run("5 workdays"), "2021-03-02", by="5 workdays")
    assert extended.due == last_of("2021-03-15")
    assert (extended.first_due, extended.round, extended.rung) == (last_of("2021-03-08"), 2, 0)


def test_an_extension_in_another_unit_counts_from_the_due() -> None:
    extended = extend(run("5 workdays"), "2021-03-02", by="1 month")
    assert extended.due == last_of("2021-04-08")


def test_months_and_months_are_counted_together() -> None:
    clock = run("1 month", local("2021-01-31T09:00"))
    assert extend(clock, "2021-02-02", by="1 month").due == last_of("2021-03-31")


def test_an_extension_to_a_day_prevails_and_moves_with_a_later_pause() -> None:
    extended = extend(run("5 workdays"), "2021-03-02", to="2021-03-19")
    assert extended.due == last_of("2021-03-19")
    # Held from Thursday to Tuesday: three workdays, in the clock's own unit.
    assert resume(hold(extended, "2021-03-11"), "2021-03-16").due == last_of("2021-03-24")


def test_a_pause_before_the_extension_to_a_day_does_not_move_that_day() -> None:
    resumed = resume(hold(run("5 workdays"), "2021-03-03"), "2021-03-10")
    assert extend(resumed, "2021-03-11", to="2021-03-31").due == last_of("2021-03-31")


def test_a_day_granted_while_the_clock_waits_moves_by_what_is_left_of_the_pause() -> None:
    held = hold(run("5 workdays"), "2021-03-03")
    granted = extend(held, "2021-03-08", to="2021-03-31")
    assert resume(granted, "2021-03-08T18:00").due == last_of("2021-03-31")
    assert resume(granted, "2021-03-10").due == last_of("2021-04-02")


@given(st.sampled_from(["workdays", "days", "months"]), st.sampled_from(["10 days", "1 month"]))
def test_a_pause_after_the_first_due_moves_an_extended_one(unit: Unit, by: str) -> None:
    clock = extend(run(Span(1, unit)), "2021-03-02", by=by)
    assert clock.first_due is not None
    assert clock.due is not None
    pause = clock.first_due + timedelta(days=2)
    back = pause + timedelta(days=7)
    counted: Unit = "workdays" if unit == "workdays" and by != "10 workdays" else "days"
    away = Span(office().elapsed(pause, back, counted), counted)
    resumed = resume(hold(clock, pause), back)
    added = (
        office().after(clock.first_due, Span(10 + 7, "days"))
        if (unit, by) == ("days", "10 days")
        else office().after(clock.due, away)
    )
    assert resumed.due == added


@given(st.sampled_from(UNITS), st.integers(1, 30), st.integers(1, 30), instants)
def test_a_clock_extended_twice_in_its_own_unit_is_one_of_the_sum(
    unit: Unit, first: int, second: int, began: datetime
) -> None:
    clock = run(Span(5, unit), began)
    for count in (first, second):
        grant = Grant(at=began, by=str(Span(count, unit)))
        clock = clocks.extend(clock, office(), LADDER, grant)
    assert clock.due == run(Span(5 + first + second, unit), began).due
    assert clock.first_due == run(Span(5, unit), began).due


# ---- rungs of a ladder


def test_reminders_of_the_past_are_not_owed_when_a_clock_starts() -> None:
    assert run("15 workdays").rung == 0
    assert run("1 workday").rung == 1
    late = clocks.start(
        office(), LADDER, began=MONDAY, now=local("2021-06-01"), limit=Span(5, "workdays")
    )
    assert (late.rung, late.next_rung) == (1, last_of("2021-03-08") + TICK)


def test_the_last_rung_repeats_for_ever_at_the_same_distance() -> None:
    clock = run("5 workdays")
    assert clock.due is not None
    found = [clocks.rung_instant(n, clock.due, office(), LADDER) for n in range(4)]
    assert found == [
        local("2021-03-03"),
        local("2021-03-09"),
        local("2021-04-07"),
        local("2021-05-07"),
    ]


def test_a_rung_that_repeated_beyond_the_longest_span_still_falls_due() -> None:
    due = local("2021-03-01")
    hourly = Steps([Offset.parse("due")], Span(60, "hours"))
    assert clocks.rung_instant(1, due, office(), hourly) == due + timedelta(hours=60) + TICK
    far = clocks.rung_instant(5000, due, office(), hourly)
    assert far == due + timedelta(hours=300_000) + TICK


def test_a_rung_after_all_the_years_of_the_calendar_never_falls_due() -> None:
    yearly = Steps([Offset.parse("due")], Span(12, "months"))
    due = last_of("2021-03-01")
    assert clocks.rung_instant(100, due, office(), yearly) == last_of("2121-03-01") + TICK
    assert clocks.rung_instant(200, due, office(), yearly) is None


@given(limits, instants, waits, waits)
def test_a_pause_fires_no_rung_again(
    limit: Span | datetime, began: datetime, after: timedelta, away: timedelta
) -> None:
    clock = replace(run(limit, began), rung=1)
    back = resume(hold(clock, began + after), began + after + away)
    assert (back.rung, back.round) == (clock.rung, clock.round)
