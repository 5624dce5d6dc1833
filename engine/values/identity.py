"""Ids that follow from what they name, so that a retry makes the same one."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from duban.engine.timing.instants import to_micros

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def encode(number: int, length: int) -> str:
    """Return *number* in Crockford's base 32, padded to *length*."""
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def timed_id(now: datetime, number: int) -> str:
    """Return an opaque id of 26 characters: 48 bits of milliseconds, then 80 bits of *number*."""
    return encode(to_micros(now) // 1000, 10) + encode(number % 2**80, 16)


def derived_id(now: datetime, *parts: str | int) -> str:
    """Return an id that sorts by time and follows from *parts*."""
    digest = sha256("\x00".join(str(part) for part in parts).encode()).digest()
    return timed_id(now, int.from_bytes(digest[:10], "big"))


def short_hash(*parts: str | int) -> str:
    """Return 26 characters that follow from *parts*."""
    digest = sha256("\x00".join(str(part) for part in parts).encode()).digest()
    return encode(int.from_bytes(digest[:16], "big") + (1 << 129), 26)
