"""From instants to local days and back: where a campaign's days begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from duban.engine.timing.calendar import Calendar
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Offset, Span, Unit

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """A calendar in a time zone, with the office's *closing* hour, or None for the end of the day.

    Instants come aware, in any zone, and go out in UTC. What is reckoned from ``UNDATED`` is
    ``UNDATED``. All that counts workdays raises ``BeyondHorizon`` before the calendar begins.

    Raises:
        ValueError: *closing* has a zone of its own.
    """

    calendar: Calendar
    zone: ZoneInfo
    closing: time | None = None

    def __post_init__(self) -> None:
        if self.closing is not None and self.closing.tzinfo is not None:
            message = "the closing hour is local to the zone and names none itself"
            raise ValueError(message)

    def day(self, instant: datetime) -> date:
        """Return the local day of *instant*."""
        return instant.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime:
        """Return the first instant of the local *day*, in UTC."""
        return _midnight(self.zone, day)

    def ends(self, day: date) -> datetime:
        """Return the last instant of *day* that is in time, in UTC; late is what comes after it."""
        if self.closing is None:
            return _last_instant(self.zone, day)
        return _closing(self.zone, day, self.closing)

    def after(self, start: datetime, span: Span) -> datetime:
        """Return the last instant in time of a limit of *span* that starts at *start*.

        Hours run from the instant; all else from the next local day to the end of the last one.
        """
        if start == UNDATED:
            return UNDATED
        if span.unit == "hours":
            return start.astimezone(UTC) + timedelta(hours=span.count)
        return self.ends(self.calendar.add(self.day(start), span))

    def before(self, end: datetime, span: Span) -> datetime:
        """Return the instant *span* before *end*: exact for hours, else where that day begins."""
        if end == UNDATED:
            return UNDATED
        if span.unit == "hours":
            return end.astimezone(UTC) - timedelta(hours=span.count)
        return self.begins(self.calendar.subtract(self.day(end), span))

    def rung_at(self, due: datetime, offset: Offset) -> datetime:
        """Return the first instant at which a rung at *offset* from *due* may fire.

        On or after due, that is one microsecond past the last instant in time.
        """
        if due == UNDATED:
            return UNDATED
        if offset.side == "before":
            return self.before(due, offset.span)
        if offset.side == "due":
            return self.first_after(due)
        return self.first_after(self.after(due, offset.span))

    def first_after(self, last: datetime) -> datetime:
        """Return the first instant that comes too late when *last* is the last one in time."""
        return last.astimezone(UTC) + _TICK

    def elapsed(self, start: datetime, end: datetime, unit: Unit) -> int:
        """Return what ran from *start* to *end*, never below 0.

        Workdays and days are those after the day of *start* up to the day of *end*; months are
        counted as days; hours as microseconds.
        """
        if unit == "hours":
            return max(0, (end - start) // _TICK)
        counted: Unit = "workdays" if unit == "workdays" else "days"
        return self.calendar.count(self.day(start), self.day(end), counted)

    def provisional(self, instant: datetime) -> bool:
        """Tell whether a notice that is still to come may move *instant*."""
        return instant != UNDATED and self.calendar.is_provisional(self.day(instant))


@lru_cache(maxsize=8192)
def _midnight(zone: ZoneInfo, day: date) -> datetime:
    # Where the clock skips midnight, fold 0 reckons with the offset before the change and so
    # gives the instant of the change, at which the day does begin.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=8192)
def _last_instant(zone: ZoneInfo, day: date) -> datetime:
    return _midnight(zone, day + timedelta(days=1)) - _TICK


@lru_cache(maxsize=8192)
def _closing(zone: ZoneInfo, day: date, closing: time) -> datetime:
    # An hour that the clock skips or repeats is taken as late as it can be meant: nobody loses
    # time to a change of the clock.
    local = datetime.combine(day, closing, tzinfo=zone)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
