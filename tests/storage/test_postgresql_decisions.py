"""Decisions that look at other cases, on a database whose writers do not take turns."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Barrier

import postgresql
import tiny

import duban
from duban.adapters.storage.postgresql import PostgresqlStore
from duban.adapters.storage.postgresql_transaction import MOST_NAMES
from duban.engine.errors import Contended
from duban.engine.ports import Where
from duban.engine.shell.numbering import held_number

pytest_plugins = ["postgresql_stores"]

_HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


def _may_go_on(store: PostgresqlStore, looked_at: list[str], changed: list[str]) -> bool:
    def second() -> bool:
        with store.transaction() as other:
            try:
                with other.savepoint():
                    other.hold(looked_at=looked_at, changed=changed)
            except Contended:
                return False
            return True

    return postgresql.at_once(second)[0]


def test_who_changes_what_another_looks_at_waits_until_that_one_ends(url: str) -> None:
    with closing(PostgresqlStore(postgresql.with_settings(url, lock_timeout="200ms"))) as store:
        with store.transaction() as first:
            first.hold(looked_at=["children of a"], changed=["a", "unit"])
            assert _may_go_on(store, ["b"], ["b", "unit"])
            assert not _may_go_on(store, [], ["children of a"])
            assert not _may_go_on(store, ["unit"], [])
            assert not _may_go_on(store, ["children of a"], [])
        assert _may_go_on(store, ["unit"], ["children of a"])


def test_who_would_hold_too_many_names_holds_them_all(url: str) -> None:
    with closing(PostgresqlStore(postgresql.with_settings(url, lock_timeout="200ms"))) as store:
        with store.transaction() as first:
            for number in range(MOST_NAMES + 200):
                first.hold(looked_at=(), changed=[f"case/{number}"])
            held = first._wire.one(_HELD)
            assert held is not None
            assert held[0] < MOST_NAMES + 50
            assert not _may_go_on(store, [], ["another"])
        assert _may_go_on(store, [], ["another"])


def test_who_wants_the_next_number_of_a_sequence_waits_for_whoever_took_the_last(url: str) -> None:
    with closing(PostgresqlStore(postgresql.with_settings(url, lock_timeout="200ms"))) as store:
        with store.transaction() as first:
            assert held_number(first)("letters of 2021") == 0
            assert not _may_go_on(store, ["number/letters of 2021"], [])
            assert _may_go_on(store, ["number/letters of 2022"], [])
        assert _may_go_on(store, ["number/letters of 2021"], [])


# ---- decisions that look at other cases

WATCH = """\
workflow: watch
title: {zh: 值班, en: Watch}
roles: {worker: {post: any, of: case.unit}}
fields: {note: text}
states: {on: {}, away: {final: true}}
facts: {others: {count: watch, of: unit, counts: open}}
transitions:
  - {trigger: open, source: new, dest: on, by: [worker]}
  - {trigger: leave, source: on, dest: away, by: [worker], conditions: fact.others >= 1}
"""


def test_two_decisions_cannot_both_be_right_alone_and_wrong_together(
    url: str, tmp_path: Path
) -> None:
    """Who is on watch may leave if another one stays: of two who leave at once, one stays."""
    engine = tiny.engine(url)
    engine.apply(str(tiny.write(tmp_path / "defs", watch=WATCH)))
    with closing(engine):
        stays = engine.open("watch", unit="desk-1", actor=tiny.ANN)
        for _ in range(12):
            pair = [stays, engine.open("watch", unit="desk-1", actor=tiny.ANN)]
            start = Barrier(2)

            def leave(case: duban.Case, start: Barrier = start) -> bool:
                start.wait()
                try:
                    engine.fire(case.id, "leave", actor=tiny.ANN)
                except duban.TransitionRefused:
                    return False
                return True

            told = postgresql.at_once(
                *(lambda case=case, leave=leave: leave(case) for case in pair)
            )
            assert sorted(told) == [False, True]
            (stays,) = engine.cases(Where(workflow="watch", counts="open")).cases
        assert engine.verify().holds
