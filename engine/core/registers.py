"""Registers: which cases stand in one, in which order and under which number. Pure, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import heappop, heappush

from duban.engine.core.looking import cell, fits, shows, titles
from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import Expression, Language
from duban.engine.definition.lens import names_over
from duban.engine.definition.lists import Register
from duban.engine.definition.workflow import Workflow
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import replay
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case

Past = Callable[[str], Sequence[Entry]]
Legend = dict[str, dict[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number in the register, the case as of which entry, and what the columns show.

    ``since`` is the instant from which the case stands in the register. ``head`` is the hash of
    the case's entry number ``version``, so that the row can be held against its history.
    """

    number: int
    case: str
    version: int
    head: str
    since: datetime
    cells: Mapping[str, Plain]


def year_of(register: Register, day: date) -> date | None:
    """Return the first day of the year of a register that begins anew each year."""
    return None if register.restarts is None else date(day.year, 1, 1)


def rows(
    register: Register,
    workflow: Workflow,
    scopes: Iterable[Scope],
    *,
    began: datetime | None,
    past: Past,
) -> Iterator[tuple[Row, Scope]]:
    """Yield the rows of *register* over *scopes*, which come in the order of their opening.

    *began* is when the year of the register began, None for one that does not restart. *past*
    gives the history of a case, asked only for one that changed since. Numbers are given before
    ``counts`` narrows: a case that is closed keeps its number.
    """
    when = _when(register, workflow)
    standing = (s for s in scopes if fits(s.case, register.where) and shows(when, s))
    placed = _placed(register, standing, began, past)
    for number, (since, scope) in enumerate(placed, 1):
        if register.counts is None or scope.case.counts == register.counts:
            yield _row(register, number, since, scope), scope


def _when(register: Register, workflow: Workflow) -> Expression | None:
    if register.when is None:
        return None
    return Language(names_over(workflow)).compile(register.when, "flag")


def _placed(
    register: Register, scopes: Iterable[Scope], began: datetime | None, past: Past
) -> Iterator[tuple[datetime, Scope]]:
    """Put the cases in the order in which they came in: only those that came back wait."""
    back: list[tuple[datetime, str, Scope]] = []
    for scope in scopes:
        since = scope.case.opened
        if began is not None and since < began:
            entered = _entered(register, scope.case, began, past)
            if entered is None:
                continue
            if entered > began:
                heappush(back, (entered, scope.case.id, scope))
                continue
            since = began
        while back and back[0][0] <= since:
            came, _, returned = heappop(back)
            yield came, returned
        yield since, scope
    while back:
        came, _, returned = heappop(back)
        yield came, returned


def _entered(register: Register, case: Case, began: datetime, past: Past) -> datetime | None:
    """Return since when a case of an earlier year stands in the register of this one."""
    if case.changed < began:
        return _taken_over(register, case, began)
    entries = past(case.id)
    then = replay(entry for entry in entries if entry.at < began)
    taken = None if then is None else _taken_over(register, then, began)
    if taken is not None:
        return taken
    reopened = (e.effective for e in entries if e.at >= began and "episode" in e.body)
    return next((max(at, began) for at in reopened if at <= case.changed), None)


def _taken_over(register: Register, case: Case, began: datetime) -> datetime | None:
    return began if case.counts == "open" and register.carried == "open" else None


def _row(register: Register, number: int, since: datetime, scope: Scope) -> Row:
    found = {column: cell(scope, column) for column in register.columns}
    cells = {column: value for column, value in found.items() if value is not None}
    case = scope.case
    return Row(
        number=number, case=case.id, version=case.version, head=case.head, since=since, cells=cells
    )


def explain(legend: Legend, row: Row, scope: Scope) -> None:
    """Add to *legend* the titles of what stands in *row* by its name."""
    for column, value in row.cells.items():
        # A name is ASCII; a text that is none has no title, and no place among the keys.
        if isinstance(value, str) and value.isascii() and value not in legend.get(column, {}):
            title = titles(scope, column, value)
            if title is not None:
                legend.setdefault(column, {})[value] = dict(title)
