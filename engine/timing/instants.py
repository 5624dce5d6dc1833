"""Dates, instants and zones: read strictly, written in one form, kept in UTC.

A day is a ``date``, an instant an aware ``datetime``. Text that could mean two things is refused
with a sentence that says how to write it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from duban.engine.errors import BadDate

UNDATED = datetime(9999, 12, 31, tzinfo=UTC)
"""The instant of what has not happened; no real instant reaches it."""

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"([0-9]{4,9})-([0-9]{2})-([0-9]{2})")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4,9}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_MONTHS = "January February March April May June July August September October November December"
_CHINA = (
    "cst prc china beijing asia/beijing asia/peking asia/shenzhen asia/guangzhou +08:00 "
    "gmt+8 utc+8 gmt+08:00 utc+08:00 etc/gmt+8 etc/gmt-8 asia/上海 asia/北京 上海 北京 北京时间"
)
_FURTHEST = timedelta(hours=14)


def parse_date(text: str) -> date:
    """Return the day that *text* names; only ``YYYY-MM-DD`` is read.

    Raises:
        BadDate: the form is another one, there is no such day, or its year is not 2000 to 2199.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise _misformed(text, "YYYY-MM-DD")
    return _existing(text, *map(int, found.groups()))


def parse_instant(text: str, zone: ZoneInfo | None = None) -> datetime:
    """Return, in UTC, the instant that *text* names: ISO 8601 with an offset, or local to *zone*.

    An offset in the text prevails over *zone*.

    Raises:
        BadDate: the form is another one, time or zone are missing, the local time does not exist
            or occurs twice, or its year is not 2000 to 2199.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise _misformed(text, "YYYY-MM-DDTHH:MM+08:00")
    day, offset = parse_date(found["day"]), found["offset"]
    if found["clock"] is None:
        raise _timeless(text)
    local = datetime.combine(day, _clock(text, found["clock"]))
    if offset is not None:
        return local.replace(tzinfo=_offset(text, offset)).astimezone(UTC)
    if zone is None:
        raise _zoneless(text)
    return _only(text, local, zone)


def format_instant(instant: datetime) -> str:
    """Return *instant* in UTC as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``; texts sort as instants do.

    Raises:
        ValueError: *instant* is naive.
    """
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            message = "a naive datetime is not an instant"
            raise ValueError(message)
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")[:-6] + "Z"


def read_instant(text: str) -> datetime:
    """Return the instant that ``format_instant`` wrote as *text*; for stored text only."""
    return datetime.fromisoformat(text)


def need_zone(instant: datetime) -> datetime:
    """Return *instant* in UTC.

    Raises:
        BadDate: it has no zone, so that nobody knows when it is.
    """
    if instant.tzinfo is None:
        raise BadDate(
            value=instant.isoformat(),
            why="it has no time zone",
            hint="give an aware datetime",
            why_zh="缺少时区",
            hint_zh="请使用带时区的时间",
            code="TIME-002",
        )
    return instant.astimezone(UTC)


def to_micros(instant: datetime) -> int:
    """Return *instant* as whole microseconds since 1970-01-01 UTC."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return, in UTC, the instant *micros* microseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def find_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone *name*, such as ``Asia/Shanghai`` or ``UTC``.

    Raises:
        BadDate: there is no such zone, or the name is an abbreviation that several places use.
    """
    if name == "UTC" or ("/" in name and not name.startswith("Etc/")):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _unknown_zone(name) from None
    raise _unknown_zone(name)


def _existing(text: str, year: int, month: int, day: int) -> date:
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise outside(text)
    if not 1 <= month <= 12:
        raise BadDate(
            value=_short(text),
            why="a year has 12 months",
            hint="write a month from 01 to 12",
            why_zh="一年只有 12 个月",
            hint_zh="月份请写 01 到 12",
        )
    length = monthrange(year, month)[1]
    if not 1 <= day <= length:
        raise BadDate(
            value=_short(text),
            why=f"{_MONTHS.split()[month - 1]} {year} has {length} days",
            hint=f"write a day from 01 to {length}",
            why_zh=f"{year} 年 {month} 月只有 {length} 天",
            hint_zh=f"日请写 01 到 {length}",
        )
    return date(year, month, day)


def _clock(text: str, clock: str) -> time:
    try:
        return time.fromisoformat(clock)
    except ValueError:
        raise BadDate(
            value=_short(text),
            why=f"there is no time of day {clock}",
            hint="write a time from 00:00 to 23:59:59.999999",
            why_zh=f"一天之中没有 {clock} 这一时刻",
            hint_zh="时刻请写 00:00 到 23:59:59.999999",
        ) from None


def _offset(text: str, offset: str) -> timezone:
    if offset == "Z":
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
    if ahead > _FURTHEST or int(offset[4:]) > 59:
        raise BadDate(
            value=_short(text),
            why=f"no place is at offset {offset}",
            hint="write an offset from -14:00 to +14:00, such as +08:00",
            why_zh=f"没有地方使用时差 {offset}",
            hint_zh="时差请写 -14:00 到 +14:00，例如 +08:00",
        )
    return timezone(-ahead if offset[0] == "-" else ahead)


def _only(text: str, local: datetime, zone: ZoneInfo) -> datetime:
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    seen = first.astimezone(UTC).astimezone(zone)
    if seen.replace(tzinfo=None) != local:
        raise BadDate(
            value=_short(text),
            why=f"this local time does not exist: the clocks of {zone.key} skip it",
            hint=f"write {seen.isoformat()}, or the time that was meant",
            why_zh=f"当地没有这一时刻：{zone.key} 的时钟跳过了它",
            hint_zh=f"请写 {seen.isoformat()}，或写明本来的时刻",
            code="TIME-003",
        )
    choices = [moment.isoformat() for moment in (first, second)]
    raise BadDate(
        value=_short(text),
        why=f"this local time occurs twice in {zone.key}",
        hint=f"write {choices[0]} or {choices[1]}",
        why_zh=f"这一时刻在 {zone.key} 出现两次",
        hint_zh=f"请写 {choices[0]} 或 {choices[1]}",
        code="TIME-004",
    )


def _misformed(text: str, form: str) -> BadDate:
    code, why, why_zh = "TIME-009", f"it is not written {form}", f"格式不是 {form}"
    if _NUMBER.fullmatch(text):
        code, why, why_zh = "TIME-008", "a number is not a date", "数字不是日期"
    elif any(sign.isdigit() and not sign.isascii() for sign in text):
        why, why_zh = "its digits are not 0 to 9", "其中的数字不是半角 0 到 9"
    return BadDate(
        value=_short(text),
        why=why,
        hint=f"write {form}",
        why_zh=why_zh,
        hint_zh=f"请写成 {form}",
        code=code,
    )


def _timeless(text: str) -> BadDate:
    return BadDate(
        value=text,
        why="it names a day, not an instant",
        hint=f"add a time, such as {text}T09:00+08:00",
        why_zh="这是日期，不是时刻",
        hint_zh=f"请加上时刻，例如 {text}T09:00+08:00",
        code="TIME-009",
    )


def _zoneless(text: str) -> BadDate:
    return BadDate(
        value=text,
        why="it has no time zone",
        hint="add an offset such as +08:00, or give a zone",
        why_zh="没有时区",
        hint_zh="请加上时差（例如 +08:00），或指定时区",
        code="TIME-002",
    )


def outside(text: str) -> BadDate:
    """Return the refusal of *text*, a day that no case can have."""
    return BadDate(
        value=_short(text),
        why=f"it lies outside {FIRST_DAY} to {LAST_DAY}",
        hint="check the year",
        why_zh=f"不在 {FIRST_DAY} 至 {LAST_DAY} 之内",
        hint_zh="请核对年份",
        code="TIME-007",
    )


def _unknown_zone(name: str) -> BadDate:
    if name.lower() in _CHINA.split():
        near = ["Asia/Shanghai"]
    else:
        near = get_close_matches(name[:60], _zone_names(), n=1, cutoff=0.75)
    hint, hint_zh = "use an IANA name such as Asia/Shanghai", "请用 IANA 名称，例如 Asia/Shanghai"
    if near and near[0] != name:
        hint, hint_zh = f"did you mean {near[0]}?", f"是否指 {near[0]}？"
    return BadDate(
        value=_short(name),
        why="it is not the name of one time zone",
        hint=hint,
        why_zh="这不是一个确定的时区名称",
        hint_zh=hint_zh,
        code="TIME-005",
    )


@lru_cache(maxsize=1)
def _zone_names() -> list[str]:
    return sorted(available_timezones())


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
