"""Promises of a store about facts: entries by trigger, choices of values, and who watches what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from duban.adapters.contract.steps import HOUR, START, keep, moving, opening
from duban.adapters.contract.store_base import StoreBase
from duban.engine.ports import Fired, Where


class WatchingContract(StoreBase):
    """What facts ask, and the keys under which cases are woken."""

    def test_ids_and_choices_of_values_narrow(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(store, *(opening(f"c-{n}", set={"grade": n, "name": f"n{n}"}) for n in range(4)))
            with store.reading() as view:
                for where, ids in (
                    (Where(ids=["c-1", "c-3", "no"]), ["c-1", "c-3"]),
                    (Where(ids=[]), []),
                    (Where(fields={"grade": (0, 3)}), ["c-0", "c-3"]),
                    (Where(fields={"name": ("n1", "n2"), "grade": (2, 3)}), ["c-2"]),
                    (Where(fields={"name": ()}), []),
                ):
                    assert [case.id for case in view.find(where).cases] == ids
                    assert view.count(where) == len(ids)

    def test_entries_of_a_trigger_are_found_without_signatures(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            one, _ = keep(store, opening("c-1"), opening("c-2", unit="school-001"))
            signed = moving(one, kind="sign", signed=[["found", "transitions.1"]])
            [after] = keep(store, signed)
            keep(store, moving(after, at=START + 3 * HOUR))
            with store.reading() as view:
                found = [Fired("c-1", 3, START + 3 * HOUR)]
                assert view.fired(Where(units=["school-017"]), "note", 10) == found
                assert view.fired(Where(), "note", 0) == []
                assert view.fired(Where(units=["school-001"]), "note", 10) == []

    def test_a_case_watches_the_keys_that_it_was_last_stored_with(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            step = replace(opening("c-1"), watches=frozenset({"a", "b"}))
            one, two = keep(store, step, replace(opening("c-2"), watches=frozenset({"b"})))
            with store.reading() as view:
                assert view.watchers(["a", "b", "c"]) == ["c-1", "c-2"]
                assert view.watchers([]) == []
            keep(store, moving(one), replace(moving(two), watches=frozenset()))
            with store.reading() as view:
                assert view.watchers(["a"]) == ["c-1"]
                assert view.watchers(["b"]) == ["c-1"]
