"""`Where` as SQL: text that depends on which conditions there are, with every value bound."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import Executable

from duban.adapters.storage.case_statements import waking
from duban.adapters.storage.paging import Mark
from duban.adapters.storage.statements import (
    CASE,
    ENTRY,
    LINK,
    PROVISIONAL,
    TIMER,
    WATCH,
    ZERO,
    compiled,
)
from duban.engine.errors import BadValue
from duban.engine.ports import Sort, Where
from duban.engine.timing.instants import to_micros
from duban.engine.values.canonical import Plain, canonical

Condition: TypeAlias = tuple[str, tuple[Any, ...]]
Shape: TypeAlias = tuple[tuple[str, int], ...]

_OPEN: ColumnElement[str] = literal_column("'open'")
_DATA: ColumnElement[str] = literal_column("'data'", Text())
_ANY = "any of "
_EQUAL = ("workflow", "campaign", "phase", "counts")
_TIMER_DUE = TIMER.c.due.type
_AMONG = {"ids": CASE.c.id, "units": CASE.c.unit, "rules": CASE.c.rules}
_FIXED: Mapping[str, ColumnElement[bool]] = {
    "set_aside": CASE.c.aside.is_not(None),
    "in_sweep": CASE.c.aside.is_(None),
    "running": CASE.c.due.is_not(None),
    "at_rest": CASE.c.due.is_(None),
    "provisional": PROVISIONAL,
    "firm": CASE.c.provisional.is_(None),
}
_INSTANTS = ("overdue_at", "due_before", "opened_from", "opened_before")


def conditions(where: Where, dialect: str) -> list[Condition]:
    """Return the names of the conditions of *where*, each with its values."""
    field = _field if dialect == "sqlite" else _member
    fields = [_among(field, name, value) for name, value in (where.fields or {}).items()]
    return [*_plain_conditions(where), *_special_conditions(where), *fields]


def _plain_conditions(where: Where) -> Iterator[Condition]:
    for name in _EQUAL:
        value = getattr(where, name)
        if value is not None:
            yield name, (value,)
    for name in _INSTANTS:
        value = getattr(where, name)
        if value is not None:
            # When a case lapses is asked of two columns.
            yield name, (to_micros(value),) * (2 if name == "overdue_at" else 1)


def _special_conditions(where: Where) -> Iterator[Condition]:
    for name in _AMONG:
        if (values := getattr(where, name)) is not None:
            yield name, tuple(values)
    if where.running is not None:
        yield ("running" if where.running else "at_rest"), ()
    if where.provisional is not None:
        yield ("provisional" if where.provisional else "firm"), ()
    if where.states is not None:
        yield "states", (*where.states, *(f"+{state}+" for state in where.states))
    if where.linked is not None:
        name, case_id = where.linked
        yield "linked", (case_id, name)
    if where.set_aside is not None:
        yield ("set_aside" if where.set_aside else "in_sweep"), ()


def _among(field: Callable[[str, Plain], Condition], name: str, value: Plain) -> Condition:
    """A tuple is a choice of values: its conditions stand side by side in one."""
    if not isinstance(value, tuple):
        return field(name, value)
    parts = [field(name, one) for one in value]
    shape = "|".join(f"{kind}:{len(cells)}" for kind, cells in parts)
    return f"{_ANY}{shape}", tuple(cell for _, cells in parts for cell in cells)


def _any_clause(name: str, names: list[str], dialect: str) -> ColumnElement[bool]:
    clauses, place = [], 0
    for part in filter(None, name.removeprefix(_ANY).split("|")):
        kind, _, size = part.partition(":")
        clauses.append(_clause(kind, names[place : place + int(size)], dialect))
        place += int(size)
    return or_(*clauses) if clauses else false()


def _member(name: str, value: Plain) -> Condition:
    return "member", (_named(name), canonical(value).decode())


def _named(name: str) -> str:
    if '"' in name or "\\" in name:
        raise BadValue(field=name, value=name, expected="the name of a field")
    return name


def _field(name: str, value: Plain) -> Condition:
    path = f'$.data."{_named(name)}"'
    if isinstance(value, bool):
        return "flag", (path, "true" if value else "false")
    if isinstance(value, int):
        return "field", (path, "integer", path, value)
    if isinstance(value, str):
        return "field", (path, "text", path, value)
    kind = "object" if hasattr(value, "keys") else "array"
    return "field", (path, kind, path, canonical(value).decode())


class Search:
    """Finds cases; each shape of a question is compiled once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled = lru_cache(maxsize=512)(self._compile)
        self._watching = lru_cache(maxsize=64)(self._watchers)

    def count(self, where: Where) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that counts, and its values."""
        return self._bound(where, "count", (), ())

    def fired(self, where: Where, trigger: str, limit: int) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that reads entries of *trigger*, and its values.

        Beside each stands what was struck in its case.
        """
        return self._bound(where, "fired", (), (trigger, limit))

    def watchers(self, keys: Collection[str]) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that reads who watches *keys*, and its values."""
        names = tuple(keys)
        text, order = self._watching(len(names))
        cells = {f"key_{number}": name for number, name in enumerate(names)}
        return text, tuple(cells[name] for name in order)

    def _watchers(self, size: int) -> tuple[str, tuple[str, ...]]:
        keys = [bindparam(f"key_{number}", type_=Text()) for number in range(size)]
        chosen = WATCH.c.key.in_(keys) if keys else false()
        statement = select(WATCH.c.case_id).distinct().where(chosen).order_by(WATCH.c.case_id)
        return compiled(statement, self._dialect)

    def rules(self, where: Where) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that reads the rules in use, and its values."""
        return self._bound(where, "rules", (), ())

    def wake(self, where: Where, name: str, due: int) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that sets a timer on each case, and its values."""
        return self._bound(where, "wake", (), (name, due))

    def page(
        self, where: Where, sort: Sort, descending: bool, after: tuple[Mark, str] | None, limit: int
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that reads bodies in order, and its values."""
        order: tuple[str, ...] = (sort, "down" if descending else "up")
        values: tuple[Any, ...] = (limit,)
        if after is not None:
            mark, last = after
            if sort == "id":
                order, values = (*order, "after"), (last, limit)
            elif mark is None:
                order, values = (*order, "undated"), (last, limit)
            else:
                order, values = (*order, "after"), (mark, last, limit)
        return self._bound(where, "page", order, values)

    def _bound(
        self, where: Where, what: str, order: tuple[str, ...], values: tuple[Any, ...]
    ) -> tuple[str, tuple[Any, ...]]:
        found = conditions(where, self._dialect.name)
        shape = tuple((name, len(given)) for name, given in found)
        text, names = self._compiled(shape, what, order)
        cells = {
            f"{place}_{index}": value
            for place, (_, given) in enumerate(found)
            for index, value in enumerate(given)
        }
        cells.update((f"page_{index}", value) for index, value in enumerate(reversed(values)))
        return text, tuple(cells[name] for name in names)

    def _compile(
        self, shape: Shape, what: str, order: tuple[str, ...]
    ) -> tuple[str, tuple[str, ...]]:
        clauses = [
            _clause(name, [f"{place}_{index}" for index in range(size)], self._dialect.name)
            for place, (name, size) in enumerate(shape)
        ]
        dated = any(name in ("overdue_at", "due_before") for name, _ in shape)
        if what == "count":
            statement: Executable = select(func.count()).select_from(CASE).where(*clauses)
        elif what == "rules":
            statement = select(CASE.c.rules).where(*clauses).distinct().order_by(CASE.c.rules)
        elif what == "fired":
            statement = _fired(self._dialect.name).where(*clauses)
        elif what == "wake":
            named, due = bindparam("page_1", type_=Text()), bindparam("page_0", type_=_TIMER_DUE)
            statement = waking(self._dialect, named, due, *clauses)
        else:
            statement = _ordered(select(CASE.c.body).where(*clauses), order, dated)
        return compiled(statement, self._dialect)


