"""The sweep: whatever fell due happens, in bounded transactions, and one bad case stops nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from duban.engine.core.course import Decision, NeverRests
from duban.engine.errors import DubanError, Unreachable
from duban.engine.ports import Ids, Store, Transaction
from duban.engine.shell.attempts import attempt, step
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.work import Work

_BATCH = 100
# A case that gathers what happens elsewhere may move often; one that never rests moves more.
_MOST_MOVES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did; ``aside`` are cases set aside with the reason."""

    cases: int = 0
    entries: int = 0
    rungs: int = 0
    opened: int = 0
    aside: tuple[tuple[str, str], ...] = ()


def sweep(
    store: Store, catalogue: Catalogue, ids: Ids, *, stop: Callable[[], bool], batch: int = _BATCH
) -> Swept:
    """Let everything happen that is due by the store's clock, *batch* cases to a transaction."""
    moved: Counter[str] = Counter()

    def one_batch(tx: Transaction) -> Swept:
        return sweep_batch(tx, catalogue, ids, batch, moved=moved)

    total = Swept()
    while not stop():
        swept = attempt(store, one_batch)
        total = Swept(
            cases=total.cases + swept.cases,
            entries=total.entries + swept.entries,
            rungs=total.rungs + swept.rungs,
            opened=total.opened + swept.opened,
            aside=(*total.aside, *swept.aside),
        )
        # What was opened just now may be due already: only an empty claim ends the sweep.
        if not swept.cases:
            break
    return total


def sweep_batch(
    tx: Transaction,
    catalogue: Catalogue,
    ids: Ids,
    batch: int,
    told: Callable[[Decision], None] | None = None,
    *,
    moved: Counter[str],
) -> Swept:
    """Settle up to *batch* cases that are due, in *tx*; *told* hears of every decision.

    *moved* counts how often each case moved in this sweep: two that watch each other could go on
    for ever, and are stopped.
    """
    claimed = tx.claim(tx.now(), batch)
    done, aside = [], []
    for case_id in claimed:

        def settled(case_id: str = case_id) -> Work:
            work = Work(tx, catalogue, ids, told)
            if moved[case_id] >= _MOST_MOVES:
                raise NeverRests(case=case_id, steps=_MOST_MOVES, last="watching")
            work.settle(case_id)
            moved[case_id] += work.entries > 0
            return work

        try:
            done.append(step(tx, settled))
        except Unreachable:
            raise
        except Exception as error:  # one bad case never stops the sweep
            why = error.text("en") if isinstance(error, DubanError) else repr(error)
            tx.set_aside(case_id, why)
            aside.append((case_id, why))
    return Swept(
        cases=len(claimed),
        entries=sum(work.entries for work in done),
        rungs=sum(work.rungs for work in done),
        opened=sum(work.opened for work in done),
        aside=tuple(aside),
    )
