"""Work that other transactions got in the way of is done again, whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import uniform
from time import monotonic, sleep
from typing import TypeVar

from duban.engine.errors import Contended, Overtaken, StaleCase
from duban.engine.ports import Store, Transaction

T = TypeVar("T")

_MOST = 8
_FIRST_PAUSE = 0.01
_PATIENCE = 15.0


@contextmanager
def racing() -> Iterator[None]:
    """Say of a step that is stale, although it was decided in this transaction, that it raced.

    What it was decided on was locked, or was not there: somebody stored the same meanwhile.
    """
    try:
        yield
    except StaleCase as error:
        raise Overtaken(**error.facts) from error


def attempt(store: Store, work: Callable[[Transaction], T]) -> T:
    """Return what *work* gives in a transaction of its own; do it again when it was in the way.

    *work* must bring nothing about but through its transaction.

    Raises:
        Contended, Overtaken: others were in the way too often, or for too long.
    """
    began, pause = monotonic(), _FIRST_PAUSE
    for _ in range(_MOST - 1):
        try:
            with store.transaction() as tx:
                return work(tx)
        except (Contended, Overtaken):
            if monotonic() - began > _PATIENCE:
                raise
        # At random, so that those who collided do not collide again.
        sleep(uniform(pause / 2, pause))
        pause *= 2
    with store.transaction() as tx:
        return work(tx)


def step(tx: Transaction, work: Callable[[], T], *, most: int = 3) -> T:
    """Return what *work* gives in a savepoint; do it again when it was overtaken.

    Whoever was faster has finished by then, so that the next try sees what they stored.
    """
    for _ in range(most - 1):
        try:
            with tx.savepoint():
                return work()
        except Overtaken:
            continue
    with tx.savepoint():
        return work()
