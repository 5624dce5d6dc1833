from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import postgresql
import psycopg
import pytest
import tiny
from sqlalchemy import create_engine, make_url

import duban
from duban.adapters.contract.steps import keep, notice, opening
from duban.adapters.storage.opening import open_store
from duban.adapters.storage.postgresql import PostgresqlStore
from duban.engine.errors import BadText, BadUsage, NestedTransaction, StoreBusy, Unreachable
from duban.engine.ports import Published, Where

pytest_plugins = ["postgresql_stores"]


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
        (here.set(port=1, password="secret"), "server runs"),
        (here.set(database="nowhere"), "no such database|does not exist"),
        (here.update_query_dict({"options": "-csearch_path=none_such"}), "no schema"),
    ):
        with pytest.raises(Unreachable, match=why) as refusal:
            PostgresqlStore(wrong.render_as_string(hide_password=False))
        assert (wrong.password or "secret") not in str(refusal.value)


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
    with postgresql.plain(url) as raw:
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
        with postgresql.plain(url) as raw:
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


# ---- backups


@pytest.mark.skipif(not shutil.which("pg_dump"), reason="there is no pg_dump here")
def test_a_dump_that_was_restored_verifies_and_is_still_append_only(
    url: str, tmp_path: Path
) -> None:
    with closing(tiny.engine(url, tmp_path / "defs")) as engine:
        case = tiny.opened(engine)
        engine.fire(case.id, "start", actor=tiny.ANN)
    place = make_url(url)
    name = str(place.query["options"]).partition("=")[2]
    server = place.set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    file = str(tmp_path / "dump.sql")
    subprocess.run(["pg_dump", "-n", name, "-f", file, server], check=True)
    with postgresql.raw() as raw:
        raw.execute(f"DROP SCHEMA {name} CASCADE")
    quiet = ["psql", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1"]
    subprocess.run([*quiet, "-f", file, server], check=True)
    with closing(duban.connect(url)) as engine:
        assert engine.verify().holds
        assert engine.fire(case.id, "finish", actor=tiny.ANN).version == 3
    with postgresql.plain(url) as raw, pytest.raises(psycopg.IntegrityError, match="append-only"):
        raw.execute("DELETE FROM duban_entry")
