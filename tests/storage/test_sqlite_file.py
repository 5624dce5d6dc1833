from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, create_engine, text

from duban.adapters.contract.steps import DAY, START, keep, moving, opening
from duban.adapters.storage import schema
from duban.adapters.storage.opening import open_store
from duban.adapters.storage.sqlite import SqliteStore
from duban.adapters.storage.sqlite_engines import journal_for, wal_is_safe
from duban.adapters.storage.tables import Row
from duban.engine.errors import BadUsage, NestedTransaction, StaleCase, StoreBusy, Unreachable
from duban.engine.ports import Where


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "督办.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def _ddl(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger' "
            "AND name <> ?",
            (schema.VERSION_TABLE,),
        )
        return {name: " ".join(sql.split()) for name, sql in found.fetchall()}


# ---- the schema


def test_the_migrations_make_the_tables_of_the_models(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()
    other = create_engine(f"sqlite:///{tmp_path}/models.db")
    Row.metadata.create_all(other)
    other.dispose()
    assert _ddl(path) == _ddl(tmp_path / "models.db")


def test_all_revisions_are_known() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    script = ScriptDirectory(str(folder))
    assert tuple(r.revision for r in script.walk_revisions())[::-1] == schema.REVISIONS


def test_no_column_is_a_datetime_of_the_database() -> None:
    kinds = [column.type for table in Row.metadata.tables.values() for column in table.columns]
    assert kinds
    assert not any(isinstance(kind, DateTime) for kind in kinds)


def test_instants_of_the_models_must_be_aware(store: SqliteStore, path: Path) -> None:
    keep(store, opening("c-1"))
    engine = create_engine(f"sqlite:///{path}")
    opened = Row.metadata.tables["duban_case"].c.opened
    with engine.connect() as connection:
        assert connection.execute(opened.table.select()).one().opened == START
        with pytest.raises(Exception, match="naive"):
            connection.execute(opened.table.select().where(opened == START.replace(tzinfo=None)))
    engine.dispose()


def test_newer_tables_are_refused(store: SqliteStore, path: Path) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        raw.commit()
    with pytest.raises(Unreachable, match="newer duban"):
        SqliteStore(path)


def test_alembic_is_loaded_only_to_change_tables(store: SqliteStore, path: Path) -> None:
    code = (
        "import sys; from duban.adapters.storage.opening import open_store; "
        f"open_store('sqlite:///' + {str(path)!r}).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_processes_may_create_the_same_file(path: Path) -> None:
    code = (
        f"from duban.adapters.storage.sqlite import SqliteStore; SqliteStore({str(path)!r}).close()"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]


def test_a_host_may_create_the_tables_in_its_own_database(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE entry (id TEXT)"))
        schema.prepare(connection)
        assert schema.version(connection) == schema.NEWEST
    with closing(SqliteStore(path)) as store, engine.begin() as connection:
        keep(store.joined(connection), opening("c-1"))
    engine.dispose()


def test_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore("sqlite:///duban.db")) as store:
        monkeypatch.chdir(tmp_path / "elsewhere")
        keep(store, opening("c-1"))
        with store.reading() as view:
            assert view.case("c-1") is not None
    assert (tmp_path / "duban.db").exists()


def test_history_refuses_to_be_changed(store: SqliteStore, path: Path) -> None:
    keep(store, opening("c-1"))
    with closing(sqlite3.connect(path)) as raw:
        for change in ("UPDATE duban_entry SET person = 'x'", "DELETE FROM duban_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(change)


def test_strays_are_found(store: SqliteStore, path: Path) -> None:
    keep(store, opening("c-1", timers={"repair": START}, key="k=1"))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DELETE FROM duban_case")
        raw.commit()
    with store.reading() as view:
        assert [stray.split(":")[0] for stray in view.strays()] == [
            "entry of 'c-1'",
            "timer of 'c-1'",
            "request of 'c-1'",
        ]


def test_a_projection_that_was_edited_shows_in_the_walk(store: SqliteStore, path: Path) -> None:
    keep(store, opening("c-1"))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE duban_case SET counts = 'closed'")
        raw.commit()
    with store.reading() as view:
        ((stored, _),) = view.walk()
        assert stored.columns["counts"] == "closed"


# ---- connections


def test_every_connection_is_set_up_alike(store: SqliteStore) -> None:
    wanted = {"foreign_keys": 1, "busy_timeout": 15000, "synchronous": 2, "trusted_schema": 0}
    for engine, only_reads in ((store._writers, 0), (store._readers, 1)):
        with engine.connect() as connection:
            for name, value in {**wanted, "query_only": only_reads}.items():
                assert connection.execute(text(f"PRAGMA {name}")).scalar() == value, name
            journal = connection.execute(text("PRAGMA journal_mode")).scalar()
            safe = wal_is_safe(sqlite3.sqlite_version_info)
            assert journal == "wal" if safe else journal in ("truncate", "delete")


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), True),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_a_write_ahead_log_is_used_only_where_it_is_safe(
    version: tuple[int, ...], safe: bool
) -> None:
    assert wal_is_safe(version) is safe
    assert journal_for(version) == ("wal" if safe else "truncate")


def test_the_store_says_which_journal_it_keeps_and_why(store: SqliteStore, path: Path) -> None:
    told = store.describe()
    assert told["file"] == str(path)
    assert "WAL-reset bug" in told["journal_because"]


def test_it_works_with_a_write_ahead_log_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duban.adapters.storage.sqlite.journal_for", lambda _: "wal")
    with closing(SqliteStore(path)) as store:
        case = keep(store, opening("c-1"))[0]
        keep(store, moving(case))
        with store.reading() as view:
            assert len(list(view.walk())) == 1


def test_it_keeps_out_while_another_program_holds_the_write_ahead_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("CREATE TABLE permit (id TEXT)")
        raw.commit()
        raw.execute("BEGIN")
        raw.execute("SELECT * FROM permit").fetchall()
        with pytest.raises((Unreachable, StoreBusy)):
            SqliteStore(path, patience=0.1)


def test_a_partial_index_serves_the_sweep(store: SqliteStore) -> None:
    sql = store._prepared.statements
    with store.transaction() as transaction:
        for statement, cells, index in (
            (sql.due_cases, (0, 10), "ix_duban_timer_due"),
            (sql.next_timer, (), "ix_duban_timer_due"),
            (sql.ready_notices, (0, 10), "ix_duban_notice_waiting"),
            (sql.next_notice, (), "ix_duban_notice_waiting"),
            (*store._prepared.search.count(Where(overdue_at=START)), "ix_duban_case_due"),
            (*store._prepared.search.count(Where(set_aside=True)), "ix_duban_case_aside"),
        ):
            plan = transaction._wire.all(f"EXPLAIN QUERY PLAN {statement}", cells)
            assert index in plan[0][3], plan


# ---- files that cannot be used


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is not a database, it is a letter" * 100)
    with pytest.raises(Unreachable, match="not a database"):
        SqliteStore(path)


def test_a_damaged_file_is_refused(store: SqliteStore, path: Path) -> None:
    keep(store, *(opening(f"c-{n}") for n in range(50)))
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(Unreachable, match="damaged"):
        _read_all(path)


def _read_all(path: Path) -> None:
    with closing(SqliteStore(path)) as store, store.reading() as view:
        list(view.walk())


def test_a_missing_folder_and_a_folder_are_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "none" / "duban.db", tmp_path):
        with pytest.raises(Unreachable, match="cannot be opened"):
            SqliteStore(place)


