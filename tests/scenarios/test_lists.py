# ruff: noqa: E501 - a step of a scenario is one line
"""Scenarios look at registers and statistics: rows by the names of cases, cells, rates."""

from __future__ import annotations

from pathlib import Path

import plays
import pytest
import tiny
from plays import told

from duban.adapters.scenarios.playing import Played, play
from duban.engine.errors import InvalidDefinition

CAMPAIGN = """\
campaign: drive
begins: 2025-01-01
ends: 2026-12-31
uses: [fix]
registers:
  fixes: {title: Fixes, of: fix, columns: [title, weight, due.repair, overdue, note], restarts: year, freezes: year, statistics: [heavy]}
statistics:
  heavy: {title: Heavy, of: fix, numerator: case.weight > 2, by: unit}
"""
STEPS = """
- {at: 2025-12-30, open: fix, as: lamp, unit: desk-1, by: worker, with: {title: lamp, weight: 3}}
- {at: 2026-01-05, open: fix, as: door, unit: desk-1, by: worker, with: {title: door, weight: 2}}
"""
SEEN = [
    "registers: {fixes: [lamp, door]}",
    "registers: {fixes: 2}",
    "registers: {fixes: {rows: [lamp, door], cells: {door: {number: 2, title: door, weight: 2, due.repair: 2026-01-12, overdue: false, note: none}}}}",
    "registers: {fixes: {year: 2025, campaign: drive, rows: [lamp], cells: {lamp: {number: 1}}}}",
    "registers: {fixes: {frozen: 1, rows: [lamp]}}",
    "statistics: {heavy: 1/2}",
    "statistics: {heavy: {total: 1/2, by: {desk-1: 1/2, desk-2: 0/0}, unknown: 0, campaign: drive}}",
]
WRONG = [
    ("registers: {fixes: [door, lamp]}", "register fixes.rows: expected door, lamp, is lamp, door"),
    ("registers: {fixes: 3}", "register fixes.rows: expected 3, is 2"),
    ("registers: {fixes: {cells: {door: {number: 1}}}}", "register fixes.cells.door.number: expected 1, is 2"),
    ("registers: {fixes: {cells: {door: {due.repair: 2026-01-13}}}}", "register fixes.cells.door.due.repair: expected 2026-01-13, is 2026-01-12"),
    ("registers: {fixes: {cells: {door: {overdue: true}}}}", "register fixes.cells.door.overdue: expected True, is False"),
    ("registers: {fixes: {year: 2025, cells: {door: {number: 1}}}}", "register fixes.cells.door: expected a row, is none"),
    ("registers: {fixes: {frozen: 2}}", "register fixes: expected to be there, is"),
    ("statistics: {heavy: 2/2}", "statistic heavy.total: expected 2/2, is 1/2"),
    ("statistics: {heavy: {by: {desk-1: 1/1}}}", "statistic heavy.by.desk-1: expected 1/1, is 1/2"),
    ("statistics: {heavy: {unknown: 1}}", "statistic heavy.unknown: expected 1, is 0"),
]  # fmt: skip


def _played(folder: Path, expected: str) -> Played:
    tiny.write(folder, campaign=False, drive=CAMPAIGN)
    return play(plays.script(folder, f"{STEPS}- {{expect: {{{expected}}}}}"))


@pytest.mark.parametrize("expected", SEEN)
def test_what_a_list_shows_can_be_expected(tmp_path: Path, expected: str) -> None:
    assert told(_played(tmp_path, expected)) == []


@pytest.mark.parametrize(("expected", "said"), WRONG)
def test_a_list_that_shows_something_else_is_told(tmp_path: Path, expected: str, said: str) -> None:
    (text,) = told(_played(tmp_path, expected))
    assert text.split(" ", 1)[1].startswith(said)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("registers: {fixs: 1}", "DEF-117 .*did you mean 'fixes'"),
        ("statistics: {havy: 1/1}", "DEF-118 .*did you mean 'heavy'"),
        ("statistics: {heavy: half}", "DEF-0"),
        ("registers: {fixes: {rowz: 1}}", "DEF-0"),
    ],
)
def test_a_list_that_is_not_there_is_a_fault(tmp_path: Path, expected: str, said: str) -> None:
    with pytest.raises(InvalidDefinition, match=said):
        _played(tmp_path, expected)
