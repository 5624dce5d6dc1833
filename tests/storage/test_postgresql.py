from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import postgresql
import psycopg
import pytest
import tiny
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url

import duban
from duban.adapters.contract.steps import DAY, START, keep, opening
from duban.adapters.contract.store import StoreContract
from duban.adapters.storage import schema
from duban.adapters.storage.opening import open_store
from duban.adapters.storage.postgresql import PostgresqlStore
from duban.adapters.storage.tables import Row
from duban.engine.errors import BadUsage, Unreachable
from duban.engine.ports import Sort, Store, Where
from duban.engine.shell.catalogue import AlteredRules

pytest_plugins = ["postgresql_stores"]


class TestPostgresqlStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _in_a_schema_of_its_own(self) -> Iterator[None]:
        with postgresql.schema() as self.url:
            yield

    def make_store(self, folder: Path, *, virtual: datetime | None) -> Store:
        return open_store(self.url, virtual=virtual)


# ---- the schema


def test_the_migrations_make_the_tables_of_the_models(store: PostgresqlStore, url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()
    with postgresql.schema() as other:
        models = create_engine(other)
        Row.metadata.create_all(models)
        models.dispose()
        made = _ddl(url)
        assert len(made) > 100
        assert made == _ddl(other)


def _ddl(url: str) -> set[tuple[str, ...]]:
    """Columns with their types and collations, constraints and indexes, as PostgreSQL tells them."""
    questions = (
        "SELECT table_name, column_name, data_type, is_nullable, coalesce(collation_name, '') "
        "FROM information_schema.columns WHERE table_schema = current_schema()",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace",
        "SELECT tablename, indexname, regexp_replace(indexdef, 't[0-9a-f]{32}', '') "
        "FROM pg_indexes WHERE schemaname = current_schema()",
    )
    with postgresql.plain(url) as raw:
        rows = {row for question in questions for row in raw.execute(question).fetchall()}
    return {row for row in rows if not row[0].startswith(schema.VERSION_TABLE)}


def test_newer_tables_are_refused(store: PostgresqlStore, url: str) -> None:
    with postgresql.plain(url) as raw:
        raw.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(Unreachable, match="newer duban"):
        PostgresqlStore(url)


def test_four_processes_may_create_the_same_tables(url: str) -> None:
    code = f"from duban.adapters.storage.opening import open_store; open_store({url!r}).close()"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4


def test_history_refuses_to_be_changed(store: PostgresqlStore, url: str) -> None:
    keep(store, opening("c-1"))
    with postgresql.plain(url) as raw:
        for change in (
            "UPDATE duban_entry SET person = 'x'",
            "DELETE FROM duban_entry",
            "TRUNCATE duban_entry CASCADE",
        ):
            with pytest.raises(psycopg.IntegrityError, match="append-only"):
                raw.execute(change)


def test_rules_that_were_altered_in_the_database_are_found_and_not_followed(
    url: str, tmp_path: Path
) -> None:
    with closing(tiny.engine(url, tmp_path / "defs")) as engine:
        case = tiny.opened(engine)
        assert engine.verify().holds
        with postgresql.plain(url) as raw:
            raw.execute(
                "UPDATE duban_definition SET canon = convert_to("
                "replace(convert_from(canon, 'UTF8'), '5 workdays', '9 workdays'), 'UTF8')"
            )
        (finding,) = engine.verify().findings
        assert "missing or altered" in finding.text("en")
    with closing(duban.connect(url)) as another, pytest.raises(AlteredRules, match="were altered"):
        another.fire(case.id, "note", actor=tiny.ANN, data={"note": "x"})


def test_ids_and_units_are_sorted_by_code_point_whatever_the_locale(store: PostgresqlStore) -> None:
    ids = ["a", "B", "a-1", "A", "é", "z", "中", "_", "𠮷", "b"]
    keep(store, *(opening(id, unit=id) for id in ids))
    with store.reading() as view:
        sorts: list[Sort] = ["id", "unit"]
        for sort in sorts:
            found = view.find(Where(), sort=sort).cases
            assert [case.id for case in found] == sorted(ids)


def test_partial_indexes_serve_the_sweep(store: PostgresqlStore) -> None:
    sql, search = store._prepared.statements, store._prepared.search
    with store.transaction() as transaction:
        transaction._wire.change("SET LOCAL enable_seqscan = off")
        for statement, cells, index in (
            (sql.due_cases, (0, 10), "ix_duban_timer_due"),
            (sql.next_timer, (), "ix_duban_timer_due"),
            (sql.ready_notices, (0, 10), "ix_duban_notice_waiting"),
            (sql.next_notice, (), "ix_duban_notice_waiting"),
            (*search.count(Where(set_aside=True)), "ix_duban_case_aside"),
        ):
            plan = transaction._wire.all(f"EXPLAIN {statement}", cells)
            assert any(index in line for (line,) in plan), plan


# ---- sessions


def test_every_session_is_set_up_alike(store: PostgresqlStore) -> None:
    wanted = {
        "timezone": "UTC",
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "10s",
        "synchronous_commit": "on",
        "application_name": "duban",
    }
    with store.transaction() as transaction:
        for name, value in {**wanted, "transaction_isolation": "read committed"}.items():
            assert transaction._wire.one(f"SHOW {name}") == (value,)
    with store.reading() as view:
        for name, value in {
            **wanted,
            "transaction_isolation": "repeatable read",
            "transaction_read_only": "on",
        }.items():
            assert view._wire.one(f"SHOW {name}") == (value,)


def test_the_address_sets_timeouts_and_whether_statements_are_prepared(url: str) -> None:
    asked = {"lock_timeout": "1s", "prepare_threshold": "none", "application_name": "office"}
    own = make_url(url).update_query_dict(asked).render_as_string(hide_password=False)
    with closing(PostgresqlStore(own)) as store, store.transaction() as transaction:
        assert transaction._wire.one("SHOW lock_timeout") == ("1s",)
        assert transaction._wire.one("SHOW application_name") == ("office",)
        driver = transaction._wire._cursor.connection  # type: ignore[attr-defined]  # psycopg's own
        assert driver.prepare_threshold is None


def test_the_clock_is_that_of_the_database_and_goes_on_in_a_long_transaction(
    store: PostgresqlStore, url: str
) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        joined = store.joined(connection)
        with joined.transaction() as first:
            began = first.now()
            assert first._wire.one("SELECT now() <= clock_timestamp()") == (True,)
        with joined.transaction() as second:
            assert second.now() > began
    engine.dispose()
    assert store.describe()["clock"] == "database"


def test_a_store_that_is_used_cannot_be_made_virtual(store: PostgresqlStore, url: str) -> None:
    keep(store, opening("c-1"))
    with pytest.raises(BadUsage, match="only a new store"):
        PostgresqlStore(url, virtual=START)


def test_a_virtual_clock_is_shared(url: str) -> None:
    with (
        closing(PostgresqlStore(url, virtual=START)) as first,
        closing(PostgresqlStore(url)) as second,
    ):
        first.set_clock(START + DAY)
        second.set_clock(START)
        with second.reading() as view:
            assert view.now() == START + DAY
