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
    check(value)
    return encoded(value)


def encoded(value: Plain) -> bytes:
    """Return the canonical bytes of a *value* that is known to have them: checking costs more."""
    text = _encode(value)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        # Only texts themselves: across an escape, `\\n` and a tilde would become one letter.
        text = _encode(_composed(value))
    return text.encode("utf-8")


def _composed(value: Plain) -> Plain:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {key: _composed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_composed(item) for item in value]
    return value


def check(value: object) -> None:
    """Refuse what has no canonical form."""
    kind = type(value)
    if kind is str or kind is bool:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                msg = f"key {key!r} is not ASCII text"
                raise ValueError(msg)
            check(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check(item)
    elif not isinstance(value, int) or not -_LARGEST <= value <= _LARGEST:
        msg = f"{value!r} has no canonical form"
        raise ValueError(msg)


def read(canon: bytes) -> dict[str, Plain]:
    """Return the object that *canon* encodes."""
    value: dict[str, Plain] = json.loads(canon)
    return value
