"""Several writers on one PostgreSQL: nobody waits for ever, nothing is lost, nothing happens twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Barrier

import postgresql
import pytest
import tiny

import duban
from duban.adapters.contract.steps import START, keep, moving, notice, opening
from duban.adapters.storage.postgresql import PostgresqlStore
from duban.engine.errors import Contended, Unreachable
from duban.engine.history.evolve import replay

pytest_plugins = ["postgresql_stores"]


WRITER = """
import sys
from duban.adapters.contract.store_sharing import increment
from duban.adapters.storage.opening import open_store
store = open_store(sys.argv[1])
for _ in range(100):
    increment(store, "c-1")
store.close()
"""


def test_two_processes_lose_no_update_and_readers_never_fail(url: str) -> None:
    with closing(PostgresqlStore(url)) as store:
        keep(store, opening("c-1", set={"n": 0}))
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, url]) for _ in range(2)]
        while any(writer.poll() is None for writer in writers):
            with store.reading() as view:
                assert replay(view.history("c-1")) == view.case("c-1")
            time.sleep(0.01)
        assert [writer.returncode for writer in writers] == [0, 0]
        with store.reading() as view:
            case = view.case("c-1")
            assert case is not None
            assert case.data == {"n": 200}
            assert len(view.history("c-1")) == 201


def test_eight_writers_on_the_same_cases_lose_nothing(url: str, tmp_path: Path) -> None:
    with closing(tiny.engine(url, tmp_path / "defs")) as engine:
        cases = [tiny.opened(engine, str(number)) for number in range(5)]
        start = Barrier(8)

        def write(number: int) -> int:
            """Half of them one by one, half many to a commit and in any order: those deadlock."""
            commands = [
                duban.Fire(
                    case=case.id,
                    trigger="note",
                    actor=tiny.ANN,
                    data={"note": f"{number}/{n}"},
                    key=f"{number}/{n}/{case.id}",
                )
                for n in range(4)
                for case in cases
            ]
            random.Random(number).shuffle(commands)
            start.wait()
            if number % 2:
                return sum(outcome.ok for outcome in engine.fire_many(commands))
            for command in commands:
                engine.fire(
                    command.case, "note", actor=tiny.ANN, data=command.data, key=command.key
                )
            return len(commands)

        told = postgresql.at_once(*(lambda number=number: write(number) for number in range(8)))
        assert told == [20] * 8
        assert sum(engine.case(case.id).version - 1 for case in cases) == 160
        assert engine.verify().holds


def test_a_request_key_that_two_use_at_once_opens_one_case(url: str, tmp_path: Path) -> None:
    with closing(tiny.engine(url, tmp_path / "defs", seed=None)) as engine:
        for number in range(10):
            start = Barrier(4)

            def ask(start: Barrier = start, number: int = number) -> str:
                start.wait()
                return tiny.opened(engine, "same", key=f"k-{number}").id

            assert len({*postgresql.at_once(ask, ask, ask, ask)}) == 1
        assert engine.tally()["cases"] == 10


def test_two_who_publish_at_once_number_their_activations_without_a_gap(
    url: str, tmp_path: Path
) -> None:
    tiny.engine(url, tmp_path / "defs").close()
    start = Barrier(3)

    def publish(days: int) -> int:
        with closing(duban.connect(url)) as engine:
            text = tiny.WORKFLOW.replace("limit: 5 workdays", f"limit: {days} workdays")
            folder = tiny.write(tmp_path / f"more-{days}", fix=text)
            start.wait()
            return len(engine.apply(str(folder)).effective)

    assert postgresql.at_once(*(lambda days=days: publish(days) for days in (7, 8, 9))) == [1, 1, 1]
    with closing(PostgresqlStore(url)) as store, store.reading() as view:
        numbers = [activation.seq for activation in view.activations()]
        assert numbers == list(range(1, len(numbers) + 1))


# ---- claims


def test_cases_and_notices_held_elsewhere_are_passed_over(url: str) -> None:
    with closing(PostgresqlStore(url, virtual=START)) as store:
        for number in range(4):
            posted = (notice(f"n-{number}", f"c-{number}"),)
            keep(store, opening(f"c-{number}", timers={"auto": START}, notices=posted))
        with store.transaction() as first:
            claimed = first.claim(START, 2)
            taken = [sent.notice.id for sent in first.claim_notices(START, 2, 60)]

            def second() -> tuple[list[str], list[str]]:
                with store.transaction() as other:
                    rest = list(other.claim(START, 10))
                    return rest, [s.notice.id for s in other.claim_notices(START, 10, 60)]

            ((rest, others),) = postgresql.at_once(second)
        assert (claimed, rest) == (["c-0", "c-1"], ["c-2", "c-3"])
        assert (taken, others) == (["n-0", "n-1"], ["n-2", "n-3"])


def test_a_timer_that_was_dropped_meanwhile_is_not_claimed(url: str) -> None:
    with closing(PostgresqlStore(url)) as store:
        cases = keep(store, *(opening(f"c-{n:02}", timers={"auto": START}) for n in range(30)))
        versions = {case.id: case for case in cases}
        start = Barrier(4)

        def sweep() -> list[str]:
            start.wait()
            done: list[str] = []
            while True:
                with store.transaction() as transaction:
                    claimed = transaction.claim(START, 2)
                    for case_id in claimed:
                        transaction.write(moving(versions[case_id], timers={"auto": None}))
                    done += claimed
                if not claimed:
                    return done

        found = [case_id for told in postgresql.at_once(*[sweep] * 4) for case_id in told]
        assert sorted(found) == sorted(versions)


# ---- those who hold things for long


def test_a_writer_does_not_wait_for_ever(url: str) -> None:
    with closing(PostgresqlStore(postgresql.with_settings(url, lock_timeout="200ms"))) as store:
        keep(store, opening("c-1"))
        with store.transaction() as first:
            first.lock("c-1")

            def second() -> None:
                with pytest.raises(Contended), store.transaction() as other:
                    other.lock("c-1")

            began = time.monotonic()
            postgresql.at_once(second)
            assert time.monotonic() - began < 3


PAUSED = """
import sys
from duban.adapters.contract.steps import moving
from duban.adapters.storage.opening import open_store
from duban.engine.errors import Unreachable
store = open_store(sys.argv[1])
try:
    with store.transaction() as transaction:
        case = transaction.lock("c-1")
        transaction.write(moving(case, set={"n": "of the paused"}))
        print("holding", flush=True)
        sys.stdin.readline()
