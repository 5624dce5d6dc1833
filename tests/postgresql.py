"""The PostgreSQL that tests use: a database in which each test makes a schema of its own.

``DUBAN_TEST_POSTGRESQL`` has its address, such as ``postgresql+psycopg://duban@127.0.0.1/duban``.
Without it these tests are skipped; but never in CI, where they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

T = TypeVar("T")

_VARIABLE = "DUBAN_TEST_POSTGRESQL"


def server() -> str:
    """Return the address of the test database, skip the test, or in CI fail it."""
    given = os.environ.get(_VARIABLE, "")
    if given:
        return given
    why = f"{_VARIABLE} is not set: there is no PostgreSQL to try this on"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{why}, and CI must")
    pytest.skip(why)


@contextmanager
def raw() -> Iterator[psycopg.Connection]:
    """Lend a plain connection that commits by itself."""
    with plain(server()) as connection:
        yield connection


def plain(url: str) -> psycopg.Connection:
    """Return a plain connection to *url* that commits by itself."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


@contextmanager
def schema() -> Iterator[str]:
    """Lend a new schema: the address of a store in it."""
    name = f"t{uuid4().hex}"
    url = make_url(server()).update_query_dict({"options": f"-csearch_path={name}"})
    with raw() as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with raw() as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")


def with_settings(url: str, **settings: str) -> str:
    """Return *url* with more in its query."""
    return make_url(url).update_query_dict(settings).render_as_string(hide_password=False)


def at_once(*tasks: Callable[[], T]) -> list[T]:
    """Run *tasks* in threads and return what they return."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [running.result() for running in [pool.submit(task) for task in tasks]]
