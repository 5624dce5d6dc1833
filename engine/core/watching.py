"""Keys: the names under which a case looks at others, and under which others look at it.

A case that looks at "hazards of this unit" and a hazard of that unit have one key in common. The
same keys make two decisions wait for each other, and find the cases that watch what changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from duban.engine.definition.facts import CompiledFact, Fact
from duban.engine.definition.machine import Machine
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.case import Case
from duban.engine.values.directory import Directory
from duban.engine.values.identity import short_hash

# Keys of units, which change when the organisation does, begin with this.
BELOW = "below/"
_SAME = "same:"


def interest(fact: Fact) -> str:
    """Return by what kind of key *fact* looks: what others must know of it to be found."""
    if fact.of in ("all", "campaign"):
        return f"{_SAME}{fact.same[0]}" if fact.same else fact.of
    if fact.of == "below" or fact.of == "up" or fact.of.startswith("up."):
        return "below"
    known = {"unit": "unit", "children": "parent", "siblings": "parent", "descendants": "under"}
    return known.get(fact.of, "case")


def looked_at(fact: CompiledFact, case: Case, directory: Directory, day: date) -> tuple[str, ...]:
    """Return the keys of what *fact* of *case* looks at."""
    kind, workflow = interest(fact.model), fact.subject.workflow
    if kind.startswith(_SAME):
        field = kind.removeprefix(_SAME)
        value = case.data.get(field)
        return () if value is None else (_same(workflow, field, value),)
    return tuple(_key(kind, workflow, name) for name in _names(fact.model, case, directory, day))


def watched(machine: Machine, case: Case, directory: Directory, day: date) -> tuple[str, ...]:
    """Return the keys under which *case* wants to be woken, in order."""
    facts = machine.watches(case.states)
    return tuple(sorted({key for f in facts for key in looked_at(f, case, directory, day)}))


def touched(
    case: Case,
    interests: Iterable[str],
    directory: Directory,
    day: date,
    above: Callable[[Case], Iterable[str]],
) -> set[str]:
    """Return the keys under which others may look at *case*, of those kinds that somebody uses.

    *above* gives the ids of the cases that a case descends from; it is asked only where needed.
    """
    keys: set[str] = set()
    for kind in interests:
        if kind.startswith(_SAME):
            field = kind.removeprefix(_SAME)
            if field in case.data:
                keys.add(_same(case.workflow, field, case.data[field]))
        else:
            names = _own_names(kind, case, directory, day, above)
            keys.update(_key(kind, case.workflow, name) for name in names)
    return keys


def _names(fact: Fact, case: Case, directory: Directory, day: date) -> Iterable[str]:
    if fact.of in ("this", "children", "descendants"):
        return (case.id,)
    if fact.of == "siblings":
        return case.linked("parent")[:1]
    if fact.of in ("unit", "below"):
        return (case.unit,)
    if fact.of == "up" or fact.of.startswith("up."):
        # Whoever has nobody above is found when the organisation changes.
        return (ancestor(fact, case, directory, day) or "",)
    if fact.of == "campaign":
        return () if case.campaign is None else (case.campaign,)
    return ("",) if fact.of == "all" else case.linked(fact.of)


def ancestor(fact: Fact, case: Case, directory: Directory, day: date) -> str | None:
    """Return the unit above the case's own that ``up`` or ``up.<kind>`` means."""
    return directory.ancestor(case.unit, fact.of.partition(".")[2], day)


def _own_names(
    kind: str, case: Case, directory: Directory, day: date, above: Callable[[Case], Iterable[str]]
) -> Iterator[str]:
    if kind == "case":
        yield case.id
    elif kind == "parent":
        yield from case.linked("parent")
    elif kind == "under":
        yield from above(case)
    elif kind == "unit":
        yield case.unit
    elif kind == "below":
        yield from (unit.id for unit in directory.line(case.unit, day))
    elif kind == "campaign" and case.campaign is not None:
        yield case.campaign
    elif kind == "all":
        yield ""


def _key(kind: str, workflow: str, name: str) -> str:
    return f"{kind}/{workflow}/{name}"


def _same(workflow: str, field: str, value: Plain) -> str:
    # Values may be long; keys need not tell them.
    return f"same/{workflow}/{field}/{short_hash(canonical(value).decode())}"
