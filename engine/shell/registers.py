"""Registers as they stand, and frozen: immutable bytes under their hash, named in the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from itertools import islice

from duban.engine.core.registers import Legend, Row, explain, rows, year_of
from duban.engine.core.scope import Scope
from duban.engine.definition.lists import Register
from duban.engine.definition.workflow import Workflow
from duban.engine.ports import Published, Transaction
from duban.engine.shell.looking import Gaze
from duban.engine.shell.statistics import statistics
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import format_instant
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.case import Case

KIND = "register"
PAGE = 1000
Titles = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Rows of a register, live or frozen, with what is needed to read them.

    ``heads`` are the titles of columns, ``legend`` those of the names in a column. ``number``,
    ``hash``, ``total`` and ``statistics`` are there when it is frozen. ``next`` is the number of
    the last row here if more follow.
    """

    name: str
    campaign: str
    title: Mapping[str, str]
    at: datetime
    columns: Sequence[str]
    heads: Titles
    legend: Mapping[str, Titles]
    rows: Sequence[Row]
    next: int | None = None
    year: int | None = None
    number: int | None = None
    hash: str | None = None
    total: int | None = None
    statistics: Mapping[str, Plain] = field(default_factory=dict)


def listed(gaze: Gaze, clockwork: Clockwork, name: str, *, after: int, limit: int) -> Listed:
    """Return the rows behind number *after* of the register as it stood at the gaze's instant."""
    register = gaze.campaign.registers[name]
    behind = ((row, scope) for row, scope in _rows(gaze, clockwork, register) if row.number > after)
    found = list(islice(behind, limit + 1))
    legend: Legend = {}
    for row, scope in found[:limit]:
        explain(legend, row, scope)
    began = year_of(register, clockwork.day(gaze.at))
    return Listed(
        name=name,
        campaign=gaze.campaign.campaign,
        title=register.title,
        at=gaze.at,
        columns=register.columns,
        heads=heads(gaze.library().workflow(register.of), register.columns),
        legend=legend,
        rows=[row for row, _ in found[:limit]],
        next=found[limit - 1][0].number if len(found) > limit else None,
        year=None if began is None else began.year,
    )


def _rows(gaze: Gaze, clockwork: Clockwork, register: Register) -> Iterator[tuple[Row, Scope]]:
    first = year_of(register, clockwork.day(gaze.at))
    return rows(
        register,
        gaze.library().workflow(register.of),
        gaze.scopes(register.of),
        began=None if first is None else clockwork.begins(first),
        past=gaze.past,
    )


def heads(workflow: Workflow, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the titles of those *columns* whose field, deadline, state or trigger has one."""
    known: dict[str, Mapping[str, object]] = {
        "": workflow.fields,
        "entered": workflow.states,
        "times": {t.trigger: t for t in workflow.transitions if t.trigger},
    }
    found: dict[str, dict[str, str]] = {}
    for column in columns:
        part, _, name = column.rpartition(".")
        titled = known.get(part, workflow.deadlines).get(name)
        title = getattr(titled, "title", None)
        if title:
            found[column] = dict(title)
    return found


# ---- freezing


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """What the history of a campaign says of a register that was frozen, and its last numbers."""

    measure: dict[str, Plain]
    sets: dict[str, Plain]


def freeze(
    tx: Transaction, gaze: Gaze, clockwork: Clockwork, name: str, case: Case, day: date
) -> Freezing:
    """Store the register as it stood at the gaze's instant; *case* is that of the campaign.

    The rows lie in pages of their own, so that a long register is never held in memory whole.
    """
    register = gaze.campaign.registers[name]
    legend: Legend = {}
    stream = _rows(gaze, clockwork, register)
    pages: list[Plain] = []
    total = 0
    while some := list(islice(stream, PAGE)):
        for row, scope in some:
            explain(legend, row, scope)
        pages.append(_store(tx, name, {"v": 1, "rows": [_row_form(row) for row, _ in some]}))
        total += len(some)
    numbers = case.data.get("registers", {})
    assert isinstance(numbers, Mapping)
    last = numbers.get(name, 0)
    assert isinstance(last, int)
    told: dict[str, Plain] = {
        "register": name,
        "number": last + 1,
        "date": day.isoformat(),
        "rows": total,
    }
    began = year_of(register, day)
    document: dict[str, Plain] = {
        **told,
        "v": 1,
        "campaign": gaze.campaign.campaign,
        "title": dict(register.title),
        "at": format_instant(gaze.at),
        "columns": list(register.columns),
        "heads": heads(gaze.library().workflow(register.of), register.columns),
        "legend": legend,
        "pages": pages,
        "statistics": {f.name: f.form() for f in statistics(gaze, register.statistics)},
        **({} if began is None else {"year": began.year}),
    }
    measure = {**told, "hash": _store(tx, name, document)}
    return Freezing(measure=measure, sets={"registers": {**numbers, name: last + 1}})


def _row_form(row: Row) -> dict[str, Plain]:
    return {
        "number": row.number,
        "case": row.case,
        "version": row.version,
        "head": row.head,
        "since": format_instant(row.since),
        "cells": dict(row.cells),
    }


def _store(tx: Transaction, name: str, document: dict[str, Plain]) -> str:
    canon = canonical(document)
    hash = sha256(canon).hexdigest()
    tx.publish(Published(hash=hash, kind=KIND, name=name, canon=canon, source={}))
    return hash
