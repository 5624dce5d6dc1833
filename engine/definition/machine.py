"""The compiled form of a case's rules: an immutable table that production runs on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from duban.engine.definition.expressions import Expression, Language
from duban.engine.definition.facts import CompiledFact
from duban.engine.definition.fields import Field
from duban.engine.definition.selector import Selector
from duban.engine.definition.workflow import (
    Binding,
    Deadline,
    Effect,
    Extension,
    State,
    Workflow,
)
from duban.engine.timing.spans import Offset, Span

NEW = "new"
OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text with names in it, for one language: literal text and names in turn."""

    parts: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledEffect:
    """One effect with its expressions checked."""

    model: Effect
    action: str
    place: str
    when: Expression | None
    values: Mapping[str, Expression]
    under: Expression | None
    texts: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One transition: what it needs, where it leads, what it does. ``place`` cites the rules.

    ``facts`` are those that its conditions read.
    """

    index: int
    place: str
    trigger: str | None
    when: Expression | None
    sources: frozenset[str]
    dest: str | None
    conditions: tuple[Expression, ...]
    unless: tuple[Expression, ...]
    facts: frozenset[str]
    by: tuple[str, ...]
    not_by: tuple[str, ...]
    everyone: bool
    quorum: int | None
    asks: Mapping[str, Field]
    fills: frozenset[str]
    requires: tuple[str, ...]
    otherwise: Mapping[str, str]
    title: Mapping[str, str]
    effects: tuple[CompiledEffect, ...]
    reopen: bool
    cites: tuple[str, ...]

    @property
    def signed(self) -> bool:
        """Whether more than one person must sign it."""
        return self.everyone or self.quorum is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRung:
    """One step of a ladder on a deadline."""

    name: str
    offset: Offset
    title: Mapping[str, str]
    effects: tuple[CompiledEffect, ...]
    place: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledDeadline:
    """A deadline with its expressions checked and its ladder in place."""

    name: str
    model: Deadline
    title: Mapping[str, str]
    limit: Span | Expression
    starts: Expression | None
    at_most: Expression | None
    not_before: Expression | None
    runs_in: frozenset[str]
    waits_in: frozenset[str]
    rungs: tuple[CompiledRung, ...]
    repeat: Span | None
    extension: Extension | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The rules of a case, compiled once for each hash.

    ``table`` holds, for a state and a trigger, the candidates in file order; ``automatic`` those
    without a trigger for each state. ``order`` has the deadlines, each after those it refers to. ``watched``
    has, for a state, the facts whose change elsewhere is something to look at: an automatic
    transition, or a deadline that follows, reads them.
    """

    rules: str
    workflow: Workflow
    title: Mapping[str, str]
    language: Language
    states: Mapping[str, State]
    fields: Mapping[str, Field]
    roles: Mapping[str, tuple[Binding, ...]]
    settings: Mapping[str, Any]
    facts: Mapping[str, CompiledFact]
    groups: Mapping[str, Selector]
    deadlines: Mapping[str, CompiledDeadline]
    order: tuple[str, ...]
    table: Mapping[tuple[str, str], tuple[Candidate, ...]]
    automatic: Mapping[str, tuple[Candidate, ...]]
    watched: Mapping[str, frozenset[str]]
    triggers: tuple[str, ...]
    strikable: frozenset[str]
    expressions: Mapping[str, Expression]
    campaign: str | None
    phase: str | None
    zone: str
    calendar: str | None
    closing: str | None

    def stale(self, candidate: Candidate) -> bool:
        """Whether what *candidate* reads of other cases may change by what the case itself does."""
        return any(self.facts[name].of_itself for name in candidate.facts if name in self.facts)

    def watches(self, states: Iterable[str]) -> tuple[CompiledFact, ...]:
        """Return the facts that a case in *states* watches."""
        if not self.watched:
            return ()
        names = {name for state in states for name in self.watched.get(state, ())}
        return tuple(fact for name, fact in self.facts.items() if name in names)

    def candidates(self, state: str, trigger: str) -> tuple[Candidate, ...]:
        """Return the transitions of *trigger* that may leave *state*, in file order."""
        return self.table.get((state, trigger), ())

    def triggers_from(self, state: str) -> tuple[str, ...]:
        """Return the triggers that some transition knows in *state*."""
        return tuple(name for name in self.triggers if (state, name) in self.table)