except Unreachable as error:
    print(error, flush=True)
"""


def test_a_paused_client_is_evicted_and_writes_nothing_when_it_wakes(url: str) -> None:
    with closing(PostgresqlStore(url)) as store:
        case = keep(store, opening("c-1", set={"n": 0}))[0]
        impatient = postgresql.with_settings(url, idle_in_transaction_session_timeout="500ms")
        with subprocess.Popen(
            [sys.executable, "-c", PAUSED, impatient],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as paused:
            assert paused.stdin is not None
            assert paused.stdout is not None
            assert paused.stdout.readline() == "holding\n"
            paused.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            keep(store, moving(case, set={"n": 1}))
            assert time.monotonic() - began < 4
            paused.send_signal(signal.SIGCONT)
            out, _ = paused.communicate("go on\n", timeout=10)
        assert "stood idle for too long" in out
        with store.reading() as view:
            now = view.case("c-1")
            assert now is not None
            assert now.data == {"n": 1}


def test_two_who_wait_for_each_other_are_told_to_retry(url: str) -> None:
    with closing(PostgresqlStore(url)) as store:
        keep(store, opening("c-1"), opening("c-2"))
        start = Barrier(2)

        def lock(first: str, second: str) -> bool:
            try:
                with store.transaction() as transaction:
                    transaction.lock(first)
                    start.wait()
                    transaction.lock(second)
            except Contended:
                return False
            return True

        told = postgresql.at_once(lambda: lock("c-1", "c-2"), lambda: lock("c-2", "c-1"))
        assert sorted(told) == [False, True]


def test_a_store_that_is_gone_is_no_reason_to_try_again(url: str) -> None:
    engine = tiny.engine(url)
    engine.store.close()
    began = time.monotonic()
    with pytest.raises(Unreachable, match="closed"):
        tiny.opened(engine)
    assert time.monotonic() - began < 1