def _fired(dialect: str) -> Select[Any]:
    body, struck = CASE.c.body, literal_column("'struck'", Text())
    if dialect == "sqlite":
        told: ColumnElement[Any] = func.json_extract(body, literal_column("'$.struck'", Text()))
    else:
        told = cast(cast(body, JSONB)[struck], Text())
    return (
        select(ENTRY.c.case_id, ENTRY.c.seq, ENTRY.c.effective, told)
        .join_from(CASE, ENTRY, ENTRY.c.case_id == CASE.c.id)
        .where(ENTRY.c.trigger == bindparam("page_1", type_=Text()))
        .order_by(ENTRY.c.case_id, ENTRY.c.seq)
        .limit(bindparam("page_0"))
        .offset(ZERO)
    )


def _ordered(statement: Select[Any], order: tuple[str, ...], dated: bool) -> Select[Any]:
    """Add order and place: equal values by id, and what has no due at the end."""
    column, descending = CASE.c[order[0]], order[1] == "down"
    start = order[2] if len(order) > 2 else ""
    statement = statement.limit(bindparam("page_0")).offset(ZERO)
    directed = column.desc() if descending else column
    if column is CASE.c.id:
        if start:
            last: ColumnElement[str] = bindparam("page_1")
            statement = statement.where(column < last if descending else column > last)
        return statement.order_by(directed)
    if column is CASE.c.due and not dated:
        statement = statement.order_by(column.is_(None))
    if start:
        statement = statement.where(_beyond(column, start, descending, dated))
    return statement.order_by(directed, CASE.c.id)


