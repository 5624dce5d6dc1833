from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.engine.errors import BeyondHorizon
from duban.engine.timing.calendar import Calendar, Notice
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED, parse_instant
from duban.engine.timing.spans import DUE, Offset, Span, Unit

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
PLAIN = Calendar.plain("weekdays")
OFFICE = Clockwork(PLAIN, SHANGHAI)
CLOSING = Clockwork(PLAIN, SHANGHAI, time(17, 30))
ABROAD = Clockwork(PLAIN, BERLIN)
TICK = timedelta(microseconds=1)

# Cairo and Havana change their clocks at midnight, Kathmandu is 45 minutes off the hour.
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Shanghai",
            "Europe/Berlin",
            "Africa/Cairo",
            "America/Havana",
            "America/New_York",
            "Asia/Kathmandu",
        )
    ]
)
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
INSTANTS = st.datetimes(datetime(2020, 1, 2), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return parse_instant(text, zone)


def test_the_day_of_an_instant_is_the_local_one() -> None:
    assert OFFICE.day(at("2026-11-24T15:59:59Z")) == date(2026, 11, 24)
    assert OFFICE.day(at("2026-11-24T16:00:00Z")) == date(2026, 11, 25)


def test_a_day_runs_from_local_midnight_to_the_last_microsecond() -> None:
    assert OFFICE.begins(date(2026, 11, 24)) == at("2026-11-24T00:00")
    assert OFFICE.ends(date(2026, 11, 24)) == at("2026-11-24T23:59:59.999999")
    assert OFFICE.ends(date(2026, 11, 24)).tzinfo is UTC


def test_where_an_office_closes_the_day_ends_at_that_hour_sharp() -> None:
    assert CLOSING.ends(date(2026, 11, 24)) == at("2026-11-24T17:30")
    assert CLOSING.begins(date(2026, 11, 24)) == at("2026-11-24T00:00")


def test_a_closing_hour_is_local() -> None:
    with pytest.raises(ValueError, match="local to the zone"):
        Clockwork(PLAIN, SHANGHAI, time(17, 30, tzinfo=UTC))


def test_a_limit_in_days_ends_with_its_last_day_whatever_the_hour_it_began() -> None:
    for start in ("2026-11-24T00:00", "2026-11-24T23:59:59.999999"):
        assert OFFICE.after(at(start), Span(3, "workdays")) == at("2026-11-27T23:59:59.999999")
    assert CLOSING.after(at("2026-11-24T20:00"), Span(1, "months")) == at("2026-12-24T17:30")


def test_a_limit_in_hours_runs_from_the_moment() -> None:
    assert OFFICE.after(at("2026-11-24T09:15"), Span(24, "hours")) == at("2026-11-25T09:15")
    assert CLOSING.after(at("2026-11-24T17:00"), Span(2, "hours")) == at("2026-11-24T19:00")
    assert OFFICE.before(at("2026-11-24T09:15"), Span(24, "hours")) == at("2026-11-23T09:15")


def test_a_span_before_begins_with_its_first_day() -> None:
    due = at("2026-11-27T23:59:59.999999")
    assert OFFICE.before(due, Span(3, "workdays")) == at("2026-11-24T00:00")
    assert OFFICE.before(due, Span(0, "days")) == at("2026-11-27T00:00")


@pytest.mark.parametrize(
    ("offset", "instant"),
    [
        ("3 workdays before", "2026-11-24T00:00"),
        ("2 hours before", "2026-11-27T15:30"),
        ("due", "2026-11-27T17:30:00.000001"),
        ("2 hours after", "2026-11-27T19:30:00.000001"),
        ("5 workdays after", "2026-12-04T17:30:00.000001"),
    ],
)
def test_a_rung_fires_at_the_first_instant_of_its_place(offset: str, instant: str) -> None:
    assert CLOSING.rung_at(at("2026-11-27T17:30"), Offset.parse(offset)) == at(instant)


def test_what_ran_is_counted_in_the_unit_of_the_clock() -> None:
    start, end = at("2026-11-20T18:00"), at("2026-11-24T09:00:00.000001")
    assert OFFICE.elapsed(start, end, "workdays") == 2
    assert OFFICE.elapsed(start, end, "days") == 4
    assert OFFICE.elapsed(start, end, "months") == 4
    assert OFFICE.elapsed(start, end, "hours") == 87 * 3_600_000_000 + 1


@pytest.mark.parametrize("unit", ["workdays", "days", "months", "hours"])
def test_nothing_ran_where_the_end_comes_first_or_within_a_day(unit: Unit) -> None:
    start, end = at("2026-11-20T18:00"), at("2026-11-24T09:00")
    assert OFFICE.elapsed(end, start, unit) == 0
    if unit != "hours":
        assert OFFICE.elapsed(start, at("2026-11-20T23:00"), unit) == 0


def test_hours_are_true_hours_across_a_change_of_the_clock() -> None:
    start = at("2026-03-28T12:00", BERLIN)
    assert ABROAD.after(start, Span(24, "hours")) == at("2026-03-29T13:00", BERLIN)
    local = start.astimezone(BERLIN)
    assert ABROAD.after(local, Span(24, "hours")) == at("2026-03-29T13:00", BERLIN)
    assert ABROAD.before(at("2026-10-25T12:00", BERLIN), Span(24, "hours")) == at(
        "2026-10-24T13:00", BERLIN
    )


def test_days_are_local_days_across_a_change_of_the_clock() -> None:
    start = at("2026-03-28T12:00", BERLIN)
    assert ABROAD.after(start, Span(1, "days")) == at("2026-03-29T23:59:59.999999", BERLIN)
    short, long = date(2026, 3, 29), date(2026, 10, 25)
    assert ABROAD.ends(short) - ABROAD.begins(short) + TICK == timedelta(hours=23)
    assert ABROAD.ends(long) - ABROAD.begins(long) + TICK == timedelta(hours=25)


def test_a_closing_hour_that_the_clock_skips_or_repeats_is_the_later_one() -> None:
    night = Clockwork(PLAIN, BERLIN, time(2, 30))
    assert night.ends(date(2026, 3, 29)) == at("2026-03-29T03:30", BERLIN)
    assert night.ends(date(2026, 10, 25)) == at("2026-10-25T02:30+01:00")


def test_a_day_whose_midnight_is_skipped_begins_with_the_change() -> None:
    cairo = Clockwork(PLAIN, ZoneInfo("Africa/Cairo"))
    begins = cairo.begins(date(2024, 4, 26))
    assert begins == at("2024-04-25T22:00Z")
    assert cairo.day(begins) == date(2024, 4, 26)
    assert cairo.day(begins - TICK) == date(2024, 4, 25)


@given(ZONES, DAYS)
def test_days_follow_one_another_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    clockwork = Clockwork(PLAIN, zone)
    assert clockwork.day(clockwork.begins(day)) == clockwork.day(clockwork.ends(day)) == day
    assert clockwork.ends(day) + TICK == clockwork.begins(day + timedelta(1))


@given(ZONES, INSTANTS)
def test_every_instant_lies_within_its_day(zone: ZoneInfo, instant: datetime) -> None:
    clockwork = Clockwork(PLAIN, zone)
    day = clockwork.day(instant)
    assert clockwork.begins(day) <= instant <= clockwork.ends(day)


@given(
    ZONES, INSTANTS, st.integers(1, 500), st.sampled_from(["workdays", "days", "months", "hours"])
)
def test_a_rung_before_due_never_fires_after_it_nor_one_after_due_before_it(
    zone: ZoneInfo, start: datetime, n: int, unit: Unit
) -> None:
    clockwork, span = Clockwork(PLAIN, zone), Span(n, unit)
    due = clockwork.after(start, span)
    assert due >= start
    assert clockwork.rung_at(due, Offset(span, "before")) <= due
    assert due < clockwork.rung_at(due, DUE) < clockwork.rung_at(due, Offset(span, "after"))


@given(ZONES, INSTANTS, st.integers(1, 500), st.sampled_from(["workdays", "days"]))
def test_at_its_due_instant_a_limit_is_used_up_and_not_before_that_day(
    zone: ZoneInfo, start: datetime, n: int, unit: Unit
) -> None:
    clockwork = Clockwork(PLAIN, zone)
    due = clockwork.after(start, Span(n, unit))
    assert clockwork.elapsed(start, due, unit) == n
    assert clockwork.elapsed(start, clockwork.begins(clockwork.day(due)) - TICK, unit) == n - 1


@given(
    ZONES, st.tuples(INSTANTS, INSTANTS, INSTANTS), st.sampled_from(["workdays", "days", "hours"])
)
def test_a_pause_and_what_ran_around_it_make_up_the_whole(
    zone: ZoneInfo, three: tuple[datetime, datetime, datetime], unit: Unit
) -> None:
    clockwork = Clockwork(PLAIN, zone)
    a, b, c = sorted(three)
    ran = clockwork.elapsed(a, b, unit) + clockwork.elapsed(b, c, unit)
    assert ran == clockwork.elapsed(a, c, unit)


def test_what_is_reckoned_from_what_has_not_happened_has_not_happened() -> None:
    for unit in ("workdays", "hours"):
        span = Span.parse(f"3 {unit}")
        assert OFFICE.after(UNDATED, span) == UNDATED
        assert OFFICE.before(UNDATED, span) == UNDATED
        assert OFFICE.rung_at(UNDATED, Offset(span, "after")) == UNDATED
    assert OFFICE.rung_at(UNDATED, DUE) == UNDATED


def test_an_instant_is_provisional_where_its_local_day_is() -> None:
    notice = Notice(date(2025, 11, 4), 2026, "2026", frozenset(), frozenset())
    clockwork = Clockwork(Calendar.from_notices("one year", [notice]), SHANGHAI)
    assert not clockwork.provisional(at("2026-12-31T23:59:59.999999"))
    assert clockwork.provisional(at("2027-01-01T00:00"))
    assert not clockwork.provisional(UNDATED)
    assert not OFFICE.provisional(at("2027-01-01T00:00"))
    with pytest.raises(BeyondHorizon):
        clockwork.after(at("2025-06-01T00:00"), Span(3, "workdays"))
