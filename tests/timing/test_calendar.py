from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from duban.engine.errors import BadDate, BeyondHorizon
from duban.engine.timing.calendar import Calendar, Notice, Roll, parse_days
from duban.engine.timing.spans import Span, Unit

SHIPPED = Path(__file__).parents[2] / "workflows" / "calendars" / "china.yaml"


def days(*texts: str) -> frozenset[date]:
    return frozenset[date]().union(*map(parse_days, texts))


@cache
def notices() -> tuple[Notice, ...]:
    return tuple(
        Notice(
            issued=date.fromisoformat(told["issued"]),
            year=told["year"],
            title=told["title"]["zh"],
            rest=days(*told["rest"]),
            work=days(*told["work"]),
        )
        for told in YAML(typ="safe", pure=True).load(SHIPPED)["notices"]
    )


@cache
def china(as_of: str | None = None) -> Calendar:
    return Calendar.from_notices(
        "china", notices(), as_of=date.fromisoformat(as_of) if as_of else None
    )


PLAIN = Calendar.plain("weekdays")
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
COUNTS = st.integers(1, 2000)
CALENDARS = st.sampled_from([PLAIN, china(), china("2021-01-01"), china("2019-01-01")])


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2021-09-28", "3 workdays", "2021-10-08"),
        ("2021-09-29", "3 workdays", "2021-10-09"),
        ("2022-01-27", "5 workdays", "2022-02-08"),
        ("2021-04-28", "3 workdays", "2021-05-06"),
        ("2021-04-28", "7 workdays", "2021-05-11"),
        ("2021-12-27", "5 workdays", "2022-01-04"),
        ("2024-06-05", "5 workdays", "2024-06-13"),
        ("2021-09-28", "0 workdays", "2021-09-28"),
        ("2021-09-28", "30 days", "2021-10-28"),
        ("2021-01-31", "1 month", "2021-02-28"),
        ("2020-01-31", "1 month", "2020-02-29"),
        ("2021-08-31", "6 months", "2022-02-28"),
        ("2021-12-15", "1 month", "2022-01-15"),
        ("2021-03-30", "12 months", "2022-03-30"),
    ],
)
def test_a_limit_is_counted_from_the_next_day_to_its_last(start: str, span: str, end: str) -> None:
    assert china().add(day(start), Span.parse(span)) == day(end)


def test_a_limit_may_end_on_a_saturday_that_is_worked() -> None:
    end = china().add(day("2021-09-29"), Span(3, "workdays"))
    assert end.strftime("%w") == "6"
    assert china().is_workday(end)


@pytest.mark.parametrize(
    ("end", "span", "start"),
    [
        ("2021-09-30", "20 workdays", "2021-09-02"),
        ("2021-10-08", "1 workday", "2021-09-30"),
        ("2021-10-05", "1 workday", "2021-09-30"),
        ("2021-10-08", "0 workdays", "2021-10-08"),
        ("2021-10-08", "8 days", "2021-09-30"),
        ("2021-03-31", "1 month", "2021-02-28"),
        ("2022-01-31", "2 months", "2021-11-30"),
        ("2021-01-15", "1 month", "2020-12-15"),
    ],
)
def test_a_span_is_counted_back_from_the_day_before(end: str, span: str, start: str) -> None:
    assert china().subtract(day(end), Span.parse(span)) == day(start)


@pytest.mark.parametrize(
    ("start", "how", "end"),
    [
        ("2021-10-02", "forward", "2021-10-08"),
        ("2021-10-02", "backward", "2021-09-30"),
        ("2021-10-02", "none", "2021-10-02"),
        ("2021-10-09", "forward", "2021-10-09"),
        ("2021-10-09", "backward", "2021-10-09"),
        ("2031-11-01", "forward", "2031-11-03"),
    ],
)
def test_a_rest_day_is_rolled_only_as_asked(start: str, how: Roll, end: str) -> None:
    assert china().roll(day(start), how) == day(end)


def test_days_after_the_start_up_to_the_end_are_counted() -> None:
    assert china().count(day("2021-09-28"), day("2021-10-08"), "workdays") == 3
    assert china().count(day("2021-09-28"), day("2021-10-08"), "days") == 10
    assert china().count(day("2021-09-28"), day("2021-09-28"), "workdays") == 0
    assert china().count(day("2021-10-08"), day("2021-09-28"), "days") == 0


