"""Loading what a workflow declares to know of other cases, inside the transaction."""

from __future__ import annotations

from collections.abc import Sequence

from duban.engine.definition.machine import Machine
from duban.engine.definition.workflow import Fact
from duban.engine.ports import Reader, Where
from duban.engine.values.case import Case


def facts_of(reader: Reader, machine: Machine, case: Case) -> dict[str, int | bool]:
    """Return the value of every fact of the workflow for *case*."""
    facts: dict[str, int | bool] = {}
    for name, fact in machine.facts.items():
        counted = _count(reader, fact, case)
        facts[name] = counted if fact.count is not None else counted > 0
    return facts


def _count(reader: Reader, fact: Fact, case: Case) -> int:
    units: Sequence[str] | None = None
    linked: tuple[str, str] | None = None
    if fact.of == "unit":
        units = [case.unit]
    elif fact.of == "siblings":
        parents = case.linked("parent")
        if not parents:
            return 0
        linked = ("children", parents[0])
    else:
        # Most cases have no such links, and then there is nothing to ask the store.
        if not case.linked(fact.of):
            return 0
        linked = (fact.of, case.id)
    where = Where(
        workflow=fact.workflow,
        units=units,
        linked=linked,
        states=fact.states or None,
        counts=None if fact.counts == "any" else fact.counts,
        fields=dict(fact.where) or None,
    )
    return reader.count(where) - (1 if fact.but_this and _matches(fact, case) else 0)


def _matches(fact: Fact, case: Case) -> bool:
    """Whether the count took this case itself in."""
    if case.version == 0 or case.workflow != fact.workflow or fact.of not in ("unit", "siblings"):
        return False
    if fact.counts not in ("any", case.counts):
        return False
    if fact.states and not set(fact.states).intersection(case.states):
        return False
    return all(case.data.get(name) == value for name, value in fact.where.items())
