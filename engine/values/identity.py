"""Ids: opaque, sorted by time; and those that follow from what they name, so that a retry agrees."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from duban.engine.timing.instants import to_micros

TAIL_BITS = 80
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def millis(now: datetime) -> int:
    """Return the milliseconds that an id made at *now* begins with."""
    return to_micros(now) // 1000


def timed_id(milliseconds: int, tail: int) -> str:
    """Return an id of 26 characters: 10 of milliseconds, 16 of *tail* (80 bits)."""
    return _encoded(milliseconds, 10) + _encoded(tail, 16)


def derived_id(now: datetime, *parts: str | int) -> str:
    """Return the id that follows from *now* and *parts*, the same each time."""
    tail = int.from_bytes(_digest(b"duban/id/v1\x00", parts)[:10], "big")
    return timed_id(millis(now), tail)


def short_hash(*parts: str | int) -> str:
    """Return 26 characters that follow from *parts* alone."""
    return _encoded(int.from_bytes(_digest(b"duban/name/v1\x00", parts)[:16], "big"), 26)


def _digest(domain: bytes, parts: tuple[str | int, ...]) -> bytes:
    digest = sha256(domain)
    for part in parts:
        text = str(part).encode()
        # With its length before it, no part can run over into the next.
        digest.update(len(text).to_bytes(4, "big") + text)
    return digest.digest()


def _encoded(number: int, length: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * length - 5, -1, -5))
