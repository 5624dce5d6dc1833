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
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from duban.adapters.contract.steps import DAY, START, keep, notice, opening
from duban.adapters.contract.store import StoreContract
from duban.adapters.storage import schema
from duban.adapters.storage.opening import open_store
from duban.adapters.storage.postgresql import PostgresqlStore
from duban.adapters.storage.tables import Row
from duban.engine.errors import BadText, BadUsage, NestedTransaction, StoreBusy, Unreachable
from duban.engine.ports import Published, Sort, Store, Where


class TestPostgresqlStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _in_a_schema_of_its_own(self) -> Iterator[None]:
        with postgresql.schema() as self.url:
            yield

    def make_store(self, folder: Path, *, virtual: datetime | None) -> Store:
        return open_store(self.url, virtual=virtual)


@pytest.fixture
def url() -> Iterator[str]:
    with postgresql.schema() as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[PostgresqlStore]:
    with closing(PostgresqlStore(url)) as store:
        yield store


def _plain(url: str) -> psycopg.Connection:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


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
    with _plain(url) as raw:
        rows = {row for question in questions for row in raw.execute(question).fetchall()}
    return {row for row in rows if not row[0].startswith(schema.VERSION_TABLE)}


def test_newer_tables_are_refused(store: PostgresqlStore, url: str) -> None:
    with _plain(url) as raw:
        raw.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(Unreachable, match="newer duban"):
        PostgresqlStore(url)


def test_four_processes_may_create_the_same_tables(url: str) -> None:
    code = f"from duban.adapters.storage.opening import open_store; open_store({url!r}).close()"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4


def test_history_refuses_to_be_changed(store: PostgresqlStore, url: str) -> None:
    keep(store, opening("c-1"))
    with _plain(url) as raw:
        for change in (
            "UPDATE duban_entry SET person = 'x'",
            "DELETE FROM duban_entry",
            "TRUNCATE duban_entry CASCADE",
        ):
            with pytest.raises(psycopg.IntegrityError, match="append-only"):
                raw.execute(change)


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


# ---- what cannot be kept


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_the_database_cannot_hold_is_refused(store: PostgresqlStore, text: str) -> None:
    document = Published(hash="h", kind="workflow", name=text, canon=b"", source={})
    with pytest.raises(BadText, match=r"U\+"), store.transaction() as transaction:
        transaction.publish(document)
    with store.reading() as view, pytest.raises(BadText):
        view.count(Where(workflow=text))
    keep(store, opening("c-1"))


def test_a_statement_that_failed_and_was_passed_over_is_never_half_kept(
    store: PostgresqlStore,
) -> None:
    with pytest.raises(BadUsage, match="failed before"), store.transaction() as transaction:  # noqa: PT012
        transaction.write(opening("c-1"))
        with pytest.raises(psycopg.Error):
            transaction._wire.one("SELECT 1 / 0")
    with store.reading() as view:
        assert view.case("c-1") is None


def test_a_notice_that_exists_is_stale_and_does_not_sink_the_rest(store: PostgresqlStore) -> None:
    keep(store, opening("c-1", notices=(notice("n-1", "c-1"),)))
    with store.transaction() as transaction:
        with pytest.raises(Exception, match="changed"), transaction.savepoint():
            transaction.write(opening("c-2", notices=(notice("n-1", "c-2"),)))
        transaction.write(opening("c-3"))
    with store.reading() as view:
        assert [case.id for case in view.find(Where()).cases] == ["c-1", "c-3"]


# ---- servers that cannot be used


def test_an_address_that_leads_nowhere_says_what_to_do(url: str) -> None:
    here = make_url(url)
    for wrong, why in (
        (here.set(port=1), "server runs"),
        (here.set(database="nowhere"), "no such database|does not exist"),
        (here.update_query_dict({"options": "-csearch_path=none_such"}), "no schema"),
    ):
        with pytest.raises(Unreachable, match=why) as refusal:
            PostgresqlStore(wrong.set(password="secret").render_as_string(hide_password=False))
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    ["postgresql+asyncpg://host/db", "postgresql://host:port/db", "postgresql+psycopg2://h/db"],
)
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(BadUsage, match=r"postgresql\+psycopg://"):
        open_store(address)


def test_a_missing_driver_says_what_to_install() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from duban.adapters.storage.opening import open_store
from duban.engine.errors import Unreachable
try:
    open_store("postgresql+psycopg://host/db")
except Unreachable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'duban[postgresql]'" in done.stdout


def test_a_connection_that_broke_in_the_pool_is_replaced(store: PostgresqlStore, url: str) -> None:
    keep(store, opening("c-1"))
    with _plain(url) as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
            "'duban' AND pid = %s",
            (_backend(store),),
        )
    keep(store, opening("c-2"))
    with store.reading() as view:
        assert view.count(Where()) == 2


def _backend(store: PostgresqlStore) -> int:
    with store.transaction() as transaction:
        (pid,) = transaction._wire.one("SELECT pg_backend_pid()") or (0,)
    return int(pid)


def test_a_connection_that_breaks_in_a_transaction_is_unreachable(
    store: PostgresqlStore, url: str
) -> None:
    with pytest.raises(Unreachable), store.transaction() as transaction:  # noqa: PT012
        (pid,) = transaction._wire.one("SELECT pg_backend_pid()") or (0,)
        with _plain(url) as raw:
            raw.execute("SELECT pg_terminate_backend(%s)", (pid,))
        transaction.write(opening("c-1"))
    keep(store, opening("c-1"))


def test_a_statement_that_takes_too_long_is_busy(url: str) -> None:
    own = make_url(url).update_query_dict({"statement_timeout": "100ms"})
    address = own.render_as_string(hide_password=False)
    with (
        closing(PostgresqlStore(address)) as store,
        store.reading() as view,
        pytest.raises(StoreBusy),
    ):
        view._wire.one("SELECT pg_sleep(5)")


def test_a_closed_store_says_so(store: PostgresqlStore) -> None:
    store.close()
    with pytest.raises(Unreachable, match="closed"):
        keep(store, opening("c-1"))
    store.close()


def test_a_forked_process_must_open_its_own(
    store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_process", -1)
    with pytest.raises(Unreachable, match="in each process"):
        keep(store, opening("c-1"))
    monkeypatch.undo()


# ---- inside a host's transaction


def test_a_host_on_other_tables_is_refused(store: PostgresqlStore) -> None:
    with postgresql.schema() as other:
        engine = create_engine(other)
        with engine.connect() as connection, pytest.raises(BadUsage, match="see the tables"):
            store.joined(connection)
        engine.dispose()
    with pytest.raises(BadUsage, match="not a SQLAlchemy"):
        store.joined(object())


def test_a_host_that_commits_each_statement_is_refused(store: PostgresqlStore, url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        joined = store.joined(connection)
        with pytest.raises(BadUsage, match="by itself"), joined.transaction():
            pass
    engine.dispose()


def test_a_plain_call_inside_the_hosts_transaction_is_refused(
    store: PostgresqlStore, url: str
) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        joined = store.joined(connection)
        keep(joined, opening("c-1"))
        with pytest.raises(NestedTransaction):
            keep(store, opening("c-2"))
    engine.dispose()
    keep(store, opening("c-2"))
