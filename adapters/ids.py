"""The source of new ids and salts: of chance, or of a seed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from random import Random
from threading import Lock

from duban.engine.values.identity import TAIL_BITS, millis, timed_id


class _TimedIds:
    """Ids in the order in which they were asked for; *chance* returns that many random bits."""

    def __init__(self, chance: Callable[[int], int]) -> None:
        self._chance = chance
        self._lock = Lock()
        self._millis = -1
        self._tail = 0

    def case_id(self, now: datetime) -> str:
        """Return a new id, greater than the one before even if the clock went back."""
        moment = millis(now)
        with self._lock:
            if moment > self._millis:
                self._millis = moment
                # One bit is kept free, so that counting on within a millisecond cannot run over.
                self._tail = self._chance(TAIL_BITS - 1)
            else:
                self._tail += 1
            return timed_id(self._millis, self._tail)

    def salt(self) -> bytes:
        """Return 32 bytes of chance."""
        with self._lock:
            return self._chance(256).to_bytes(32, "big")


class RandomIds(_TimedIds):
    """Ids that nobody can guess."""

    def __init__(self) -> None:
        super().__init__(secrets.randbits)


class SeededIds(_TimedIds):
    """The same ids in every run with the same *seed*: for simulation, never for real cases."""

    def __init__(self, seed: int | str) -> None:
        super().__init__(Random(seed).getrandbits)
