"""Fixtures: engines with the tiny definitions. A module asks for them by ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import postgresql
import pytest
import tiny

import duban

Make = Callable[..., duban.Engine]


@pytest.fixture(params=["memory", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a store of this kind, which may be ``postgresql`` too where a test says so."""
    if kind == "postgresql":
        with postgresql.schema() as made:
            yield made
    else:
        yield tiny.url(kind, tmp_path)


@pytest.fixture
def engine(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    """An engine on each kind of store, with the tiny definitions in force."""
    made = tiny.engine(address, tmp_path / "defs")
    yield made
    made.close()


@pytest.fixture
def drive(kind: str, tmp_path: Path) -> Iterator[duban.Engine]:
    """The same with the tiny campaign."""
    made = tiny.engine(tiny.url(kind, tmp_path), tmp_path / "defs", campaign=True)
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[duban.Engine]:
    """An engine on a SQLite file, ``tmp_path / "duban.db"``."""
    made = tiny.engine(tiny.url("sqlite", tmp_path), tmp_path / "defs")
    yield made
    made.close()
