"""The statements of the hot path: written from the tables, compiled once for a dialect, to text.

Each is run on the driver's own cursor with plain values in the order given here; the order is
checked when the statement is first compiled. Predicates of partial indexes are literals, since a
bound one would not be recognised.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    Table,
    bindparam,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import Executable

from duban.adapters.storage.tables import Row

_TABLES = Row.metadata.tables
CASE, ENTRY, SECRET = (_TABLES[f"duban_{name}"] for name in ("case", "entry", "secret"))
LINK, TIMER, NOTICE = (_TABLES[f"duban_{name}"] for name in ("link", "timer", "notice"))
REQUEST, DEFINITION = _TABLES["duban_request"], _TABLES["duban_definition"]
SERIAL, WATCH = _TABLES["duban_serial"], _TABLES["duban_watch"]
ACTIVATION, META = _TABLES["duban_activation"], _TABLES["duban_meta"]

CASE_COLUMNS = tuple(c.name for c in CASE.columns if c.name != "aside")
ENTRY_COLUMNS = tuple(c.name for c in ENTRY.columns)
NOTICE_COLUMNS = tuple(c.name for c in NOTICE.columns if c.name != "sent")

# What most steps leave alone, so that most updates touch no index but that of the due.
CASE_FIXED = ("workflow", "rules", "unit", "campaign", "counts", "opened")
CASE_MOVING = (
    "version", "head", "phase", "state", "due", "lapses", "provisional", "changed", "body",
)  # fmt: skip

ZERO: ColumnElement[int] = literal_column("0")
ONE: ColumnElement[int] = literal_column("1")
WAITING: ColumnElement[str] = literal_column("'waiting'")
SENT: ColumnElement[str] = literal_column("'sent'")
PROVISIONAL: ColumnElement[bool] = CASE.c.provisional == ONE
DEAD: ColumnElement[str] = literal_column("'dead'")


def compiled(statement: Executable, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """Return the text of *statement* and the names of its parameters in order."""
    done = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every one has it
    return str(done), tuple(done.positiontup or ())


def adding(dialect: Dialect, table: Table) -> Any:  # one of two kinds of Insert
    """Return a statement that adds rows, and can say what becomes of those that are there."""
    return (sqlite if dialect.name == "sqlite" else postgresql).insert(table)


class Statements:
    """Statements as text, compiled when first used."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def _text(self, statement: Executable, *expected: str) -> str:
        text, names = compiled(statement, self.dialect)
        if names != expected:
            message = f"parameters come as {names}, not as {expected}: {text}"
            raise AssertionError(message)
        return text

    def _insert(self, table: Table, columns: tuple[str, ...]) -> Any:  # one of two kinds of Insert
        return adding(self.dialect, table).values({name: bindparam(name) for name in columns})

    def _all(self, table: Table, columns: tuple[str, ...]) -> Select[Any]:
        return select(*(table.c[name] for name in columns))
