"""What is read and written when a case moves: its row, its history, its timers, its request."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from duban.adapters.storage.statements import (
    CASE,
    CASE_COLUMNS,
    CASE_FIXED,
    CASE_MOVING,
    ENTRY,
    ENTRY_COLUMNS,
    LINK,
    ONE,
    REQUEST,
    SECRET,
    SERIAL,
    TIMER,
    WATCH,
    ZERO,
    Statements,
    adding,
)


def _from_to(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # Not BETWEEN: its lower bound may have no collation in PostgreSQL.
    return table.c.case_id >= bindparam("first"), table.c.case_id <= bindparam("last")


class CaseStatements(Statements):
    """Statements on cases."""

    # ---- cases

    @cached_property
    def add_case(self) -> str:
        statement = self._insert(CASE, CASE_COLUMNS).on_conflict_do_nothing()
        return self._text(statement, *CASE_COLUMNS)

    @cached_property
    def move_case(self) -> str:
        """Changes what moves, if the rest stands as given; takes moving, id, before, fixed."""
        same = (
            CASE.c[name] == bindparam(f"is_{name}") for name in CASE_FIXED if name != "campaign"
        )
        campaign = CASE.c.campaign.is_not_distinct_from(bindparam("is_campaign", type_=Text()))
        statement = (
            update(CASE)
            .values({name: bindparam(name) for name in CASE_MOVING})
            .where(CASE.c.id == bindparam("which"), CASE.c.version == bindparam("before"))
            .where(and_(*same), campaign)
        )
        fixed = tuple(f"is_{name}" for name in CASE_FIXED if name != "campaign")
        expected = (*CASE_MOVING, "which", "before", *fixed, "is_campaign")
        return self._text(statement, *expected)

    @cached_property
    def replace_case(self) -> str:
        """Changes everything; takes columns, id, before."""
        columns = tuple(name for name in CASE_COLUMNS if name != "id")
        statement = (
            update(CASE)
            .values({name: bindparam(name) for name in columns})
            .where(CASE.c.id == bindparam("which"), CASE.c.version == bindparam("before"))
        )
        return self._text(statement, *columns, "which", "before")

    @cached_property
    def version(self) -> str:
        return self._text(select(CASE.c.version).where(CASE.c.id == bindparam("id")), "id")

    @cached_property
    def body(self) -> str:
        return self._text(select(CASE.c.body).where(CASE.c.id == bindparam("id")), "id")

    @cached_property
    def locked(self) -> str:
        """The body, with the row held against other writers; SQLite needs no such words."""
        statement = select(CASE.c.body).where(CASE.c.id == bindparam("id")).with_for_update()
        return self._text(statement, "id")

    @cached_property
    def aside(self) -> str:
        return self._text(select(CASE.c.aside).where(CASE.c.id == bindparam("id")), "id")

    @cached_property
    def set_aside(self) -> str:
        statement = (
            update(CASE).values(aside=bindparam("why")).where(CASE.c.id == bindparam("which"))
        )
        return self._text(statement, "why", "which")

    @cached_property
    def page_of_cases(self) -> str:
        statement = (
            self._all(CASE, CASE_COLUMNS)
            .where(CASE.c.id > bindparam("after"))
            .order_by(CASE.c.id)
            .limit(bindparam("limit"))
            .offset(ZERO)
        )
        return self._text(statement, "after", "limit")

    # ---- history

    @cached_property
    def add_entry(self) -> str:
        return self._text(self._insert(ENTRY, ENTRY_COLUMNS), *ENTRY_COLUMNS)

    @cached_property
    def add_secret(self) -> str:
        columns = ("case_id", "seq", "path", "salt", "value")
        return self._text(self._insert(SECRET, columns), *columns)

    @cached_property
    def entries(self) -> str:
        """All of the cases from one id to another."""
        statement = (
            self._all(ENTRY, ENTRY_COLUMNS)
            .where(*_from_to(ENTRY))
            .order_by(ENTRY.c.case_id, ENTRY.c.seq)
        )
        return self._text(statement, "first", "last")

    @cached_property
    def secrets(self) -> str:
        """All of the cases from one id to another."""
        statement = select(SECRET).where(*_from_to(SECRET))
        return self._text(statement, "first", "last")

    @cached_property
    def add_link(self) -> str:
        columns = ("case_id", "name", "other")
        return self._text(self._insert(LINK, columns).on_conflict_do_nothing(), *columns)

    @cached_property
    def links(self) -> str:
        """All of the cases from one id to another."""
        statement = (
            select(LINK).where(*_from_to(LINK)).order_by(LINK.c.case_id, LINK.c.name, LINK.c.other)
        )
        return self._text(statement, "first", "last")

    # ---- watches

    @cached_property
    def add_watch(self) -> str:
        columns = ("key", "case_id")
        return self._text(self._insert(WATCH, columns).on_conflict_do_nothing(), *columns)

    @cached_property
    def drop_watches(self) -> str:
        return self._text(delete(WATCH).where(WATCH.c.case_id == bindparam("case")), "case")

    # ---- numbers

    @cached_property
    def add_number(self) -> str:
        columns = ("key", "number", "case_id", "seq")
        return self._text(self._insert(SERIAL, columns), *columns)

    @cached_property
    def last_number(self) -> str:
        statement = select(func.max(SERIAL.c.number)).where(SERIAL.c.key == bindparam("key"))
        return self._text(statement, "key")

    @cached_property
    def numbers(self) -> str:
        """All of the cases from one id to another."""
        statement = (
            select(SERIAL.c.case_id, SERIAL.c.seq, SERIAL.c.key, SERIAL.c.number)
            .where(*_from_to(SERIAL))
            .order_by(SERIAL.c.case_id, SERIAL.c.seq, SERIAL.c.key)
        )
        return self._text(statement, "first", "last")

    @cached_property
    def gaps(self) -> str:
        """Of each sequence with fewer numbers than its last one says, the first that is missing."""
        place = func.row_number().over(partition_by=SERIAL.c.key, order_by=SERIAL.c.number)
        numbered = select(SERIAL.c.key, SERIAL.c.number, place.label("place")).subquery()
        statement = (
            select(numbered.c.key, func.min(numbered.c.place))
            .where(numbered.c.number != numbered.c.place)
            .group_by(numbered.c.key)
            .order_by(numbered.c.key)
        )
        return self._text(statement)

    # ---- requests

    @cached_property
    def add_request(self) -> str:
        columns = ("key", "salt", "body_hash", "case_id", "seq")
        return self._text(self._insert(REQUEST, columns), *columns)

    @cached_property
    def request(self) -> str:
        return self._text(select(REQUEST).where(REQUEST.c.key == bindparam("key")), "key")

    # ---- timers

    @cached_property
    def set_timer(self) -> str:
        """Takes name, due, case; changes no row when there is no such case."""
        name, due = bindparam("name", type_=Text()), bindparam("due", type_=TIMER.c.due.type)
        statement = waking(self.dialect, name, due, CASE.c.id == bindparam("which"))
        return self._text(statement, "name", "due", "which")

    @cached_property
    def drop_timer(self) -> str:
        statement = delete(TIMER).where(
            TIMER.c.case_id == bindparam("case"), TIMER.c.name == bindparam("name")
        )
        return self._text(statement, "case", "name")

    @cached_property
    def timers(self) -> str:
        statement = (
            select(TIMER.c.name, TIMER.c.due)
            .where(TIMER.c.case_id == bindparam("case"))
            .order_by(TIMER.c.due, TIMER.c.name)
        )
        return self._text(statement, "case")

    @cached_property
    def rest_timers(self) -> str:
        statement = (
            update(TIMER)
            .values(aside=bindparam("aside"))
            .where(TIMER.c.case_id == bindparam("which"))
        )
        return self._text(statement, "aside", "which")

    @cached_property
    def due_cases(self) -> str:
        """Ids of cases with a timer due; rows that others hold are passed over, where they can."""
        due = select(TIMER.c.case_id)
        if self.dialect.name != "sqlite":
            both = due.join(CASE, CASE.c.id == TIMER.c.case_id)
            # The case first: a case that is held elsewhere must not leave its timer locked.
            due = both.with_for_update(of=[CASE, TIMER], skip_locked=True)
        statement = (
            due.where(TIMER.c.aside == ZERO, TIMER.c.due <= bindparam("now"))
            .order_by(TIMER.c.due, TIMER.c.case_id)
            .limit(bindparam("limit"))
            .offset(ZERO)
        )
        return self._text(statement, "now", "limit")

    @cached_property
    def next_timer(self) -> str:
        return self._text(select(func.min(TIMER.c.due)).where(TIMER.c.aside == ZERO))


def waking(
    dialect: Dialect,
    name: ColumnElement[Any],
    due: ColumnElement[Any],
    *conditions: ColumnElement[bool],
) -> Any:  # one of two kinds of Insert
    """Return the statement that sets a timer on each case that meets *conditions*."""
    aside = case((CASE.c.aside.is_(None), ZERO), else_=ONE)
    # Whoever is settling such a case may be about to drop its timer: let them finish first.
    found = select(CASE.c.id, name, due, aside).where(*conditions).order_by(CASE.c.id)
    found = found.with_for_update(of=CASE)
    statement = adding(dialect, TIMER).from_select(["case_id", "name", "due", "aside"], found)
    return statement.on_conflict_do_update(
        index_elements=["case_id", "name"],
        set_={"due": statement.excluded.due, "aside": statement.excluded.aside},
    )
