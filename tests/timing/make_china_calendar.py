"""Writes workflows/calendars/china.yaml from chinesecalendar; run it by hand.

chinesecalendar knows only how 2020 ended; what the first notice of 2020 planned is put back here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

TARGET = Path(__file__).parents[2] / "workflows" / "calendars" / "china.yaml"

ISSUED = {
    2020: "2019-11-21",
    2021: "2020-11-25",
    2022: "2021-10-25",
    2023: "2022-12-08",
    2024: "2023-10-25",
    2025: "2024-11-12",
    2026: "2025-11-04",
}
EXTENDED = frozenset(date(2020, 1, 31) + timedelta(days) for days in range(3))
WITHDRAWN = date(2020, 2, 1)

HEAD = """\
# Made by tests/timing/make_china_calendar.py; a test compares every day with two libraries.
# A notice that is issued later prevails, day by day. Add the next year's notice below the last.
calendar: china
title: {zh: 中国法定工作日, en: Working days in China}
weekend: [saturday, sunday]
notices:
"""


@dataclass(frozen=True)
class Issue:
    issued: str
    year: int
    zh: str
    en: str
    rest: frozenset[date]
    work: frozenset[date]


def issues() -> Iterator[Issue]:
    for year, issued in ISSUED.items():
        rest = frozenset(day for day in holidays if governed(day) == year)
        work = frozenset(day for day in workdays if governed(day) == year)
        if year == 2020:
            rest, work = rest - EXTENDED, work | {WITHDRAWN}
        yield Issue(
            issued,
            year,
            f"国务院办公厅关于{year}年部分节假日安排的通知",
            f"State Council General Office notice on the public holidays of {year}",
            rest,
            work,
        )
        if year == 2020:
            yield Issue(
                "2020-01-27",
                year,
                "国务院办公厅关于延长2020年春节假期的通知",
                "State Council General Office notice extending the Spring Festival of 2020",
                EXTENDED,
                frozenset(),
            )


def governed(day: date) -> int:
    """The last days of December belong to the notice on the New Year that follows."""
    return day.year + ((day.month, day.day) >= (12, 25))


def ranges(days: Iterable[date]) -> str:
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(1):
            runs[-1].append(day)
        else:
            runs.append([day])
    texts = [f"'{run[0]}..{run[-1]}'" if len(run) > 1 else f"'{run[0]}'" for run in runs]
    return f"[{', '.join(texts)}]"


def render() -> str:
    return HEAD + "".join(
        f"  - issued: '{issue.issued}'\n"
        f"    year: {issue.year}\n"
        f"    title:\n      zh: {issue.zh}\n      en: {issue.en}\n"
        f"    rest: {ranges(issue.rest)}\n"
        f"    work: {ranges(issue.work)}\n"
        for issue in issues()
    )


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
