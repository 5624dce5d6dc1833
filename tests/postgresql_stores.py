"""Fixtures: a store in PostgreSQL. A module asks for them by ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import postgresql
import pytest

from duban.adapters.storage.postgresql import PostgresqlStore


@pytest.fixture
def url() -> Iterator[str]:
    with postgresql.schema() as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[PostgresqlStore]:
    with closing(PostgresqlStore(url)) as store:
        yield store
