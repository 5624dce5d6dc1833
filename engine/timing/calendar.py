"""Which days are worked, as far as the yearly notices tell, and counting in them.

A calendar is known from the first day of its first notice's year to the last day of the last year
that notices cover without a gap: its horizon. Beyond it the weekday rule answers provisionally;
days before it are refused, since no later notice will ever tell.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from duban.engine.errors import BadDate, BeyondHorizon
from duban.engine.timing.instants import FIRST_DAY, LAST_DAY, outside, parse_date
from duban.engine.timing.spans import Span, Unit

Roll = Literal["forward", "backward", "none"]

SATURDAY_AND_SUNDAY = frozenset({5, 6})

_FIRST, _LAST = FIRST_DAY.toordinal(), LAST_DAY.toordinal()


@dataclass(frozen=True, slots=True)
class Notice:
    """What one notice says about its *year*: days of rest, and weekend days that are worked.

    A limit that runs already becomes earlier by its working days only if it *may shorten* one.

    Raises:
        ValueError: a day is named both ways, or lies more than a year away.
    """

    issued: date
    year: int
    title: str
    rest: frozenset[date]
    work: frozenset[date]
    may_shorten: bool = False

    def __post_init__(self) -> None:
        if self.rest & self.work:
            message = f"both rest and work: {min(self.rest & self.work)}"
            raise ValueError(message)
        if any(abs(day.year - self.year) > 1 for day in self.rest | self.work):
            message = f"a notice for {self.year} names a day of another time"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days worked, as known at one time. Never changed, only built anew from more notices.

    Days are local days, without a zone. ``known_from`` and ``known_until`` are both inclusive.
    ``issued`` is the day of its last notice.
    """

    name: str
    known_from: date
    known_until: date
    # The last ordinal that the list answers for, the workdays up to it, and which of the seven
    # days that follow it (1 to 7) are worked: so any count past the list is plain arithmetic.
    _listed_until: int = field(repr=False)
    _workdays: tuple[int, ...] = field(repr=False, hash=False)
    _week: tuple[int, ...] = field(repr=False)
    issued: date | None = None
    _shortening: tuple[int, ...] = field(default=(), repr=False)

    @classmethod
    def from_notices(
        cls,
        name: str,
        notices: Iterable[Notice],
        weekend: frozenset[int] = SATURDAY_AND_SUNDAY,
        as_of: date | None = None,
    ) -> Calendar:
        """Return the calendar that *notices* make, those issued later prevailing day by day.

        *weekend* holds weekdays, Monday being 0. With *as_of*, notices issued after that day are
        left out: the years they cover are then provisional.

        Raises:
            ValueError: there is no notice at all, or the weekend leaves no day to work.
        """
        everything = sorted(notices, key=lambda notice: notice.issued)
        if not everything:
            message = "a calendar without notices knows no day; use Calendar.plain"
            raise ValueError(message)
        issued = [n for n in everything if as_of is None or n.issued <= as_of]
        first = min(notice.year for notice in everything)
        last = _last_covered(first, {notice.year for notice in issued})
        named = _named(issued)
        known_from, known_until = date(first, 1, 1), date(last, 12, 31)
        listed_until = max([known_until, *named]).toordinal()
        return cls(
            name=name,
            known_from=known_from,
            known_until=known_until,
            _listed_until=listed_until,
            _workdays=_worked(known_from.toordinal(), listed_until, weekend, named),
            _week=_week_after(listed_until, weekend),
            issued=max((notice.issued for notice in issued), default=None),
            _shortening=tuple(sorted(_shortening(issued))),
        )

    @classmethod
    def plain(cls, name: str, weekend: frozenset[int] = SATURDAY_AND_SUNDAY) -> Calendar:
        """Return a calendar that knows nothing but weekends, and so knows every day."""
        return cls(
            name=name,
            known_from=date.min,
            known_until=date.max,
            _listed_until=0,
            _workdays=(),
            _week=_week_after(0, weekend),
        )

    def is_workday(self, day: date) -> bool:
        """Tell whether *day* is worked; past the horizon, by the weekday rule.

        Raises:
            BeyondHorizon: *day* lies before the calendar begins.
        """
        ordinal = day.toordinal()
        self._refuse_before(ordinal)
        return self._rank(ordinal) > self._rank(ordinal - 1)

    def is_provisional(self, day: date) -> bool:
        """Tell whether a notice that is still to come may change what is said of *day*."""
        return day > self.known_until

    def may_shorten(self, start: date, end: date) -> bool:
        """Tell whether a limit from *start* to *end* may become earlier by what a notice says.

        So it is where one that may shorten limits has a working day after *start* up to *end*.
        """
        place = bisect_right(self._shortening, start.toordinal())
        return place < len(self._shortening) and self._shortening[place] <= end.toordinal()

    def add(self, day: date, span: Span) -> date:
        """Return the last day of *span*, counted from the day after *day*; 0 gives *day* itself.

        Months end on the corresponding day, or else at the month's end. Nothing is rolled.

        Raises:
            BeyondHorizon: workdays are counted from before the calendar begins.
            BadDate: the result is not within 2000 to 2199.
            ValueError: hours, which are no matter of days.
        """
        return _within(self._moved(day, span, 1), day, span, "+")

    def subtract(self, day: date, span: Span) -> date:
        """Return the day *span* before *day*, counted back from the day before it.

        So the result of n workdays is the n-th workday before *day*. Raises as ``add`` does.
        """
        return _within(self._moved(day, span, -1), day, span, "-")

    def count(self, start: date, end: date, unit: Unit) -> int:
        """Return how many workdays or days lie after *start* up to and with *end*, never below 0.

        Raises:
            BeyondHorizon: workdays are counted from before the calendar begins.
            ValueError: *unit* is neither workdays nor days.
        """
        if unit not in ("workdays", "days"):
            message = f"days are not counted in {unit}"
            raise ValueError(message)
        if end <= start:
            return 0
        first, last = start.toordinal(), end.toordinal()
        if unit == "days":
            return last - first
        self._refuse_before(first + 1)
        return self._rank(last) - self._rank(first)

    def roll(self, day: date, how: Roll) -> date:
        """Return *day* if it is worked, else the nearest workday in that direction.

        Raises:
            BeyondHorizon: the calendar begins later than the result.
        """
        if how == "none" or self.is_workday(day):
            return day
        return date.fromordinal(self._nth(self._rank(day.toordinal()) + (how == "forward")))

    def _moved(self, day: date, span: Span, sign: int) -> int:
        if span.unit == "hours":
            message = "hours are counted from an instant, not from a day"
            raise ValueError(message)
        if span.unit == "months":
            return _months_from(day, sign * span.count)
        ordinal = day.toordinal()
        if span.unit == "days" or span.count == 0:
            return ordinal + sign * span.count
        if sign < 0:
            self._refuse_before(ordinal)
            return self._nth(self._rank(ordinal - 1) + 1 - span.count)
        self._refuse_before(ordinal + 1)
        return self._nth(self._rank(ordinal) + span.count)

    def _rank(self, ordinal: int) -> int:
        beyond = ordinal - self._listed_until
        if beyond <= 0:
            return bisect_right(self._workdays, ordinal)
        weeks, rest = divmod(beyond, 7)
        return len(self._workdays) + weeks * len(self._week) + bisect_right(self._week, rest)

    def _nth(self, rank: int) -> int:
        if rank < 1:
            raise self._unknown(self.known_from.toordinal() - 1)
        beyond = rank - len(self._workdays)
        if beyond <= 0:
            return self._workdays[rank - 1]
        weeks, place = divmod(beyond - 1, len(self._week))
        return self._listed_until + 7 * weeks + self._week[place]

    def _refuse_before(self, ordinal: int) -> None:
        if ordinal < self.known_from.toordinal():
            raise self._unknown(ordinal)

    def _unknown(self, ordinal: int) -> BeyondHorizon:
        day = date.fromordinal(max(1, ordinal))
        return BeyondHorizon(
            calendar=self.name, since=self.known_from, until=self.known_until, day=day
        )


