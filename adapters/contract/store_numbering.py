"""Promises of a store about numbers: one after the other, each once, none lost to what was undone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread

from duban.adapters.contract.steps import keep, moving, opening, refused
from duban.adapters.contract.store_base import StoreBase
from duban.engine.errors import Contended, Overtaken, StaleCase
from duban.engine.ports import Store, Transaction

YEAR = '["order","number","2021"]'
OTHER = '["order","number","2022"]'
_WRITERS = 4
_EACH = 10


def numbers(key: str, number: int) -> Mapping[str, object]:
    """Return what an entry says that gives its field ``number`` a number."""
    return {"number": [key, number]}


def issue(transaction: Transaction, case_id: str, key: str = YEAR) -> int:
    """Open a case with the next number of a sequence, as the engine does, and return the number."""
    transaction.hold(looked_at=[f"number/{key}"], changed=())
    number = transaction.last_number(key) + 1
    transaction.write(opening(case_id, numbers=numbers(key, number)))
    return number


class NumberingContract(StoreBase):
    """The register of numbers."""

    def test_a_sequence_begins_at_nothing_and_goes_on_from_its_last(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store, store.transaction() as transaction:
            assert transaction.last_number(YEAR) == 0
            assert [issue(transaction, f"c-{n}") for n in range(3)] == [1, 2, 3]
            assert issue(transaction, "c-4", OTHER) == 1
            assert transaction.last_number(YEAR) == 3

    def test_what_was_issued_is_read_back_with_its_case(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", numbers=numbers(YEAR, 1)))[0]
            keep(store, moving(case, numbers=numbers(OTHER, 1)), opening("c-2"))
            with store.reading() as view:
                stored = {one.case_id: list(one.numbers) for one, _ in view.walk()}
                assert stored == {"c-1": [(1, YEAR, 1), (2, OTHER, 1)], "c-2": []}
                assert view.last_number(OTHER) == 1

    def test_a_number_stands_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", numbers=numbers(YEAR, 1)))[0]
            with refused(StaleCase):
                keep(store, opening("c-2", numbers=numbers(YEAR, 1)))
            with refused(StaleCase):
                keep(store, moving(case, numbers=numbers(YEAR, 1)))
            with store.reading() as view:
                assert view.case("c-2") is None
                assert view.case("c-1") == case

    def test_a_number_that_was_undone_is_issued_again(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            with refused(RuntimeError), store.transaction() as transaction:
                issue(transaction, "c-1")
                raise RuntimeError
            with store.transaction() as transaction:
                with refused(RuntimeError), transaction.savepoint():
                    issue(transaction, "c-2")
                    raise RuntimeError
                assert issue(transaction, "c-3") == 1
            with store.reading() as view:
                assert view.last_number(YEAR) == 1
                assert not view.gaps()

    def test_the_first_number_that_is_missing_is_told(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(
                store,
                *(opening(f"c-{n}", numbers=numbers(YEAR, n)) for n in (1, 2, 5, 7)),
                opening("d-2", numbers=numbers(OTHER, 2)),
                opening("d-1", numbers=numbers('["order","other"]', 1)),
            )
            with store.reading() as view:
                assert list(view.gaps()) == [(YEAR, 3), (OTHER, 1)]

    def test_writers_at_once_leave_no_gap(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            failures: list[BaseException] = []

            def write(writer: int) -> None:
                try:
                    for count in range(_EACH):
                        _issue_or_undo(store, f"c-{writer}-{count}", undo=count % 3 == 2)
                except BaseException as failure:  # handed to the test
                    failures.append(failure)

            threads = [Thread(target=write, args=(writer,)) for writer in range(_WRITERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if failures:
                raise failures[0]
            kept = _WRITERS * sum(count % 3 != 2 for count in range(_EACH))
            with store.reading() as view:
                assert not view.gaps()
                assert view.last_number(YEAR) == kept
                assert view.tally()["cases"] == kept


class _Undone(Exception):
    """Ends a transaction that is to leave nothing."""


def _issue_or_undo(store: Store, case_id: str, *, undo: bool) -> None:
    """Issue a number in a transaction of its own, again while others are in the way."""
    while True:
        try:
            with suppress(_Undone), store.transaction() as transaction:
                issue(transaction, case_id)
                _end(undo=undo)
        except (Contended, Overtaken):
            continue
        return


def _end(*, undo: bool) -> None:
    if undo:
        raise _Undone
