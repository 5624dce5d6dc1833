"""Promises of a store about writing: all or nothing, in turn, once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from duban.adapters.contract.steps import (
    DAY,
    HOUR,
    START,
    keep,
    moving,
    notice,
    opening,
    refused,
)
from duban.adapters.contract.store_base import StoreBase
from duban.engine.errors import NestedTransaction, StaleCase, UnknownCase
from duban.engine.history.entry import Secret
from duban.engine.history.evolve import replay
from duban.engine.ports import Request, Timer, Where, Write


class WritingContract(StoreBase):
    """Steps, savepoints, versions, request keys, personal values."""

    def test_a_step_is_read_back_as_it_was_written(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            step = opening(
                "c-1",
                due=START + DAY,
                timers={"repair": START + HOUR},
                set={"title": "消防通道被占用", "count": 3, "sealed": True, "tags": ["a", "b"]},
                campaign="fuling",
                links=[["parent", "c-0"]],
                notices=(notice("n-1", "c-1"),),
                key="k-1=hash",
            )
            keep(store, step)
            with store.reading() as view:
                assert view.case("c-1") == step.case
                assert view.history("c-1")[0].canon == step.entries[0].canon
                assert view.history("c-1")[0].hash == step.case.head
                assert view.timers("c-1") == [Timer(case="c-1", name="repair", due=START + HOUR)]
                assert view.request("k-1") == step.request
                assert [sent.notice for sent in view.outbox(case_id="c-1")] == list(step.notices)

    def test_what_is_not_there_is_none(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store, store.reading() as view:
            assert view.case("c-1") is None
            assert view.aside("c-1") is None
            assert view.request("k") is None
            assert view.document("h") is None
            assert view.next_due() is None
            assert not view.history("c-1")
            assert not view.timers("c-1")
            assert view.revision() == 0

    def test_history_replays_to_the_stored_case(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", set={"n": 1}))[0]
            for count in range(5):
                case = keep(store, moving(case, set={"n": count}, moves=[["", "found", "found"]]))[
                    0
                ]
            with store.reading() as view:
                assert replay(view.history("c-1")) == view.case("c-1") == case

    def test_a_transaction_sees_what_it_wrote(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store, store.transaction() as transaction:
            step = opening("c-1", timers={"repair": START})
            transaction.write(step)
            transaction.wake("c-1", "auto", START - HOUR)
            assert transaction.lock("c-1") == step.case
            assert transaction.find(Where(workflow="hazard")).cases == (step.case,)
            assert [timer.name for timer in transaction.timers("c-1")] == ["auto", "repair"]
            assert transaction.claim(START, 10) == ["c-1"]
            assert transaction.next_due() == START - HOUR

    def test_a_failed_transaction_leaves_nothing(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            old = keep(store, opening("c-1", timers={"repair": START}))[0]
            with refused(RuntimeError), store.transaction() as transaction:
                gone = {"repair": None}
                transaction.write(moving(old, timers=gone, notices=(notice("n-1", "c-1"),)))
                transaction.write(opening("c-2", key="k=1"))
                transaction.set_aside("c-1", "broken")
                raise RuntimeError
            with store.reading() as view:
                assert view.case("c-1") == old
                assert view.case("c-2") is None
                assert view.request("k") is None
                assert view.aside("c-1") is None
                assert not view.outbox()
                assert len(view.timers("c-1")) == 1
                assert view.tally()["entries"] == 1

    def test_a_savepoint_undoes_only_what_is_inside(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            with store.transaction() as transaction:
                transaction.write(opening("c-1"))
                with refused(RuntimeError), transaction.savepoint():
                    transaction.write(opening("c-2"))
                    with transaction.savepoint():
                        transaction.write(opening("c-3"))
                    raise RuntimeError
                with transaction.savepoint():
                    transaction.write(opening("c-4"))
                    with refused(RuntimeError), transaction.savepoint():
                        transaction.write(opening("c-5"))
                        raise RuntimeError
                transaction.write(opening("c-2", set={"again": True}))
            with store.reading() as view:
                assert [case.id for case in view.find(Where()).cases] == ["c-1", "c-2", "c-4"]
                again = view.case("c-2")
                assert again is not None
                assert again.data == {"again": True}

    def test_a_stale_step_is_refused_and_changes_nothing(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            first = keep(store, opening("c-1"))[0]
            second = keep(store, moving(first, set={"n": 1}))[0]
            late = moving(first, set={"n": 2}, timers={"repair": START})
            with refused(StaleCase):
                keep(store, late)
            with refused(StaleCase):
                keep(store, opening("c-1"))
            with refused(StaleCase):
                keep(store, moving(opening("c-9").case))
            with store.reading() as view:
                assert view.case("c-1") == second
                assert len(view.history("c-1")) == 2
                assert not view.timers("c-1")

    def test_a_stale_step_does_not_sink_the_steps_around_it(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            first = keep(store, opening("c-1"))[0]
            keep(store, moving(first))
            with store.transaction() as transaction:
                transaction.write(opening("c-2"))
                with refused(StaleCase), transaction.savepoint():
                    transaction.write(moving(first, set={"n": 2}))
                transaction.write(opening("c-3"))
            with store.reading() as view:
                assert view.count(Where()) == 3

    def test_a_request_key_counts_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(store, opening("c-1", key="import-7=body"))
            for body in ("body", "other body"):
                with refused(StaleCase):
                    keep(store, opening("c-2", key=f"import-7={body}"))
            with store.reading() as view:
                assert view.case("c-2") is None
                kept = Request(key="import-7", salt=b"s" * 32, body_hash="body", case="c-1", seq=1)
                assert view.request("import-7") == kept

    def test_a_rung_is_stored_once(self, tmp_path: Path) -> None:
        rung = {"deadline": "repair", "round": 1, "rung": 2, "name": "at due", "late": "0"}
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1"))[0]
            case = keep(store, moving(case, kind="rung", rung=rung))[0]
            with refused(StaleCase):
                keep(store, moving(case, kind="rung", rung=rung))
            case = keep(store, moving(case, kind="rung", rung={**rung, "round": 2}))[0]
            keep(store, moving(case, kind="rung", rung=rung, episode=2))
            with store.reading() as view:
                assert len(view.history("c-1")) == 4

    def test_several_entries_of_one_step_are_kept_in_order(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            first = keep(store, opening("c-1"))[0]
            one = moving(first, set={"n": 1})
            two = moving(one.case, set={"n": 2}, episode=2)
            keep(
                store, Write(case=two.case, before=1, entries=one.entries + two.entries, timers={})
            )
            with store.reading() as view:
                assert [entry.seq for entry in view.history("c-1")] == [1, 2, 3]
                assert replay(view.history("c-1")) == two.case

    def test_personal_values_stand_beside_the_bytes(self, tmp_path: Path) -> None:
        secret = Secret(salt=b"s" * 32, value="王小明")
        with self.opened(tmp_path) as store:
            step = opening(
                "c-1", set={"reporter": "王小明", "n": 1}, secrets={"set.reporter": secret}
            )
            keep(store, step)
            with store.reading() as view:
                entry = view.history("c-1")[0]
                assert "王小明".encode() not in entry.canon
                assert entry.secrets == {"set.reporter": secret}
                assert entry.values("set") == {"reporter": "王小明", "n": 1}
                walked = [entries for _, entries in view.walk()]
                assert walked[0][0].secrets == {"set.reporter": secret}

    def test_a_thread_holds_one_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            with store.transaction(), refused(NestedTransaction), store.transaction():
                pass
            with store.reading(), refused(NestedTransaction), store.transaction():
                pass
            with store.transaction() as transaction:
                transaction.write(opening("c-1"))

    def test_a_view_does_not_see_what_is_not_kept_yet(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store, store.transaction() as transaction:
            transaction.write(opening("c-1", timers={"repair": START}))
            with store.reading() as view:
                assert view.case("c-1") is None
                assert view.next_due() is None

    def test_waking_sets_a_timer_and_leaves_the_case(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", timers={"auto": START + DAY}))[0]
            with store.transaction() as transaction:
                transaction.wake("c-1", "auto", START)
                with refused(UnknownCase):
                    transaction.wake("c-2", "auto", START)
            with store.reading() as view:
                assert view.timers("c-1") == [Timer(case="c-1", name="auto", due=START)]
                assert view.case("c-1") == case

    def test_instants_keep_their_microseconds(self, tmp_path: Path) -> None:
        odd = START + timedelta(microseconds=1)
        with self.opened(tmp_path) as store:
            keep(store, opening("c-1", at=odd, timers={"repair": odd}))
            with store.reading() as view:
                assert view.next_due() == odd
                assert view.find(Where(opened_from=odd)).cases
                assert not view.find(Where(opened_before=odd)).cases