@pytest.mark.parametrize("unit", ["months", "hours"])
def test_only_workdays_and_days_can_be_counted(unit: Unit) -> None:
    with pytest.raises(ValueError, match=f"not counted in {unit}"):
        PLAIN.count(day("2021-01-01"), day("2021-02-01"), unit)


def test_hours_are_no_matter_of_days() -> None:
    for reckon in (PLAIN.add, PLAIN.subtract):
        with pytest.raises(ValueError, match="counted from an instant"):
            reckon(day("2021-01-01"), Span(24, "hours"))


@given(CALENDARS, DAYS, COUNTS)
def test_the_day_that_is_reached_is_the_first_at_which_the_count_is_full(
    calendar: Calendar, start: date, n: int
) -> None:
    end = calendar.add(start, Span(n, "workdays"))
    assert calendar.is_workday(end)
    assert calendar.count(start, end, "workdays") == n
    assert calendar.count(start, end - timedelta(1), "workdays") == n - 1


@given(CALENDARS, DAYS, DAYS)
def test_adding_what_was_counted_gives_the_last_workday_of_the_stretch(
    calendar: Calendar, start: date, end: date
) -> None:
    n = calendar.count(start, end, "workdays")
    assume(n)
    assert calendar.add(start, Span(n, "workdays")) == calendar.roll(end, "backward")


@given(CALENDARS, DAYS, COUNTS)
def test_counting_back_undoes_counting_on(calendar: Calendar, start: date, n: int) -> None:
    assume(start >= day("2020-01-10"))
    end = calendar.add(start, Span(n, "workdays"))
    assert calendar.subtract(end, Span(n, "workdays")) == calendar.roll(start, "backward")
    assert calendar.add(start, Span(n, "days")) == start + timedelta(n)
    assert calendar.subtract(start + timedelta(n), Span(n, "days")) == start


@given(CALENDARS, DAYS, st.integers(1, 200))
def test_counting_on_undoes_counting_back(calendar: Calendar, end: date, n: int) -> None:
    assume(end >= day("2021-06-01"))
    start = calendar.subtract(end, Span(n, "workdays"))
    assert calendar.is_workday(start)
    assert calendar.add(start, Span(n, "workdays")) == calendar.roll(end, "forward")


@given(CALENDARS, DAYS, DAYS, COUNTS, COUNTS, st.sampled_from(["workdays", "days", "months"]))
def test_who_starts_later_or_has_longer_never_ends_earlier(
    calendar: Calendar, one: date, other: date, n: int, m: int, unit: Unit
) -> None:
    early, late = sorted((one, other))
    short, long = sorted((n, m))
    assert calendar.add(early, Span(short, unit)) <= calendar.add(late, Span(short, unit))
    assert calendar.add(early, Span(short, unit)) <= calendar.add(early, Span(long, unit))


@given(CALENDARS, DAYS, COUNTS, COUNTS)
def test_two_limits_on_end_are_one_limit(calendar: Calendar, start: date, n: int, m: int) -> None:
    middle = calendar.add(start, Span(n, "workdays"))
    assert calendar.add(middle, Span(m, "workdays")) == calendar.add(start, Span(n + m, "workdays"))


@given(CALENDARS, st.tuples(DAYS, DAYS, DAYS), st.sampled_from(["workdays", "days"]))
def test_pausing_neither_loses_nor_gains_a_day(
    calendar: Calendar, three: tuple[date, date, date], unit: Unit
) -> None:
    a, b, c = sorted(three)
    assert calendar.count(a, b, unit) + calendar.count(b, c, unit) == calendar.count(a, c, unit)


@given(CALENDARS, DAYS, st.integers(0, 400))
def test_counting_agrees_with_asking_day_by_day(calendar: Calendar, start: date, n: int) -> None:
    end = start + timedelta(n)
    asked = sum(calendar.is_workday(start + timedelta(i)) for i in range(1, n + 1))
    assert calendar.count(start, end, "workdays") == asked


@given(DAYS, COUNTS)
def test_months_end_on_the_corresponding_day_or_the_last_of_the_month(start: date, n: int) -> None:
    end = PLAIN.add(start, Span(n, "months"))
    assert (end.year - start.year) * 12 + end.month - start.month == n
    assert end.day == start.day or (end.day < start.day and (end + timedelta(1)).day == 1)


