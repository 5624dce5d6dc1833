"""Joining the host's transaction: a savepoint for each call, and the host decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

import duban
from duban.engine.errors import BadUsage, NestedTransaction

pytest_plugins = ["tiny_engines"]


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def file(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    made = tiny.engine(address, tmp_path / "defs")
    yield made
    made.close()


@pytest.fixture
def host(file: duban.Engine, address: str) -> Iterator[Engine]:
    made = create_engine(address)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE inspection (school TEXT)"))
    yield made
    made.dispose()


def _inspections(host: Engine) -> int:
    with host.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM inspection")).scalar_one())


INSPECT = text("INSERT INTO inspection VALUES ('desk-1')")


def test_the_hosts_commit_keeps_its_rows_and_the_case(file: duban.Engine, host: Engine) -> None:
    with host.begin() as connection:
        connection.execute(INSPECT)
        case = tiny.opened(file.using(connection), key="k")
        file.using(connection).fire(case.id, "start", actor=tiny.ANN)
        connection.execute(INSPECT)
    assert (_inspections(host), file.case(case.id).state) == (2, "doing")
    assert tiny.opened(file, key="k").id == case.id
    assert file.verify().holds


def test_the_hosts_rollback_takes_the_case_its_notices_and_its_key_with_it(
    file: duban.Engine, host: Engine
) -> None:
    with host.connect() as connection:
        connection.execute(INSPECT)
        joined = file.using(connection)
        case = tiny.opened(joined, key="k")
        joined.fire(case.id, "start", actor=tiny.ANN)
        assert joined.case(case.id).state == "doing"
        assert len(joined.history(case.id)) == 2
        connection.rollback()
    assert _inspections(host) == 0
    assert file.tally() == dict.fromkeys(file.tally(), 0)
    assert tiny.opened(file, "another", key="k").version == 1


def test_a_refused_call_leaves_the_hosts_own_writes_intact(
    file: duban.Engine, host: Engine
) -> None:
    with host.begin() as connection:
        connection.execute(INSPECT)
        joined = file.using(connection)
        case = tiny.opened(joined)
        with pytest.raises(duban.TransitionRefused):
            joined.fire(case.id, "pass", actor=tiny.CHIEF)
        with pytest.raises(duban.UnknownUnit):
            joined.open("fix", unit="desk-9", actor=tiny.ANN, data={"title": "x"})
        connection.execute(INSPECT)
        joined.fire(case.id, "start", actor=tiny.ANN)
    assert _inspections(host) == 2
    assert [e.trigger for e in file.history(case.id)] == ["open", "start"]


def test_many_commands_inside_a_hosts_transaction_stand_and_fall_with_it(
    file: duban.Engine, host: Engine
) -> None:
    commands = [
        duban.Open(
            workflow="fix",
            unit="desk-1",
            actor=tiny.BOB if number == 3 else tiny.ANN,
            data={"title": f"n{number}"},
        )
        for number in range(6)
    ]
    for keep in (False, True):
        with host.connect() as connection:
            outcomes = file.using(connection).fire_many(commands)
            assert [outcome.ok for outcome in outcomes] == [True, True, True, False, True, True]
            if keep:
                connection.commit()
        assert file.tally()["cases"] == (5 if keep else 0)


def test_a_plain_call_nested_in_the_open_transaction_is_refused(
    file: duban.Engine, host: Engine
) -> None:
    case = tiny.opened(file)
    with host.begin() as connection:
        file.using(connection).fire(case.id, "start", actor=tiny.ANN)
        with pytest.raises(NestedTransaction, match=r"use engine.using\(connection\)"):
            file.fire(case.id, "finish", actor=tiny.ANN)
        with pytest.raises(NestedTransaction):
            file.sweep()
    assert file.fire(case.id, "finish", actor=tiny.ANN).version == 3


def test_a_session_can_be_joined_too(file: duban.Engine, host: Engine) -> None:
    with Session(host) as session, session.begin():
        session.execute(INSPECT)
        case = tiny.opened(file.using(session))
    assert (_inspections(host), file.case(case.id).version) == (1, 1)


def test_sweeping_inside_a_hosts_transaction_is_undone_with_it(
    file: duban.Engine, host: Engine
) -> None:
    case = tiny.opened(file)
    file.set_clock(tiny.START + 4 * tiny.DAY)
    with host.connect() as connection:
        assert file.using(connection).sweep().rungs == 1
        connection.rollback()
    assert len(file.history(case.id)) == 1
    assert file.sweep().rungs == 1
    assert file.verify().holds


def test_definitions_that_a_host_published_and_rolled_back_are_forgotten(
    file: duban.Engine, host: Engine, address: str, tmp_path: Path
) -> None:
    def limit(days: int) -> str:
        text_ = tiny.WORKFLOW.replace("limit: 5 workdays", f"limit: {days} workdays")
        return str(tiny.write(tmp_path / f"more-{days}", fix=text_))

    with host.connect() as connection:
        joined = file.using(connection)
        joined.apply(limit(9))
        assert tiny.opened(joined).clocks["repair"].span == "9 workdays"
        connection.rollback()
    # The revision that was undone comes again with other contents, from another process.
    other = tiny.engine(address)
    other.apply(limit(7))
    other.close()
    assert tiny.opened(file).clocks["repair"].span == "7 workdays"
    with host.begin() as connection:
        assert tiny.opened(file.using(connection)).clocks["repair"].span == "7 workdays"


def test_what_cannot_be_joined_says_so(file: duban.Engine, tmp_path: Path) -> None:
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    with other.connect() as connection, pytest.raises(BadUsage, match="cannot be joined"):
        file.using(connection)
    other.dispose()
    with pytest.raises(BadUsage, match="not a SQLAlchemy connection"):
        file.using("sqlite:///duban.db")
    memory = tiny.engine("memory://")
    with pytest.raises(BadUsage, match="memory cannot join"):
        memory.using(object())
