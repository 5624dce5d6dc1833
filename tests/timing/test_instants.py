from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.engine.errors import BadDate
from duban.engine.timing.instants import (
    UNDATED,
    find_zone,
    format_instant,
    from_micros,
    parse_date,
    parse_instant,
    read_instant,
    to_micros,
)

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
INSTANTS = st.datetimes(timezones=st.just(UTC))


def refusal(text: str, zone: ZoneInfo | None = None) -> BadDate:
    with pytest.raises(BadDate) as refused:
        parse_instant(text, zone)
    return refused.value


def test_a_date_is_written_year_month_day() -> None:
    assert parse_date("2026-11-24") == date(2026, 11, 24)
    assert parse_date("2024-02-29") == date(2024, 2, 29)
    assert (parse_date("2000-01-01"), parse_date("2199-12-31")) == (
        date(2000, 1, 1),
        date(2199, 12, 31),
    )


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("2026-02-30", "TIME-001", "February 2026 has 28 days; write a day from 01 to 28"),
        ("2026-04-00", "TIME-001", "April 2026 has 30 days; write a day from 01 to 30"),
        ("2026-13-01", "TIME-001", "a year has 12 months; write a month from 01 to 12"),
        ("20226-01-01", "TIME-007", "it lies outside 2000-01-01 to 2199-12-31; check the year"),
        ("0001-01-01", "TIME-007", "it lies outside 2000-01-01 to 2199-12-31; check the year"),
        ("2200-01-01", "TIME-007", "it lies outside 2000-01-01 to 2199-12-31; check the year"),
        ("1763946000", "TIME-008", "a number is not a date; write YYYY-MM-DD"),
        ("1763946000.5", "TIME-008", "a number is not a date; write YYYY-MM-DD"),
        ("24/11/2026", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("11-24", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("2026-1-2", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("2026-11-24 ", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("2026-11-24\n", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("2026-11-24T09:00", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("", "TIME-009", "it is not written YYYY-MM-DD; write YYYY-MM-DD"),
        ("２０２６-11-24", "TIME-009", "its digits are not 0 to 9; write YYYY-MM-DD"),
        ("٢٠٢٦-11-24", "TIME-009", "its digits are not 0 to 9; write YYYY-MM-DD"),
    ],
)
def test_any_other_date_is_refused_with_what_to_write(text: str, code: str, message: str) -> None:
    with pytest.raises(BadDate) as refused:
        parse_date(text)
    assert refused.value.code == code
    assert str(refused.value) == f"{text!r} is not usable as a date or time: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-02-30", "2026 年 2 月只有 28 天；日请写 01 到 28"),
        ("2026-13-01", "一年只有 12 个月；月份请写 01 到 12"),
        ("1999-12-31", "不在 2000-01-01 至 2199-12-31 之内；请核对年份"),
        ("1763946000", "数字不是日期；请写成 YYYY-MM-DD"),
        ("2026年11月24日", "格式不是 YYYY-MM-DD；请写成 YYYY-MM-DD"),
    ],
)
def test_a_refused_date_says_so_in_chinese(text: str, message: str) -> None:
    with pytest.raises(BadDate) as refused:
        parse_date(text)
    assert refused.value.text("zh") == f"“{text}”不能用作日期或时间：{message}"


def test_a_refusal_without_chinese_facts_falls_back_to_the_english_ones() -> None:
    error = BadDate(value="x", why="it is odd", hint="write another")
    assert error.text("zh") == "“x”不能用作日期或时间：it is odd；write another"


def test_a_refusal_shows_only_the_beginning_of_a_very_long_text() -> None:
    with pytest.raises(BadDate) as refused:
        parse_date("9" * 100_000)
    assert len(str(refused.value)) < 200


@given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_every_date_in_range_is_read_as_it_is_written(day: date) -> None:
    assert parse_date(day.isoformat()) == day


@given(st.text(max_size=30))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    for parse in (parse_date, parse_instant, find_zone):
        with suppress(BadDate):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T09:30:00Z",
        "2026-11-24T09:30Z",
        "2026-11-24 17:30+08:00",
        "2026-11-24T17:30:00.000000+08:00",
        "2026-11-24T04:30-05:00",
    ],
)
def test_an_instant_with_an_offset_is_read_into_utc(text: str) -> None:
    read = parse_instant(text)
    assert read == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert read.tzinfo is UTC


def test_a_local_time_is_read_in_the_zone_that_is_given() -> None:
    assert parse_instant("2026-11-24T09:00", SHANGHAI) == datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert parse_instant("2026-07-01T09:00", BERLIN) == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_an_offset_in_the_text_prevails_over_the_zone() -> None:
    assert parse_instant("2026-11-24T09:00+00:00", SHANGHAI).hour == 9


