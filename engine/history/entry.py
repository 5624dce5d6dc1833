"""One immutable line of a case's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from duban.engine.history.chain import commitment, link
from duban.engine.timing.instants import read_instant
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain, canonical, read
from duban.engine.values.forms import actor_of

ERASED: Mapping[str, Plain] = {"erased": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A personal value and the salt of its commitment; both can be erased."""

    salt: bytes
    value: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it is stored: its exact bytes, their hash in the chain, and what they say.

    ``secrets`` holds the personal values by path (``set.reporter``, ``input.reason``); the bytes
    hold commitments to them.
    """

    case: str
    seq: int
    canon: bytes
    hash: str
    body: Mapping[str, Any]
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What kind of happening it records."""
        return str(self.body["kind"])

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        return read_instant(self.body["at"])

    @property
    def effective(self) -> datetime:
        """The instant for which it counts."""
        return read_instant(self.body.get("effective", self.body["at"]))

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return actor_of(self.body["actor"])

    @property
    def trigger(self) -> str | None:
        """The trigger fired, if any."""
        return self.body.get("trigger")

    def values(self, part: str) -> dict[str, Plain]:
        """Return the members of ``set`` or ``input`` with personal values opened, or ``erased``."""
        members: Mapping[str, Plain] = self.body.get(part, {})
        return {name: self._opened(f"{part}.{name}", value) for name, value in members.items()}

    def _opened(self, path: str, value: Plain) -> Plain:
        if not is_commitment(value):
            return value
        secret = self.secrets.get(path)
        return ERASED if secret is None else secret.value


def is_commitment(value: Plain) -> bool:
    """Whether *value* stands in an entry for a personal value."""
    return isinstance(value, dict) and value.keys() == {"commit"}


def seal(body: dict[str, Plain], before: str, secrets: Mapping[str, Secret]) -> Entry:
    """Return *body* as the entry that follows the hash *before*.

    Values named in *secrets* are replaced by commitments.
    """
    case, seq = str(body["case"]), body["seq"]
    assert isinstance(seq, int)
    for path, secret in secrets.items():
        part, name = path.split(".", 1)
        members = body[part]
        assert isinstance(members, dict)
        members[name] = {"commit": commitment(secret.salt, case, seq, path, secret.value)}
    canon = canonical(body)
    return Entry(
        case=case, seq=seq, canon=canon, hash=link(before, canon), body=body, secrets=secrets
    )


def unseal(canon: bytes, hash: str, secrets: Mapping[str, Secret]) -> Entry:
    """Return the stored entry with these bytes, as it says of itself; nothing is checked."""
    body: dict[str, Any] = read(canon)
    return Entry(
        case=body["case"], seq=body["seq"], canon=canon, hash=hash, body=body, secrets=secrets
    )
