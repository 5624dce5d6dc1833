"""How the registers and statistics of a campaign differ from what is expected of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from duban.adapters.scenarios.difference import (
    NOTHING,
    Difference,
    Finding,
    Said,
    listed,
    reason_of,
    same,
)
from duban.adapters.scenarios.given import is_nothing
from duban.adapters.scenarios.model import Rated, Rows
from duban.adapters.scenarios.reading import Scene, Script
from duban.adapters.scenarios.stage import Stage
from duban.adapters.scenarios.view import View
from duban.engine.core.statistics import Figures, Rate
from duban.engine.errors import DubanError
from duban.engine.shell.registers import Listed
from duban.engine.timing.instants import read_instant

_MOST = 100_000
_NUMBER = "number"
_NOBODY = Rate()


def lists(script: Script, scene: Scene, stage: Stage) -> Iterator[Difference]:
    """Yield how each register and each statistic differs from what is expected of it."""
    for name, rows in scene.everywhere.registers.items():
        title = Said(f"register {name}", f"台账 {name}")
        for keys, wanted, found in _asked(partial(_register, stage, name, rows)):
            place = script.document.place((*scene.path, "expect", "registers", name, *keys))
            yield Difference(place, _what(title, keys), wanted, found)
    for name, rated in scene.everywhere.statistics.items():
        title = Said(f"statistic {name}", f"统计 {name}")
        for keys, wanted, found in _asked(partial(_statistic, stage, name, rated)):
            place = script.document.place((*scene.path, "expect", "statistics", name, *keys))
            yield Difference(place, _what(title, keys), wanted, found)


def _asked(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot be asked differs from all that could be expected of it."""
    try:
        yield from look()
    except DubanError as error:
        yield (), Said("to be there", "应可查看"), reason_of(error)


def _what(title: Said, keys: tuple[str, ...]) -> Said:
    rest = ".".join(keys)
    return Said(f"{title.en}.{rest}", f"{title.zh} {rest}") if rest else title


# ---- registers


def _register(stage: Stage, name: str, expected: Rows) -> Iterator[Finding]:
    found = _listed(stage, name, expected)
    names = [stage.name_of(row.case) for row in found.rows]
    if isinstance(expected.rows, int):
        if len(names) != expected.rows:
            yield ("rows",), same(expected.rows), same(len(names))
    elif expected.rows is not None and expected.rows != names:
        yield ("rows",), listed(expected.rows), listed(names)
    for case, cells in expected.cells.items():
        row = next((row for row in found.rows if stage.name_of(row.case) == case), None)
        if row is None:
            yield ("cells", case), Said("a row", "有一行"), NOTHING
            continue
        view = View(stage, stage.engine.campaign_case(found.campaign), stage.now)
        for column, wanted in cells.items():
            value = row.number if column == _NUMBER else row.cells.get(column)
            if not _fits(view, wanted, value):
                yield ("cells", case, column), _told(wanted), _shown(view, value)


def _listed(stage: Stage, name: str, expected: Rows) -> Listed:
    if expected.frozen is not None:
        return stage.engine.frozen(name, expected.frozen, campaign=expected.campaign, limit=_MOST)
    return stage.engine.register(name, campaign=expected.campaign, year=expected.year, limit=_MOST)


def _fits(view: View, wanted: Any, value: Any) -> bool:
    if is_nothing(wanted):
        return value in (None, "")
    if isinstance(value, str) and isinstance(wanted, str) and "T" in value:
        try:
            return view.means(wanted) == read_instant(value)
        except (DubanError, ValueError):
            return wanted == value
    if isinstance(value, list | tuple):
        return [*value] == (wanted if isinstance(wanted, list) else [wanted])
    return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)


def _told(wanted: Any) -> Said:
    return NOTHING if is_nothing(wanted) else same(wanted)


def _shown(view: View, value: Any) -> Said:
    if isinstance(value, str) and "T" in value:
        try:
            return view.shown(read_instant(value))
        except (DubanError, ValueError):
            return same(value)
    return NOTHING if value in (None, "") else same(value)


# ---- statistics


def _statistic(stage: Stage, name: str, expected: Rated) -> Iterator[Finding]:
    (found,) = stage.engine.statistics(name, campaign=expected.campaign)
    for keys, wanted, rate in _rates(expected, found):
        if wanted != rate:
            yield keys, same(wanted), same(rate)
    if expected.unknown is not None and expected.unknown != found.unknown:
        yield ("unknown",), same(expected.unknown), same(found.unknown)


def _rates(expected: Rated, found: Figures) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if expected.total is not None:
        yield ("total",), expected.total, _rate(found.total)
    for value, wanted in expected.by.items():
        yield ("by", value), wanted, _rate(found.parts.get(value, _NOBODY))


def _rate(found: Rate) -> str:
    return f"{found.numerator}/{found.denominator}"
