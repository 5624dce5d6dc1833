"""Deciding with numbers: the core says which one it wants, it is read and held, and decided again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from duban.engine.core.numbers import NumberWanted
from duban.engine.core.world import World
from duban.engine.ports import Transaction

T = TypeVar("T")


def numbered(decide: Callable[[World], T], world: World, last: Callable[[str], int]) -> T:
    """Return what *decide* gives, with the last number of each sequence that it asks for."""
    while True:
        try:
            return decide(world)
        except NumberWanted as wanted:
            known = {**world.numbers, wanted.key: last(wanted.key)}
            world = replace(world, numbers=known)


def held_number(tx: Transaction) -> Callable[[str], int]:
    """Return how the last number of a sequence is read, held until the transaction ends.

    What is undone gives its number back, since whoever comes next has waited for that.
    """

    def last(key: str) -> int:
        tx.hold(looked_at={f"number/{key}"}, changed=())
        return tx.last_number(key)

    return last
