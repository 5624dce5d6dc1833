"""Canonical JSON: the exact bytes that are stored, hashed and, later, signed.

The subset of RFC 8785 without floating point: UTF-8, NFC, ASCII keys in order, no white space,
integers below 2^53, no null members. Everything else (amounts, dates, spans) is text.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Plain: TypeAlias = "bool | int | str | Sequence[Plain] | Mapping[str, Plain]"

_LARGEST = 2**53 - 1
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(value: Plain) -> bytes:
    """Return the canonical bytes of *value*.

    Raises:
        ValueError: the value holds something that has no canonical form (a float, a null, a large
            integer, a key that is not ASCII, a lone surrogate).
    """
    text = _encode(value)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    check(value)
    return text.encode("utf-8")


def check(value: object) -> None:
    """Refuse what has no canonical form."""
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -_LARGEST <= value <= _LARGEST:  # type: ignore[operator]  # kind is int
            msg = f"{value} is too large for canonical JSON"
            raise ValueError(msg)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                msg = f"key {key!r} is not ASCII text"
                raise ValueError(msg)
            check(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check(item)
    else:
        msg = f"{value!r} has no canonical form"
        raise ValueError(msg)


def read(canon: bytes) -> dict[str, Plain]:
    """Return the object that *canon* encodes."""
    value: dict[str, Plain] = json.loads(canon)
    return value
