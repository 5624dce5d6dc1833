"""Loading what a workflow declares to know of other cases, inside the transaction."""

from __future__ import annotations

from collections.abc import Sequence

from duban.engine.definition.machine import Machine
from duban.engine.definition.workflow import Fact
from duban.engine.ports import Reader, Transaction, Where
from duban.engine.values.case import Case

# Who looks at more linked cases than this holds the first ones only, as locks are scarce; those
# further down look back at it, if at all, and hold its name.
_MOST_LINKED = 32


class Facts:
    """Loads facts in one transaction, so that no two decisions are right alone and wrong together.

    Who looks at other cases holds the names of what is looked at, and the names of every case that
    the same transaction decides on. Of two that each change what the other looks at, one waits,
    and then sees what the first has stored. Who looks at nothing has nothing to be wrong about.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._looked = False

    def of(self, machine: Machine, case: Case) -> dict[str, int | bool]:
        """Return the value of every fact of the workflow for *case*, about to be decided on."""
        self._looked = self._looked or bool(machine.facts)
        if self._looked:
            self._tx.hold(looked_at=_names_of(machine, case), changed=_own_names(case))
        return facts_of(self._tx, machine, case)


def _own_names(case: Case) -> set[str]:
    """The names under which other decisions may look at *case*."""
    return {_as_case(case.id), _as_one_of(case.workflow, case.unit)}


def _names_of(machine: Machine, case: Case) -> set[str]:
    """The names of what the facts of *case* look at."""
    names: set[str] = set()
    for fact in machine.facts.values():
        if fact.of == "unit":
            names.add(_as_one_of(fact.workflow, case.unit))
        else:
            link = "parent" if fact.of == "siblings" else fact.of
            names.update(map(_as_case, case.linked(link)[:_MOST_LINKED]))
    return names


def _as_case(case_id: str) -> str:
    return f"case/{case_id}"


def _as_one_of(workflow: str, unit: str) -> str:
    return f"unit/{workflow}/{unit}"


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
