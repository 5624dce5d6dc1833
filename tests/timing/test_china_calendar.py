from __future__ import annotations

import runpy
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest
from ruamel.yaml import YAML

from duban.engine.timing.calendar import Calendar, Notice, parse_days

SHIPPED = Path(__file__).parents[2] / "workflows" / "calendars" / "china.yaml"
EVERY_DAY = [date(2020, 1, 1) + timedelta(n) for n in range(2557)]

KNOWN_DIFFERENCES: frozenset[date] = frozenset()
"""Days on which the shipped calendar deliberately says other than the libraries: none so far."""


def notice(told: dict[str, object]) -> Notice:
    rest, work = (
        frozenset[date]().union(*map(parse_days, map(str, days)))
        for days in (told["rest"], told["work"])
        if isinstance(days, list)
    )
    issued, year = date.fromisoformat(str(told["issued"])), int(str(told["year"]))
    return Notice(issued, year, str(told["title"]), rest, work)


@pytest.fixture(scope="module")
def shipped() -> Calendar:
    told = YAML(typ="safe", pure=True).load(SHIPPED)
    assert told["weekend"] == ["saturday", "sunday"]
    return Calendar.from_notices(told["calendar"], map(notice, told["notices"]))


def test_the_shipped_calendar_covers_2020_to_2026(shipped: Calendar) -> None:
    assert EVERY_DAY[-1] == date(2026, 12, 31)
    assert (shipped.known_from, shipped.known_until) == (EVERY_DAY[0], EVERY_DAY[-1])


def test_the_shipped_calendar_agrees_with_chinesecalendar_on_every_day(shipped: Calendar) -> None:
    other = {
        day for day in EVERY_DAY if chinese_calendar.is_workday(day) != shipped.is_workday(day)
    }
    assert other == KNOWN_DIFFERENCES


def test_the_shipped_calendar_agrees_with_holidays_on_every_day(shipped: Calendar) -> None:
    told = holidays.country_holidays("CN", years=range(2020, 2027))
    other = {day for day in EVERY_DAY if told.is_working_day(day) != shipped.is_workday(day)}
    assert other == KNOWN_DIFFERENCES


def test_every_make_up_day_is_a_weekend_day_and_every_notice_precedes_what_it_says() -> None:
    for told in map(notice, YAML(typ="safe", pure=True).load(SHIPPED)["notices"]):
        assert all(day.weekday() >= 5 for day in told.work)
        assert told.issued < min(told.rest | told.work)


def test_the_shipped_calendar_is_what_the_script_makes() -> None:
    script = runpy.run_path(str(Path(__file__).with_name("make_china_calendar.py")))
    assert script["render"]() == SHIPPED.read_text(encoding="utf-8")
