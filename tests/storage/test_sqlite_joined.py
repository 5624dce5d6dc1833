from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session

from duban.adapters.contract.steps import START, keep, moving, opening
from duban.adapters.storage.sqlite import SqliteStore
from duban.engine.errors import BadUsage, NestedTransaction, StaleCase


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "duban.db", virtual=START, patience=0.3)
    yield store
    store.close()


def _begin_ourselves(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


@pytest.fixture(params=["as SQLAlchemy comes", "with BEGIN of its own"])
def host(store: SqliteStore, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "as SQLAlchemy comes":
        engine = create_engine(f"sqlite:///{store.path}")
    else:
        engine = create_engine(f"sqlite:///{store.path}", connect_args={"isolation_level": None})
        _begin_ourselves(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE permit (id TEXT)"))
    yield engine
    engine.dispose()


def _permits(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM permit")).scalar_one())


def _cases(store: SqliteStore) -> int:
    with store.reading() as view:
        return view.tally()["cases"]


def test_the_hosts_commit_keeps_both(store: SqliteStore, host: Engine) -> None:
    with host.begin() as connection:
        connection.execute(text("INSERT INTO permit VALUES ('p')"))
        keep(store.joined(connection), opening("c-1", timers={"repair": START}))
        connection.execute(text("INSERT INTO permit VALUES ('q')"))
    assert (_permits(host), _cases(store)) == (2, 1)


@pytest.mark.parametrize("host_first", [True, False])
def test_the_hosts_rollback_takes_ours_with_it(
    store: SqliteStore, host: Engine, host_first: bool
) -> None:
    with host.connect() as connection:
        if host_first:
            connection.execute(text("INSERT INTO permit VALUES ('p')"))
        joined = store.joined(connection)
        case = keep(joined, opening("c-1"))[0]
        keep(joined, moving(case))
        with joined.reading() as view:
            assert view.tally()["entries"] == 2
        connection.rollback()
    assert (_permits(host), _cases(store)) == (0, 0)


def test_without_a_commit_nothing_is_kept(store: SqliteStore, host: Engine) -> None:
    with host.connect() as connection:
        keep(store.joined(connection), opening("c-1"))
    assert _cases(store) == 0


def test_a_failed_call_is_undone_alone(store: SqliteStore, host: Engine) -> None:
    with host.begin() as connection:
        connection.execute(text("INSERT INTO permit VALUES ('p')"))
        joined = store.joined(connection)
        keep(joined, opening("c-1"))
        with pytest.raises(StaleCase):
            keep(joined, opening("c-2"), opening("c-1"))
    assert (_permits(host), _cases(store)) == (1, 1)


def test_a_session_can_be_joined(store: SqliteStore, host: Engine) -> None:
    with Session(host) as session:
        session.execute(text("INSERT INTO permit VALUES ('p')"))
        keep(store.joined(session), opening("c-1"))
        session.commit()
    assert (_permits(host), _cases(store)) == (1, 1)


def test_a_plain_transaction_inside_is_refused_until_the_host_is_done(
    store: SqliteStore, host: Engine
) -> None:
    with host.begin() as connection:
        keep(store.joined(connection), opening("c-1"))
        with pytest.raises(NestedTransaction), store.transaction():
            pass
        keep(store.joined(connection), opening("c-2"))
    keep(store, opening("c-3"))
    with (
        store.transaction(),
        host.connect() as connection,
        pytest.raises(NestedTransaction),
        store.joined(connection).transaction(),
    ):
        pass
    assert _cases(store) == 3


def test_the_clock_is_the_stores(store: SqliteStore, host: Engine) -> None:
    with host.begin() as connection, store.joined(connection).transaction() as transaction:
        assert transaction.now() == START


def test_only_a_connection_to_the_same_file_is_joined(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(BadUsage):
        store.joined("not a connection")
    elsewhere = create_engine(f"sqlite:///{tmp_path}/other.db")
    with elsewhere.connect() as connection, pytest.raises(BadUsage):
        store.joined(connection)
    elsewhere.dispose()
