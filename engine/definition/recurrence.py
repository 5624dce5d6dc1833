"""When something recurs: the days of a recurrence, and the periods of a calendar year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from dateutil.rrule import MONTHLY, rrule, rrulestr
from pydantic import Field as Key
from pydantic import model_validator

from duban.engine.definition.base import DateText, Model, refusal
from duban.engine.errors import BadInput
from duban.engine.timing.instants import parse_date
from duban.engine.timing.spans import Offset

Period = Literal["month", "quarter", "half", "year"]
# Where a due lies that is reckoned from the last day of a period, when it lies on that day itself.
END = "end"
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY", "BYHOUR", "BYMINUTE", "BYSECOND")
_STEPS: dict[Period, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_DAY = timedelta(days=1)


class Recurrence(Model):
    """The days on which something recurs; ``from_end`` counts from the last day of a period."""

    months: list[Annotated[int, Key(ge=1, le=12)]] | None = None
    every: Period | None = None
    day: Annotated[int, Key(ge=1, le=31)] | None = None
    rule: str | None = None
    dates: list[DateText] | None = None
    from_end: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"from_end": value}
        return {"dates": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one(self) -> Recurrence:
        ways = [self.months, self.every, self.rule, self.dates, self.from_end]
        if sum(way is not None for way in ways) != 1:
            raise refusal(
                "DEF-054",
                "a recurrence is one of: months, every, rule, or a list of dates",
                "周期须为 months、every、rule 或日期列表之一",
            )
        if (self.months or self.every) and self.day is None:
            raise refusal("DEF-055", "say the 'day' of the month", "请写明 day（日）")
        if self.from_end not in (None, END):
            _check_offset(self.from_end or "")
        if self.rule is not None:
            _check_rule(self.rule)
        return self


def _check_offset(text: str) -> None:
    try:
        offset = Offset.parse(text)
    except BadInput as error:
        raise refusal("DEF-043", error.text("en"), error.text("zh")) from None
    if offset.span.unit == "hours":
        raise refusal("DEF-043", "a duty is due on a day, not at an hour", "任务按日到期，不按小时")


def _check_rule(text: str) -> None:
    why = "a duty recurs at most once a day" if _is_too_often(text) else _unreadable(text)
    if why is not None:
        en, zh = f"the rule '{text}' cannot be used: {why}", f"周期规则“{text}”不可用：{why}"
        raise refusal("DEF-125", en, zh)


def _is_too_often(text: str) -> bool:
    return any(often in text.upper() for often in _TOO_OFTEN)


def _unreadable(text: str) -> str | None:
    try:
        rrulestr(text)
    except (ValueError, KeyError) as error:
        return str(error)
    return None


def periods(period: Period, first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each calendar *period* with a day from *first* to *last*."""
    step = _STEPS[period]
    begin = date(first.year, (first.month - 1) // step * step + 1, 1)
    while begin <= last:
        month = begin.month - 1 + step
        following = date(begin.year + month // 12, month % 12 + 1, 1)
        yield begin, following - _DAY
        begin = following


def days(due: Recurrence, first: date, last: date) -> list[date]:
    """Return the days of *due* from *first* to *last*."""
    if due.dates is not None:
        return [day for text in due.dates if first <= (day := parse_date(text)) <= last]
    start = datetime(first.year, first.month, 1)  # noqa: DTZ001  # dateutil counts plain days
    if due.rule is not None:
        rule = rrulestr(due.rule, dtstart=datetime.combine(first, datetime.min.time()))
    elif due.months is not None:
        rule = rrule(MONTHLY, dtstart=start, bymonth=due.months, bymonthday=due.day)
    else:
        january = start.replace(month=1)
        rule = rrule(
            MONTHLY, interval=_STEPS[due.every or "month"], dtstart=january, bymonthday=due.day
        )
    until = datetime.combine(last, datetime.min.time())
    return [day.date() for day in rule.between(start, until, inc=True) if day.date() >= first]


def months(due: Recurrence, first: date, last: date) -> Iterator[tuple[int, int]]:
    """Yield the years and months in which *due*, a day of the month, would fall if they had it."""
    step = _STEPS[due.every or "month"]
    wanted = due.months or range(1, 13, step)
    for year in range(first.year, last.year + 1):
        for month in wanted:
            if (first.year, first.month) <= (year, month) <= (last.year, last.month):
                yield year, month
