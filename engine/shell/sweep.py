"""The sweep: whatever fell due happens, in bounded transactions, and one bad case stops nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from duban.engine.errors import DubanError, Unreachable
from duban.engine.ports import Ids, Store
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.work import Work

_BATCH = 100


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
    total = Swept()
    while not stop():
        with store.transaction() as tx:
            claimed = tx.claim(tx.now(), batch)
            done, aside = [], []
            for case_id in claimed:
                work = Work(tx, catalogue, ids)
                try:
                    with tx.savepoint():
                        work.settle(case_id)
                except Unreachable:
                    raise
                except Exception as error:  # one bad case never stops the sweep
                    why = error.text("en") if isinstance(error, DubanError) else repr(error)
                    tx.set_aside(case_id, why)
                    aside.append((case_id, why))
                else:
                    done.append(work)
        total = Swept(
            cases=total.cases + len(claimed),
            entries=total.entries + sum(work.entries for work in done),
            rungs=total.rungs + sum(work.rungs for work in done),
            opened=total.opened + sum(work.opened for work in done),
            aside=(*total.aside, *aside),
        )
        # What was opened just now may be due already: only an empty claim ends the sweep.
        if not claimed:
            break
    return total
