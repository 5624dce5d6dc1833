"""Which facts a case watches in which state: what follows from their change by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from duban.engine.definition.expressions import Expression
from duban.engine.definition.facts import CompiledFact
from duban.engine.definition.machine import NEW, Candidate
from duban.engine.definition.workflow import Workflow

_FACT = "fact."
_ASKS_THE_TIME = re.compile(r"\b(reached|passed)\s*\(")


def watched(
    workflow: Workflow, candidates: Iterable[Candidate], facts: Mapping[str, CompiledFact]
) -> dict[str, frozenset[str]]:
    """Return, for each state, the facts that its automatic transitions or its deadlines read."""
    found: dict[str, set[str]] = {}
    for candidate in candidates:
        if candidate.trigger is None and candidate.when is not None:
            for state in candidate.sources - {NEW}:
                found.setdefault(state, set()).update(candidate.facts)
    followed = {
        name.removeprefix(_FACT)
        for deadline in workflow.deadlines.values()
        for name in deadline.follows
        if name.startswith(_FACT)
    }
    for name in (name for name, state in workflow.states.items() if not state.final):
        found.setdefault(name, set()).update(followed)
    known = facts.keys()
    return {state: frozenset(names & known) for state, names in found.items() if names & known}


def facts_in(*expressions: Expression | None) -> frozenset[str]:
    """Return the facts that *expressions* read."""
    names = (name for expression in expressions if expression for name in expression.names)
    return frozenset(name.removeprefix(_FACT) for name in names if name.startswith(_FACT))


def timely(bound: Expression | None) -> Iterator[str]:
    """Yield what in a bound of a fact would change without any case changing, or is a fact itself."""
    if bound is None:
        return
    yield from (name for name in bound.names if name.startswith((_FACT, "lapsed.", "input.")))
    yield from (f"{found[1]}()" for found in _ASKS_THE_TIME.finditer(bound.source))
