"""What a caller, or a rule, wants done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from duban.engine.values.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The entry that made this one happen, and the rule of it."""

    case: str
    seq: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The command to open a case. ``campaign`` is found by the engine when it is not given."""

    workflow: str
    unit: str
    actor: Actor
    data: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    campaign: str | None = None
    id: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """The command to fire a trigger. ``version`` refuses when the case has moved on meanwhile."""

    case: str
    trigger: str
    actor: Actor
    data: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    version: int | None = None
    cause: Cause | None = None
    otherwise_skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """The command to note on ``case`` that another case was tied to it under ``name``."""

    case: str
    name: str
    other: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """The command to take ``case`` to other rules, with the reason that its history keeps.

    ``states`` and ``deadlines`` say under which names the new rules know those of the old ones.
    """

    case: str
    actor: Actor
    reason: str
    states: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The command to note on ``case`` that entry ``seq`` of ``other``, its basis, was struck."""

    case: str
    other: str
    seq: int
    cause: Cause


Command = Open | Fire
# What a rule may note on another case: nothing that roles or conditions could refuse.
Note = Tie | Flag