def test_a_full_disk_undoes_the_transaction(store: SqliteStore) -> None:
    with store.transaction() as transaction:
        (pages,) = transaction._wire.one("PRAGMA page_count") or (0,)
        transaction._wire.one(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unreachable, match="disk is full"):
        keep(store, *(opening(f"c-{n}") for n in range(200)))
    with store.transaction() as transaction:
        assert transaction.tally()["cases"] == 0


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    with pytest.raises(Unreachable, match="closed"):
        keep(store, opening("c-1"))
    store.close()


def test_a_forked_process_must_open_its_own(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_process", -1)
    with pytest.raises(Unreachable, match="forked"), store.transaction():
        pass
    monkeypatch.undo()


def test_a_step_that_failed_half_way_is_not_kept(store: SqliteStore) -> None:
    rung = {"deadline": "repair", "round": 1, "rung": 1, "name": "due", "late": "0"}
    case = keep(store, opening("c-1"))[0]
    case = keep(store, moving(case, kind="rung", rung=rung))[0]
    doubled = moving(case, kind="rung", rung=rung)
    with (
        pytest.raises(BadUsage, match="savepoint"),
        store.transaction() as transaction,
        pytest.raises(StaleCase),
    ):
        transaction.write(doubled)
    with store.reading() as view:
        assert view.case("c-1") == case


def test_addresses(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/duban.db").close()
    assert (tmp_path / "duban.db").exists()
    open_store("memory://", virtual=START).close()
    for url in ("sqlite://", "sqlite:///:memory:", "postgresql+psycopg://host/db"):
        with pytest.raises(Unreachable):
            open_store(url)
    with pytest.raises(BadUsage):
        open_store("duban.db")


# ---- the virtual clock


def test_a_virtual_clock_is_kept_in_the_file(path: Path) -> None:
    with closing(SqliteStore(path, virtual=START)) as store:
        store.set_clock(START + DAY)
        with closing(SqliteStore(path)) as other:
            assert other.describe()["clock"] == "virtual"
            with store.transaction():
                pass
            with other.reading() as view:
                assert view.now() == START + DAY
        store.set_clock(START + 2 * DAY)
    with closing(SqliteStore(path)) as store, store.reading() as view:
        assert view.now() == START + 2 * DAY


def test_what_a_failed_transaction_wrote_of_the_clock_is_written_again(path: Path) -> None:
    with closing(SqliteStore(path, virtual=START)) as store:
        store.set_clock(START + DAY)
        with pytest.raises(NestedTransaction), store.transaction(), store.transaction():
            pass
        with store.transaction():
            pass
        with closing(SqliteStore(path)) as other, other.reading() as view:
            assert view.now() == START + DAY


def test_a_real_store_does_not_become_virtual(store: SqliteStore, path: Path) -> None:
    keep(store, opening("c-1"))
    with pytest.raises(BadUsage, match="only a new store"):
        SqliteStore(path, virtual=START)


def test_the_machines_clock_never_runs_backwards(path: Path) -> None:
    shown = iter([START, START - timedelta(hours=1), START + DAY])
    with closing(SqliteStore(path, now=lambda: next(shown))) as store:
        seen = []
        for _ in range(3):
            with store.transaction() as transaction:
                seen.append(transaction.now())
        assert seen == [START, START, START + DAY]
