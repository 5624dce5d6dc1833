"""`Where` as a question to a case in memory."""

from __future__ import annotations

from datetime import datetime

from duban.engine.ports import Where
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.case import Case

_EQUAL = ("workflow", "campaign", "phase", "counts")


def matches(case: Case, where: Where, *, aside: bool) -> bool:
    """Whether *case* meets all conditions of *where*, except the link."""
    return (
        all(getattr(where, name) in (None, getattr(case, name)) for name in _EQUAL)
        and (where.units is None or case.unit in where.units)
        and (where.ids is None or case.id in where.ids)
        and (where.rules is None or case.rules in where.rules)
        and where.running in (None, case.due is not None)
        and where.provisional in (None, case.provisional)
        and (where.states is None or not {case.state, *case.states}.isdisjoint(where.states))
        and where.set_aside in (None, aside)
        and _timely(case, where)
        and _holds(case, where)
    )


def _timely(case: Case, where: Where) -> bool:
    if where.overdue_at is not None and case.counts != "open":
        return False
    return (
        _before(case.lapses, where.overdue_at)
        and _before(case.due, where.due_before)
        and _before(case.opened, where.opened_before)
        and (where.opened_from is None or case.opened >= where.opened_from)
    )


def _before(instant: datetime | None, limit: datetime | None) -> bool:
    return limit is None or (instant is not None and instant < limit)


def _holds(case: Case, where: Where) -> bool:
    return all(
        name in case.data and canonical(case.data[name]) in _wanted(value)
        for name, value in (where.fields or {}).items()
    )


def _wanted(value: Plain) -> list[bytes]:
    """A tuple is a choice of values."""
    return [canonical(one) for one in (value if isinstance(value, tuple) else (value,))]
