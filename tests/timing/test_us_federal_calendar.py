from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest
from worlds import shipped

from duban.engine.timing.calendar import Calendar

EVERY_DAY = [date(2020, 1, 1) + timedelta(n) for n in range(2922)]


@pytest.fixture(scope="module")
def federal() -> Calendar:
    return shipped().calendars["us-federal"]


def test_it_covers_2020_to_2027(federal: Calendar) -> None:
    assert EVERY_DAY[-1] == date(2027, 12, 31)
    assert (federal.known_from, federal.known_until) == (EVERY_DAY[0], EVERY_DAY[-1])


def test_it_agrees_with_another_computation_of_the_law_on_every_day(federal: Calendar) -> None:
    told = holidays.country_holidays("US", years=range(2020, 2029))
    assert {d for d in EVERY_DAY if told.is_working_day(d) != federal.is_workday(d)} == set()


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2021, 6, 18), "the first Juneteenth, a Saturday, was signed into law the day before"),
        (date(2021, 12, 31), "New Year's Day of 2022 was a Saturday"),
        (date(2022, 6, 20), "Juneteenth was a Sunday"),
        (date(2023, 1, 2), "New Year's Day was a Sunday"),
    ],
)
def test_a_holiday_on_a_weekend_is_observed_beside_it(
    federal: Calendar, day: date, why: str
) -> None:
    assert not federal.is_workday(day), why


def test_the_friday_before_the_first_juneteenth_was_worked_until_the_law_said_otherwise() -> None:
    told = holidays.country_holidays("US", years=2020)
    assert told.is_working_day(date(2020, 6, 19))
    assert shipped().calendars["us-federal"].is_workday(date(2020, 6, 19))