@given(DAYS, st.frozensets(st.integers(0, 6), max_size=6))
def test_any_weekend_leaves_the_other_weekdays_worked(start: date, weekend: frozenset[int]) -> None:
    calendar = Calendar.plain("other", weekend)
    assert calendar.is_workday(start) == (start.weekday() not in weekend)
    assert calendar.add(start, Span(7 - len(weekend), "workdays")) <= start + timedelta(7)


def test_a_calendar_is_known_for_the_years_that_notices_cover_without_a_gap() -> None:
    assert (china().known_from, china().known_until) == (day("2020-01-01"), day("2026-12-31"))
    gap = [notice for notice in notices() if notice.year != 2023]
    assert Calendar.from_notices("gap", gap).known_until == day("2022-12-31")


def test_days_past_the_horizon_are_provisional_and_follow_the_weekday() -> None:
    assert not china().is_provisional(day("2026-12-31"))
    assert china().is_provisional(day("2027-01-01"))
    assert china().is_workday(day("2027-01-01"))
    assert china().add(day("2026-12-30"), Span(5, "workdays")) == day("2027-01-06")
    assert not china().is_workday(day("2027-10-10"))


def test_what_a_notice_already_says_of_a_day_past_the_horizon_is_heeded() -> None:
    early = Notice(day("2026-12-01"), 2028, "early", days("2028-01-03"), days("2028-01-08"))
    calendar = Calendar.from_notices("early", [*notices(), early])
    assert calendar.known_until == day("2026-12-31")
    assert not calendar.is_workday(day("2028-01-03"))
    assert calendar.is_workday(day("2028-01-08"))
    assert calendar.is_provisional(day("2028-01-03"))


def test_days_before_the_calendar_begins_are_refused() -> None:
    with pytest.raises(BeyondHorizon) as refused:
        china().is_workday(day("2019-12-31"))
    assert refused.value.code == "TIME-010"
    assert str(refused.value) == (
        "calendar 'china' knows the days from 2020-01-01 to 2026-12-31, not 2019-12-31; "
        "apply the notice of that year"
    )
    assert refused.value.text("zh") == (
        "日历“china”只知道 2020-01-01 至 2026-12-31 的安排，不含 2019-12-31；请应用该年度的放假通知"
    )


def test_workdays_are_not_counted_from_before_the_calendar_begins() -> None:
    with pytest.raises(BeyondHorizon, match="not 2019-12-31"):
        china().add(day("2019-12-30"), Span(1, "workdays"))
    with pytest.raises(BeyondHorizon, match="not 2019-12-31"):
        china().count(day("2019-12-30"), day("2020-03-01"), "workdays")
    with pytest.raises(BeyondHorizon, match="not 2019-12-31"):
        china().subtract(day("2020-01-03"), Span(2, "workdays"))
    with pytest.raises(BeyondHorizon, match="not 2019-12-01"):
        china().subtract(day("2019-12-01"), Span(1, "workdays"))
    with pytest.raises(BeyondHorizon, match="not 2019-12-31"):
        china().roll(day("2020-01-01"), "backward")


def test_the_day_before_the_first_may_be_a_start_since_it_does_not_count() -> None:
    assert china().add(day("2019-12-31"), Span(1, "workdays")) == day("2020-01-02")
    assert china().subtract(day("2020-01-03"), Span(1, "workdays")) == day("2020-01-02")


def test_plain_days_and_months_ask_nothing_of_the_calendar() -> None:
    assert china().add(day("2019-05-01"), Span(30, "days")) == day("2019-05-31")
    assert china().subtract(day("2019-05-31"), Span(3, "months")) == day("2019-02-28")


def test_a_plain_calendar_knows_every_day() -> None:
    assert not PLAIN.is_provisional(day("2199-12-31"))
    assert PLAIN.is_workday(day("2000-01-03"))
    assert PLAIN.subtract(day("2020-01-06"), Span(1, "workdays")) == day("2020-01-03")


@pytest.mark.parametrize("span", ["100000 months", "100000 days", "100000 workdays"])
def test_a_day_that_no_case_can_have_is_refused(span: str) -> None:
    with pytest.raises(BadDate) as refused:
        PLAIN.add(day("2026-01-01"), Span.parse(span))
    assert refused.value.code == "TIME-007"
    assert str(refused.value) == (
        f"'2026-01-01 + {span}' is not usable as a date or time: "
        "it lies outside 2000-01-01 to 2199-12-31; check the year"
    )
    with pytest.raises(BadDate, match=f"'2026-01-01 - {span}'"):
        PLAIN.subtract(day("2026-01-01"), Span.parse(span))