def _beyond(
    column: ColumnElement[Any], start: str, descending: bool, dated: bool
) -> ColumnElement[bool]:
    further = CASE.c.id > bindparam("page_1")
    if start == "undated":
        return and_(column.is_(None), further)
    mark = bindparam("page_2", type_=column.type)
    if descending:
        there = and_(column <= mark, or_(column < mark, further))
    else:
        there = and_(column >= mark, or_(column > mark, further))
    return or_(there, column.is_(None)) if column is CASE.c.due and not dated else there


def _clause(name: str, names: list[str], dialect: str) -> ColumnElement[bool]:
    if name in _EQUAL:
        return CASE.c[name] == bindparam(names[0])
    if name == "states":
        return _states(names, dialect)
    if name in _AMONG:
        return _AMONG[name].in_([bindparam(value) for value in names]) if names else false()
    if name == "linked":
        own, link = names
        others = select(LINK.c.other).where(
            LINK.c.case_id == bindparam(own), LINK.c.name == bindparam(link)
        )
        return CASE.c.id.in_(others)
    if name in ("flag", "field", "member"):
        return _data(names) if name != "member" else _jsonb(names)
    if name.startswith(_ANY):
        return _any_clause(name, names, dialect)
    if name in _FIXED:
        return _FIXED[name]
    return _by_time(name, *map(bindparam, names))


def _by_time(name: str, *instants: ColumnElement[Any]) -> ColumnElement[bool]:
    if name == "overdue_at":
        # A case lapses when it is due, unless there is a grace; an index has the dues.
        lapsed = or_(CASE.c.lapses.is_(None), CASE.c.lapses < instants[1])
        return and_(CASE.c.counts == _OPEN, CASE.c.due < instants[0], lapsed)
    if name == "due_before":
        return CASE.c.due < instants[0]
    return CASE.c.opened >= instants[0] if name == "opened_from" else CASE.c.opened < instants[0]


def _states(names: list[str], dialect: str) -> ColumnElement[bool]:
    """A case is in a state if one of its regions is."""
    half = len(names) // 2
    if not half:
        return false()
    position = func.instr if dialect == "sqlite" else func.strpos
    plus = literal_column("'+'", Text())
    whole = plus + CASE.c.state + plus
    several = position(CASE.c.state, plus) > ZERO
    among = or_(*(position(whole, bindparam(name, type_=Text())) > ZERO for name in names[half:]))
    return or_(CASE.c.state.in_([bindparam(n) for n in names[:half]]), and_(several, among))


def _data(names: list[str]) -> ColumnElement[bool]:
    body = CASE.c.body
    kind = func.json_type(body, bindparam(names[0], type_=Text())) == bindparam(names[1])
    if len(names) == 2:
        return kind
    value = func.json_extract(body, bindparam(names[2], type_=Text()))
    return and_(kind, value == bindparam(names[3], type_=Text()))


def _jsonb(names: list[str]) -> ColumnElement[bool]:
    data: ColumnElement[Any] = cast(CASE.c.body, JSONB)[_DATA][bindparam(names[0], type_=Text())]
    return data == cast(bindparam(names[1], type_=Text()), JSONB)