@pytest.mark.parametrize(
    ("text", "zone", "code", "message"),
    [
        (
            "2026-11-24T09:00",
            None,
            "TIME-002",
            "it has no time zone; add an offset such as +08:00, or give a zone",
        ),
        (
            "2026-11-24",
            SHANGHAI,
            "TIME-009",
            "it names a day, not an instant; add a time, such as 2026-11-24T09:00+08:00",
        ),
        (
            "2026-03-29T02:30",
            BERLIN,
            "TIME-003",
            "this local time does not exist: the clocks of Europe/Berlin skip it; "
            "write 2026-03-29T03:30:00+02:00, or the time that was meant",
        ),
        (
            "2026-10-25T02:30",
            BERLIN,
            "TIME-004",
            "this local time occurs twice in Europe/Berlin; "
            "write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
        ),
        (
            "2026-11-24T24:00Z",
            None,
            "TIME-001",
            "there is no time of day 24:00; write a time from 00:00 to 23:59:59.999999",
        ),
        (
            "2026-11-24T23:59:60Z",
            None,
            "TIME-001",
            "there is no time of day 23:59:60; write a time from 00:00 to 23:59:59.999999",
        ),
        (
            "2026-11-24T09:00+15:00",
            None,
            "TIME-001",
            "no place is at offset +15:00; write an offset from -14:00 to +14:00, such as +08:00",
        ),
        (
            "2026-11-24T09:00+05:75",
            None,
            "TIME-001",
            "no place is at offset +05:75; write an offset from -14:00 to +14:00, such as +08:00",
        ),
        (
            "1763946000000",
            SHANGHAI,
            "TIME-008",
            "a number is not a date; write YYYY-MM-DDTHH:MM+08:00",
        ),
        (
            "24/11/2026 09:00",
            SHANGHAI,
            "TIME-009",
            "it is not written YYYY-MM-DDTHH:MM+08:00; write YYYY-MM-DDTHH:MM+08:00",
        ),
    ],
)
def test_an_instant_that_is_not_certain_is_refused(
    text: str, zone: ZoneInfo | None, code: str, message: str
) -> None:
    refused = refusal(text, zone)
    assert refused.code == code
    assert str(refused) == f"{text!r} is not usable as a date or time: {message}"


@pytest.mark.parametrize(
    ("text", "zone", "message"),
    [
        ("2026-11-24T09:00", None, "没有时区；请加上时差（例如 +08:00），或指定时区"),
        ("2026-11-24", None, "这是日期，不是时刻；请加上时刻，例如 2026-11-24T09:00+08:00"),
        (
            "2026-03-29T02:30",
            BERLIN,
            "当地没有这一时刻：Europe/Berlin 的时钟跳过了它；"
            "请写 2026-03-29T03:30:00+02:00，或写明本来的时刻",
        ),
        (
            "2026-10-25T02:30",
            BERLIN,
            "这一时刻在 Europe/Berlin 出现两次；"
            "请写 2026-10-25T02:30:00+02:00 或 2026-10-25T02:30:00+01:00",
        ),
    ],
)
def test_a_refused_instant_says_so_in_chinese(
    text: str, zone: ZoneInfo | None, message: str
) -> None:
    assert refusal(text, zone).text("zh") == f"“{text}”不能用作日期或时间：{message}"


def test_the_day_of_an_instant_must_exist_and_lie_in_range() -> None:
    assert "February 2026 has 28 days" in str(refusal("2026-02-30T09:00Z"))
    assert refusal("2200-01-01T00:00Z").code == "TIME-007"


def test_an_instant_is_written_in_utc_with_microseconds() -> None:
    local = datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=8)))
    assert format_instant(local) == "2026-11-24T01:00:00.000000Z"
    assert format_instant(UNDATED) == "9999-12-31T00:00:00.000000Z"


def test_a_naive_datetime_is_not_written() -> None:
    with pytest.raises(ValueError, match="naive"):
        format_instant(datetime(2026, 11, 24))  # noqa: DTZ001 - it is the mistake under test


@given(INSTANTS)
def test_what_is_written_is_read_back_exactly(instant: datetime) -> None:
    assert read_instant(format_instant(instant)) == instant
    assert from_micros(to_micros(instant)) == instant


@given(INSTANTS, INSTANTS)
def test_texts_and_microseconds_sort_as_instants_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (format_instant(one) < format_instant(other))
    assert (one < other) == (to_micros(one) < to_micros(other))


def test_microseconds_are_counted_from_1970_and_exact_to_the_last() -> None:
    assert to_micros(datetime(1970, 1, 1, 8, 0, 0, 1, tzinfo=SHANGHAI)) == 1
    assert from_micros(253_402_214_400_000_001) == UNDATED + timedelta(microseconds=1)


@pytest.mark.parametrize("name", ["Asia/Shanghai", "Europe/Berlin", "UTC"])
def test_a_zone_is_found_by_its_iana_name(name: str) -> None:
    assert find_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CST", "did you mean Asia/Shanghai?"),
        ("Asia/Beijing", "did you mean Asia/Shanghai?"),
        ("PRC", "did you mean Asia/Shanghai?"),
        ("Etc/GMT+8", "did you mean Asia/Shanghai?"),
        ("asia/shanghai", "did you mean Asia/Shanghai?"),
        ("Europe/Berlln", "did you mean Europe/Berlin?"),
        ("EST", "use an IANA name such as Asia/Shanghai"),
        ("北京时间", "did you mean Asia/Shanghai?"),
        ("Asia/", "use an IANA name such as Asia/Shanghai"),
        ("Asia/\0", "use an IANA name such as Asia/Shanghai"),
        ("../etc/passwd", "use an IANA name such as Asia/Shanghai"),
        ("", "use an IANA name such as Asia/Shanghai"),
    ],
)
def test_an_unknown_or_ambiguous_zone_is_refused_with_a_near_one(name: str, hint: str) -> None:
    with pytest.raises(BadDate) as refused:
        find_zone(name)
    assert refused.value.code == "TIME-005"
    assert str(refused.value) == (
        f"{name!r} is not usable as a date or time: it is not the name of one time zone; {hint}"
    )
    assert "Shanghai" in refused.value.text("zh") or "Berlin" in refused.value.text("zh")
