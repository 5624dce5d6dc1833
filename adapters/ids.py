"""Ids that sort by time: 10 characters of milliseconds, then 16 of chance or of a hash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from random import Random
from threading import Lock

from duban.engine.timing.instants import to_micros

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TAIL_BITS = 80


class _TimedIds:
    """Ids in the order in which they were asked for; *chance* returns that many random bits."""

    def __init__(self, chance: Callable[[int], int]) -> None:
        self._chance = chance
        self._lock = Lock()
        self._millis = -1
        self._tail = 0

    def case_id(self, now: datetime) -> str:
        """Return a new id, greater than the one before even if the clock went back."""
        millis = _millis(now)
        with self._lock:
            if millis > self._millis:
                self._millis = millis
                # One bit is kept free, so that counting on within a millisecond cannot run over.
                self._tail = self._chance(_TAIL_BITS - 1)
            else:
                self._tail += 1
            return _encoded(self._millis, 10) + _encoded(self._tail, 16)

    def derived(self, now: datetime, *parts: str) -> str:
        """Return the id that follows from *now* and *parts*, the same each time."""
        digest = sha256(b"duban/id/v1\x00")
        for part in parts:
            text = part.encode()
            digest.update(len(text).to_bytes(4, "big") + text)
        tail = int.from_bytes(digest.digest()[:10], "big")
        return _encoded(_millis(now), 10) + _encoded(tail, 16)

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


def _millis(now: datetime) -> int:
    return to_micros(now) // 1000


def _encoded(number: int, length: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * length - 5, -1, -5))
