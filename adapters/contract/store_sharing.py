"""Promises of a store to threads that use it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import sleep

from duban.adapters.contract.steps import keep, moving, opening
from duban.adapters.contract.store_base import StoreBase
from duban.engine.errors import StaleCase
from duban.engine.history.evolve import replay
from duban.engine.ports import Store


def increment(store: Store, case_id: str) -> None:
    """Add one to the field ``n`` of a case, in a transaction that others would like to enter."""
    with store.transaction() as transaction:
        case = transaction.lock(case_id)
        assert case is not None
        count = case.data["n"]
        assert isinstance(count, int)
        sleep(0.001)
        transaction.write(moving(case, set={"n": count + 1}))


def _at_once(*tasks: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as failure:  # handed to the test
            failures.append(failure)

    threads = [Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class SharingContract(StoreBase):
    """Writers in turn, readers in between."""

    def test_threads_never_lose_an_update(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(store, opening("c-1", set={"n": 0}))

            def write() -> None:
                for _ in range(25):
                    increment(store, "c-1")

            def read() -> None:
                for _ in range(25):
                    with store.reading() as view:
                        case = view.case("c-1")
                        assert case is not None
                        assert replay(view.history("c-1")) == case

            _at_once(write, write, read, read)
            with store.reading() as view:
                case = view.case("c-1")
                assert case is not None
                assert case.data == {"n": 50}
                assert len(view.history("c-1")) == 51

    def test_of_two_who_decided_on_the_same_version_one_is_stale(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", set={"n": 0}))[0]
            outcomes: list[str] = []

            def decide() -> None:
                try:
                    keep(store, moving(case, set={"n": 1}))
                    outcomes.append("kept")
                except StaleCase:
                    outcomes.append("stale")

            _at_once(decide, decide)
            assert sorted(outcomes) == ["kept", "stale"]

    def test_a_case_is_claimed_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            due = opening("x").case.opened
            keep(store, *(opening(f"c-{n}", timers={"auto": due}) for n in range(20)))
            fired: list[str] = []

            def sweep() -> None:
                while True:
                    with store.transaction() as transaction:
                        claimed = transaction.claim(due, 3)
                        for case_id in claimed:
                            case = transaction.lock(case_id)
                            assert case is not None
                            transaction.write(moving(case, timers={"auto": None}))
                        fired.extend(claimed)
                    if not claimed:
                        return

            _at_once(sweep, sweep)
            assert sorted(fired) == sorted({*fired})
            assert len(fired) == 20
