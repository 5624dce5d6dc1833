"""Promises of a store about finding, paging, walking and counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from duban.adapters.contract.steps import (
    DAY,
    HOUR,
    START,
    keep,
    moving,
    notice,
    opening,
    refused,
    running,
)
from duban.adapters.contract.store_base import StoreBase
from duban.engine.errors import BadUsage
from duban.engine.history.evolve import replay
from duban.engine.history.projections import case_columns, entry_columns, episodes
from duban.engine.ports import Reader, Sort, Store, Where
from duban.engine.values.canonical import canonical
from duban.engine.values.case import Case
from duban.engine.values.forms import case_form, clock_form


def _found(view: Reader, where: Where) -> list[str]:
    assert view.count(where) == len(view.find(where).cases)
    return [case.id for case in view.find(where).cases]


class ReadingContract(StoreBase):
    """Filters, orders, pages, walks."""

    def _filled(self, store: Store) -> None:
        keep(
            store,
            opening("c-1", due=START + DAY, campaign="fuling", phase="check", set={"grade": "a"}),
            opening(
                "c-2", due=START + 3 * DAY, unit="school-001", set={"grade": "a", "sealed": True}
            ),
            opening("c-3", at=START + HOUR, state="closed", counts="closed", set={"n": 1}),
            opening(
                "c-4",
                at=START + 2 * HOUR,
                workflow="task",
                due=START + 2 * DAY,
                state=["doing", "asked"],
                links=[["child", "c-1"], ["child", "c-3"], ["source", "c-2"]],
                set={"grade": 'a"b', "list": ["x", "y"], "sealed": False},
            ),
        )
        with store.transaction() as transaction:
            transaction.set_aside("c-2", "its rules failed")

    def test_each_condition_narrows(self, tmp_path: Path) -> None:
        wanted: Mapping[str, tuple[Where, list[str]]] = {
            "all": (Where(), ["c-1", "c-2", "c-3", "c-4"]),
            "workflow": (Where(workflow="task"), ["c-4"]),
            "units": (Where(units=["school-001", "school-002"]), ["c-2"]),
            "no unit": (Where(units=[]), []),
            "campaign": (Where(campaign="fuling"), ["c-1"]),
            "phase": (Where(phase="check"), ["c-1"]),
            "states": (Where(states=["found"]), ["c-1", "c-2"]),
            "a region's state": (Where(states=["asked", "closed"]), ["c-3", "c-4"]),
            "all regions": (Where(states=["doing+asked"]), ["c-4"]),
            "part of a name": (Where(states=["ask", "foun"]), []),
            "no state": (Where(states=[]), []),
            "counts": (Where(counts="closed"), ["c-3"]),
            "overdue": (Where(overdue_at=START + 2 * DAY + HOUR), ["c-1", "c-4"]),
            "not yet overdue": (Where(overdue_at=START + DAY), []),
            "due": (Where(due_before=START + 2 * DAY), ["c-1"]),
            "opened from": (Where(opened_from=START + HOUR), ["c-3", "c-4"]),
            "opened before": (Where(opened_before=START + HOUR), ["c-1", "c-2"]),
            "linked": (Where(linked=("child", "c-4")), ["c-1", "c-3"]),
            "not linked": (Where(linked=("child", "c-1")), []),
            "aside": (Where(set_aside=True), ["c-2"]),
            "not aside": (Where(set_aside=False), ["c-1", "c-3", "c-4"]),
            "several": (Where(workflow="hazard", counts="open", set_aside=False), ["c-1"]),
        }
        with self.opened(tmp_path) as store:
            self._filled(store)
            with store.reading() as view:
                for name, (where, ids) in wanted.items():
                    assert _found(view, where) == ids, name

    def test_clocks_in_a_grace_and_provisional_dues_are_told_apart(self, tmp_path: Path) -> None:
        clock = running(START, START + DAY)
        forms = {
            "c-1": clock_form(replace(clock, lapses=START + 2 * DAY)),
            "c-2": clock_form(replace(clock, provisional=True)),
            "c-3": clock_form(replace(clock, due=None, ended=START + HOUR, provisional=True)),
        }
        with self.opened(tmp_path) as store:
            opened = [opening(name, clocks={"repair": form}) for name, form in forms.items()]
            first = keep(store, *opened)[0]
            with store.reading() as view:
                assert _found(view, Where(overdue_at=START + DAY + HOUR)) == ["c-2"]
                assert _found(view, Where(overdue_at=START + 2 * DAY + HOUR)) == ["c-1", "c-2"]
                assert _found(view, Where(running=True)) == ["c-1", "c-2"]
                assert _found(view, Where(running=False)) == ["c-3"]
                assert _found(view, Where(provisional=True)) == ["c-2"]
                assert _found(view, Where(provisional=False)) == ["c-1", "c-3"]
            keep(store, moving(first, clocks={"repair": forms["c-2"]}))
            with store.reading() as view:
                assert _found(view, Where(overdue_at=START + DAY + HOUR)) == ["c-1", "c-2"]
                assert _found(view, Where(provisional=True)) == ["c-1", "c-2"]

    def test_the_rules_in_use_are_listed_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            hashes = {"c-1": "b" * 64, "c-2": "a" * 64, "c-3": "b" * 64, "c-4": "c" * 64}
            keep(store, *(opening(name, rules=hash) for name, hash in hashes.items()))
            with store.reading() as view:
                assert view.rules(Where()) == ["a" * 64, "b" * 64, "c" * 64]
                assert view.rules(Where(counts="closed")) == []
                assert _found(view, Where(rules=["b" * 64, "c" * 64])) == ["c-1", "c-3", "c-4"]
                assert _found(view, Where(rules=[])) == []

    def test_fields_are_compared_by_value_and_kind(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            self._filled(store)
            with store.reading() as view:
                assert _found(view, Where(fields={"grade": "a"})) == ["c-1", "c-2"]
                assert _found(view, Where(fields={"grade": "a", "sealed": True})) == ["c-2"]
                assert _found(view, Where(fields={"grade": 'a"b'})) == ["c-4"]
                assert _found(view, Where(fields={"sealed": False})) == ["c-4"]
                assert _found(view, Where(fields={"n": 1})) == ["c-3"]
                assert _found(view, Where(fields={"n": True})) == []
                assert _found(view, Where(fields={"n": "1"})) == []
                assert _found(view, Where(fields={"list": ["x", "y"]})) == ["c-4"]
                assert _found(view, Where(fields={"grade' OR 1=1 --": "a"})) == []
                assert _found(view, Where(fields={"grade": "' OR 1=1 --"})) == []

    def test_a_case_that_moved_is_found_where_it_is(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", due=START + DAY))[0]
            moves = [["", "found", "closed"]]
            step = moving(case, moves=moves, counts="closed", set={"n": 2}, links=[["next", "c-2"]])
            keep(store, opening("c-2"), step)
            with store.reading() as view:
                assert _found(view, Where(states=["closed"], counts="closed")) == ["c-1"]
                assert _found(view, Where(counts="open")) == ["c-2"]
                assert _found(view, Where(overdue_at=START + 9 * DAY)) == []
                assert _found(view, Where(fields={"n": 2})) == ["c-1"]
                assert _found(view, Where(linked=("next", "c-1"))) == ["c-2"]

    def test_every_order_pages_without_loss_or_doubles(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            steps = [
                opening(
                    f"c-{n:02}",
                    at=START + (n % 3) * HOUR,
                    due=None if n % 4 == 0 else START + (n % 3) * DAY,
                    unit=f"school-{n % 2}",
                )
                for n in range(23)
            ]
            keep(store, *steps)
            for sort in get_args(Sort):
                for descending in (False, True):
                    with store.reading() as view:
                        self._check_order(view, sort, descending)

    def _check_order(self, view: Reader, sort: Sort, descending: bool) -> None:
        whole = view.find(Where(), sort=sort, descending=descending, limit=100)
        assert whole.next is None
        assert len(whole.cases) == 23
        paged: list[Case] = []
        after: str | None = None
        while True:
            page = view.find(Where(), sort=sort, descending=descending, limit=4, after=after)
            paged += page.cases
            after = page.next
            if after is None:
                break
        assert tuple(paged) == whole.cases
        self._check_values(sort, descending, [getattr(case, sort) for case in whole.cases])
        if sort != "id":
            groups: dict[object, list[str]] = {}
            for case in whole.cases:
                groups.setdefault(getattr(case, sort), []).append(case.id)
            assert all(ids == sorted(ids) for ids in groups.values())

    def _check_values(self, sort: Sort, descending: bool, values: list[object]) -> None:
        some = [value for value in values if value is not None]
        assert values[len(some) :] == [None] * (len(values) - len(some)), sort
        assert some == sorted(some, reverse=descending), sort  # type: ignore[type-var]  # one kind

    def test_a_page_begins_only_where_one_ended(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store, store.reading() as view, refused(BadUsage):
            view.find(Where(), sort="due", after="nonsense")

    def test_a_walk_yields_every_case_as_it_is_stored(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            cases = keep(store, *(opening(f"c-{n:03}", due=START) for n in range(250)))
            rung = {"deadline": "repair", "round": 1, "rung": 1, "name": "due", "late": "0"}
            step = moving(cases[7], links=[["parent", "c-001"]], kind="rung", rung=rung, episode=2)
            cases[7] = keep(store, step)[0]
            with store.reading() as view:
                walked = list(view.walk())
                assert [stored.case_id for stored, _ in walked] == [case.id for case in cases]
                for case, (stored, entries) in zip(cases, walked, strict=True):
                    assert replay(entries) == case
                    assert stored.body == canonical(case_form(case))
                    assert stored.columns == case_columns(case)
                    beside = [entry_columns(*pair) for pair in episodes(entries, case.episode)]
                    assert list(stored.entries) == beside[::-1]
                rest = [stored.case_id for stored, _ in view.walk(after="c-247")]
                assert rest == ["c-248", "c-249"]

    def test_nothing_strays(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            self._filled(store)
            with store.reading() as view:
                assert not view.strays()

    def test_the_tally_counts(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            self._filled(store)
            nobody = notice("n-2", "c-5", person=None)
            posted = (notice("n-1", "c-5"), nobody)
            keep(store, opening("c-5", timers={"repair": START}, notices=posted))
            with store.reading() as view:
                assert view.tally() == {
                    "cases": 5,
                    "aside": 1,
                    "entries": 5,
                    "timers": 1,
                    "waiting": 1,
                    "sent": 0,
                    "dead": 1,
                }
