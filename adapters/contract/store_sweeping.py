"""Promises of a store to the sweep, the delivery and those who publish; and its clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from duban.adapters.contract.steps import DAY, HOUR, START, keep, moving, notice, opening, refused
from duban.adapters.contract.store_base import StoreBase
from duban.engine.errors import ClockAhead, NotFound, UnknownCase
from duban.engine.ports import Published, Sent, Store, Where

LEASE = 60.0


class SweepingContract(StoreBase):
    """Timers, cases set aside, the outbox, definitions, the clock."""

    def test_the_longest_due_is_claimed_first(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(
                store,
                opening("c-1", timers={"repair": START + 3 * HOUR}),
                opening("c-2", timers={"repair": START + HOUR, "auto": START + 2 * HOUR}),
                opening("c-3", timers={"repair": START + 2 * HOUR}),
                opening("c-4", timers={"repair": START + DAY}),
            )
            with store.transaction() as transaction:
                assert transaction.next_due() == START + HOUR
                assert transaction.claim(START, 10) == []
                assert transaction.claim(START + HOUR, 10) == ["c-2"]
                assert transaction.claim(START + 4 * HOUR, 10) == ["c-2", "c-3", "c-1"]
                assert transaction.claim(START + 4 * HOUR, 1) == ["c-2"]

    def test_a_timer_moves_and_goes(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case = keep(store, opening("c-1", timers={"a": START, "b": START + HOUR}))[0]
            keep(store, moving(case, timers={"a": None, "b": START + DAY, "gone": None}))
            with store.transaction() as transaction:
                assert [(t.name, t.due) for t in transaction.timers("c-1")] == [("b", START + DAY)]
                assert transaction.claim(START + HOUR, 10) == []
                assert transaction.claim(START + DAY, 10) == ["c-1"]

    def test_a_case_set_aside_is_passed_over(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            case, _ = keep(
                store,
                opening("c-1", timers={"repair": START}),
                opening("c-2", timers={"repair": START + HOUR}),
            )
            with store.transaction() as transaction:
                transaction.set_aside("c-1", "guard failed")
                assert transaction.claim(START + HOUR, 10) == ["c-2"]
                with refused(UnknownCase):
                    transaction.set_aside("c-9", "no such case")
            keep(store, moving(case, timers={"auto": START}))
            with store.transaction() as transaction:
                assert transaction.aside("c-1") == "guard failed"
                assert transaction.next_due() == START + HOUR
                assert transaction.claim(START + HOUR, 10) == ["c-2"]
                transaction.set_aside("c-1", None)
                assert transaction.aside("c-1") is None
                assert transaction.claim(START + HOUR, 10) == ["c-1", "c-2"]

    def test_many_cases_are_woken_at_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(
                store,
                opening("c-1", campaign="fuling", timers={"auto": START + DAY}),
                opening("c-2", campaign="fuling", due=START + DAY),
                opening("c-3", timers={"repair": START + DAY}),
                opening("c-4", campaign="fuling"),
            )
            with store.transaction() as transaction:
                transaction.set_aside("c-4", "guard failed")
                assert transaction.wake_all(Where(campaign="fuling"), "auto", START) == 3
                assert transaction.wake_all(Where(campaign="none"), "auto", START) == 0
            with store.transaction() as transaction:
                assert transaction.claim(START, 10) == ["c-1", "c-2"]
                assert [timer.due for timer in transaction.timers("c-1")] == [START]
                assert [timer.name for timer in transaction.timers("c-4")] == ["auto"]
                transaction.set_aside("c-4", None)
                assert transaction.claim(START, 10) == ["c-1", "c-2", "c-4"]

    def _posted(self, store: Store) -> None:
        posted = tuple(notice(f"n-{n}", "c-1", created=START + n * HOUR) for n in (3, 1, 2))
        keep(store, opening("c-1", notices=posted))

    def _claim(self, store: Store, at: datetime, limit: int = 10) -> list[Sent]:
        with store.transaction() as transaction:
            return list(transaction.claim_notices(at, limit, LEASE))

    def test_notices_are_claimed_oldest_first_under_a_lease(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            self._posted(store)
            now = START + 2 * HOUR
            assert [s.notice.id for s in self._claim(store, now, 1)] == ["n-1"]
            (second,) = self._claim(store, now)
            assert second.notice == notice("n-2", "c-1", created=now)
            assert (second.status, second.attempts) == ("waiting", 1)
            assert self._claim(store, now + timedelta(seconds=LEASE - 1)) == []
            again = self._claim(store, now + timedelta(seconds=LEASE))
            assert [(s.notice.id, s.attempts) for s in again] == [("n-1", 2), ("n-2", 2)]

    def test_the_mark_of_a_lost_claim_is_refused(self, tmp_path: Path) -> None:
        later = START + DAY
        with self.opened(tmp_path) as store:
            self._posted(store)
            first = self._claim(store, START + HOUR)[0]
            second = self._claim(store, later)[0]
            with store.transaction() as transaction:
                assert not transaction.mark_sent("n-1", first.attempts, later)
                assert not transaction.mark_failed("n-1", first.attempts, "late", later)
                assert not transaction.mark_failed("n-1", first.attempts, "late", None)
                assert transaction.mark_sent("n-1", second.attempts, later)
                assert not transaction.mark_sent("n-1", second.attempts, later)
                assert not transaction.mark_sent("n-9", 1, later)
            with store.reading() as view:
                (sent,) = view.outbox(status="sent")
                assert (sent.notice.id, sent.next_try, sent.error) == ("n-1", None, None)

    def test_a_failure_is_tried_again_until_it_is_dead(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(store, opening("c-1", notices=(notice("n-1", "c-1"),)))
            with store.transaction() as transaction:
                assert transaction.next_due() == START
                (claimed,) = transaction.claim_notices(START, 10, LEASE)
                assert transaction.mark_failed("n-1", claimed.attempts, "refused", START + HOUR)
                assert transaction.next_due() == START + HOUR
            (claimed,) = self._claim(store, START + HOUR)
            assert claimed.error == "refused"
            with store.transaction() as transaction:
                assert transaction.mark_failed("n-1", claimed.attempts, "gone", None)
                assert transaction.next_due() is None
            assert self._claim(store, START + DAY) == []
            with store.transaction() as transaction:
                (dead,) = transaction.outbox(status="dead")
                assert (dead.attempts, dead.error, dead.next_try) == (2, "gone", None)
                assert transaction.revive("n-1", START + DAY)
                assert not transaction.revive("n-1", START + DAY)
                assert not transaction.revive("n-9", START + DAY)
            assert [s.attempts for s in self._claim(store, START + DAY)] == [3]

    def test_a_notice_for_a_vacant_post_is_a_dead_letter(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            keep(store, opening("c-1", notices=(notice("n-1", "c-1", person=None),)))
            assert self._claim(store, START + DAY) == []
            with store.reading() as view:
                assert [sent.status for sent in view.outbox()] == ["dead"]
                assert view.next_due() is None

    def test_the_outbox_shows_the_newest_first(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            self._posted(store)
            keep(store, opening("c-2", notices=(notice("n-4", "c-2"),)))
            with store.reading() as view:
                shown = [sent.notice.id for sent in view.outbox()]
                assert shown == ["n-3", "n-2", "n-1", "n-4"]
                assert [sent.notice.id for sent in view.outbox(limit=1)] == ["n-3"]
                assert [s.notice.id for s in view.outbox(case_id="c-2")] == ["n-4"]
                assert not view.outbox(case_id="c-2", status="dead")

    def test_definitions_are_kept_by_hash_and_activated_in_order(self, tmp_path: Path) -> None:
        document = Published(
            hash="h1",
            kind="workflow",
            name="hazard",
            canon=b'{"v":1}',
            source={"file": "隐患.yaml", "places": {"states.0": [3, 5]}},
        )
        with self.opened(tmp_path) as store:
            with store.transaction() as transaction:
                transaction.publish(document)
                transaction.publish(document)
                first = transaction.activate("workflow", "hazard", "h1", "li")
                second = transaction.activate("workflow", "hazard", "h1", "wang")
                with refused(NotFound):
                    transaction.activate("workflow", "hazard", "h2", "li")
                assert (first.seq, first.at, first.by) == (1, transaction.now(), "li")
            with store.reading() as view:
                assert view.document("h1") == document
                assert view.revision() == 2
                assert list(view.activations()) == [first, second]
                assert list(view.activations(after=1)) == [second]

    def test_a_virtual_clock_stands_until_it_is_set(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            with store.transaction() as transaction:
                assert transaction.now() == START
            store.set_clock(START + DAY)
            with store.reading() as view:
                assert view.now() == START + DAY
                store.set_clock(START + 2 * DAY)
                assert view.now() == START + DAY
            store.set_clock(START)
            with store.transaction() as transaction:
                assert transaction.now() == START + 2 * DAY

    def test_only_a_virtual_clock_can_be_set(self, tmp_path: Path) -> None:
        with self.opened(tmp_path, virtual=None) as store:
            with refused(ClockAhead):
                store.set_clock(START)
            with store.reading() as view:
                before = view.now()
                assert before == view.now()
                assert before.utcoffset() == timedelta(0)
            with store.transaction() as transaction:
                assert transaction.now() >= before

    def test_a_store_describes_itself(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as store:
            told = store.describe()
            assert told["kind"]
            assert told["clock"] == "virtual"
