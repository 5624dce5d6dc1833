"""The chain of hashes over a case's entries; its beginning is bound to the case's id."""

from __future__ import annotations

from hashlib import sha256

from duban.engine.values.canonical import Plain, canonical

_ENTRY = b"duban/entry/v1\x00"
_GENESIS = b"duban/genesis/v1\x00"
_FIELD = b"duban/field/v1\x00"


def genesis(case: str) -> str:
    """Return the hash that stands before the first entry of *case*."""
    return sha256(_GENESIS + case.encode()).hexdigest()


def link(before: str, canon: bytes) -> str:
    """Return the hash of the entry *canon* that follows the entry with hash *before*."""
    return sha256(_ENTRY + bytes.fromhex(before) + canon).hexdigest()


def commitment(salt: bytes, case: str, seq: int, path: str, value: Plain) -> str:
    """Return what stands in an entry's bytes in place of a personal *value*."""
    place = canonical([case, seq, path])
    return sha256(_FIELD + salt + place + canonical(value)).hexdigest()