def test_the_spring_festival_of_2020_was_changed_while_it_ran() -> None:
    planned, changed = china("2020-01-26"), china("2020-01-27")
    assert planned.is_workday(day("2020-01-31"))
    assert planned.is_workday(day("2020-02-01"))
    assert not changed.is_workday(day("2020-01-31"))
    assert not changed.is_workday(day("2020-02-01"))
    assert changed.is_workday(day("2020-01-19"))
    assert planned.add(day("2020-01-22"), Span(3, "workdays")) == day("2020-02-01")
    assert changed.add(day("2020-01-22"), Span(3, "workdays")) == day("2020-02-04")
    assert planned.known_until == changed.known_until == day("2020-12-31")


def test_a_year_whose_notice_is_not_yet_issued_is_provisional() -> None:
    before, after = china("2021-10-24"), china("2021-10-25")
    assert before.is_provisional(day("2022-01-03"))
    assert before.is_workday(day("2022-01-03"))
    assert not after.is_provisional(day("2022-01-03"))
    assert not after.is_workday(day("2022-01-03"))


def test_before_the_first_notice_everything_is_provisional() -> None:
    assert china("2019-01-01").is_provisional(day("2020-01-01"))
    assert china("2019-01-01").is_workday(day("2020-01-01"))


def test_the_order_in_which_notices_are_given_does_not_matter() -> None:
    assert Calendar.from_notices("china", reversed(notices())) == china()
    assert hash(Calendar.from_notices("china", reversed(notices()))) == hash(china())


def test_a_calendar_needs_a_notice_and_a_day_to_work() -> None:
    with pytest.raises(ValueError, match="knows no day"):
        Calendar.from_notices("none", [])
    with pytest.raises(ValueError, match="no day to work"):
        Calendar.plain("idle", frozenset(range(7)))


def test_a_notice_that_contradicts_itself_is_not_made() -> None:
    one = days("2021-01-01")
    with pytest.raises(ValueError, match="both rest and work: 2021-01-01"):
        Notice(day("2020-11-25"), 2021, "both", one, one)
    with pytest.raises(ValueError, match="notice for 2021 names a day of another time"):
        Notice(day("2020-11-25"), 2021, "far", days("2023-01-01"), frozenset())


def test_days_are_named_singly_or_as_a_range() -> None:
    assert parse_days("2021-01-01") == {day("2021-01-01")}
    assert parse_days("2020-12-31..2021-01-02") == {
        day("2020-12-31"),
        day("2021-01-01"),
        day("2021-01-02"),
    }


@pytest.mark.parametrize("text", ["2021-01-03..2021-01-01", "2021-01-01..2031-01-01"])
def test_a_range_of_days_runs_forward_and_not_far(text: str) -> None:
    with pytest.raises(BadDate) as refused:
        parse_days(text)
    assert str(refused.value) == (
        f"{text!r} is not usable as a date or time: the range runs backwards or over more than "
        "a year; write the earlier day first: YYYY-MM-DD..YYYY-MM-DD"
    )


@pytest.mark.parametrize("text", ["2021-02-30", "2021-01-01..", "2021-01-01..03", "a..b"])
def test_a_range_of_days_has_dates_at_its_ends(text: str) -> None:
    with pytest.raises(BadDate):
        parse_days(text)


def test_a_limit_may_shorten_only_by_a_working_day_of_a_notice_that_says_so() -> None:
    saturday = date(2021, 1, 9)
    says = Notice(date(2020, 11, 25), 2021, "", frozenset(), frozenset({saturday}), True)
    silent = Notice(date(2020, 11, 25), 2021, "", frozenset(), frozenset({saturday}))
    told = Calendar.from_notices("told", [says])
    assert not Calendar.from_notices("silent", [silent]).may_shorten(date.min, date.max)
    assert told.may_shorten(date(2021, 1, 8), saturday)
    assert not told.may_shorten(saturday, date(2021, 1, 20))
    assert not told.may_shorten(date(2021, 1, 1), date(2021, 1, 8))
    assert told.issued == date(2020, 11, 25)
    assert Calendar.plain("plain").issued is None
