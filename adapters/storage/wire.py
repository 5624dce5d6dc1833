"""The driver's cursor behind four verbs; its errors come out as ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Cells = tuple[Any, ...]


class Cursor(Protocol):
    """What is used of a DBAPI cursor."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, statement: str, cells: Sequence[Any] = ..., /) -> object: ...

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]], /) -> object: ...

    def fetchone(self) -> Any: ...  # a row or None

    def fetchall(self) -> Sequence[Cells]: ...


class Wire:
    """Runs statements on *cursor*; *translate* turns what the driver raises into our errors."""

    __slots__ = ("_cursor", "_translate")

    def __init__(self, cursor: Cursor, translate: Callable[[Exception], Exception]) -> None:
        self._cursor = cursor
        self._translate = translate

    def all(self, statement: str, cells: Cells = ()) -> Sequence[Cells]:
        """Return all rows."""
        try:
            self._cursor.execute(statement, cells)
            return self._cursor.fetchall()
        except Exception as error:
            raise self._translate(error) from error

    def one(self, statement: str, cells: Cells = ()) -> Cells | None:
        """Return the first row, if any."""
        try:
            self._cursor.execute(statement, cells)
            row: Cells | None = self._cursor.fetchone()
        except Exception as error:
            raise self._translate(error) from error
        return row

    def change(self, statement: str, cells: Cells = ()) -> int:
        """Carry out *statement* and return how many rows it touched."""
        try:
            self._cursor.execute(statement, cells)
        except Exception as error:
            raise self._translate(error) from error
        return self._cursor.rowcount

    def many(self, statement: str, rows: Sequence[Cells]) -> None:
        """Carry out *statement* for each of *rows*."""
        try:
            if len(rows) == 1:
                self._cursor.execute(statement, rows[0])
            else:
                self._cursor.executemany(statement, rows)
        except Exception as error:
            raise self._translate(error) from error