def parse_days(text: str) -> frozenset[date]:
    """Return the days that *text* names: ``YYYY-MM-DD``, or ``YYYY-MM-DD..YYYY-MM-DD`` inclusive.

    Raises:
        BadDate: an end is not a date, or a range runs backwards or over more than a year.
    """
    ends = [parse_date(part).toordinal() for part in text.split("..", 1)]
    if not 0 <= ends[-1] - ends[0] <= 366:
        raise BadDate(
            value=text,
            why="the range runs backwards or over more than a year",
            hint="write the earlier day first: YYYY-MM-DD..YYYY-MM-DD",
            why_zh="起止日期颠倒，或超过一年",
            hint_zh="请先写较早的日期：YYYY-MM-DD..YYYY-MM-DD",
            code="TIME-009",
        )
    return frozenset(map(date.fromordinal, range(ends[0], ends[-1] + 1)))


def _last_covered(first: int, years: set[int]) -> int:
    last = first - 1
    while last + 1 in years:
        last += 1
    return last


def _shortening(issued: Iterable[Notice]) -> set[int]:
    return {day.toordinal() for notice in issued if notice.may_shorten for day in notice.work}


def _named(issued: Iterable[Notice]) -> dict[date, bool]:
    named: dict[date, bool] = {}
    for notice in issued:
        named |= dict.fromkeys(notice.rest, False) | dict.fromkeys(notice.work, True)
    return named


def _worked(
    first: int, last: int, weekend: frozenset[int], named: dict[date, bool]
) -> tuple[int, ...]:
    days = map(date.fromordinal, range(first, last + 1))
    return tuple(day.toordinal() for day in days if named.get(day, day.weekday() not in weekend))


def _week_after(ordinal: int, weekend: frozenset[int]) -> tuple[int, ...]:
    week = tuple(ahead for ahead in range(1, 8) if (ordinal + ahead + 6) % 7 not in weekend)
    if not week:
        message = "a weekend of seven days leaves no day to work"
        raise ValueError(message)
    return week


def _within(ordinal: int, day: date, span: Span, sign: str) -> date:
    if _FIRST <= ordinal <= _LAST:
        return date.fromordinal(ordinal)
    reckoning = f"{day} {sign} {span}"
    raise outside(reckoning)


def _months_from(day: date, months: int) -> int:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        return 0
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)).toordinal()
