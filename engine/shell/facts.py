"""Loading what a workflow declares to know of other cases, inside the transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from duban.engine.core.facts import Bounds, Piece, answer, bounds_of, pieces_of
from duban.engine.core.scope import Scope
from duban.engine.core.watching import ancestor
from duban.engine.core.world import World
from duban.engine.definition.expressions import MISSING, ExpressionFailed
from duban.engine.definition.facts import CompiledFact, Fact
from duban.engine.definition.machine import Machine
from duban.engine.errors import Refused
from duban.engine.ports import Reader, Where
from duban.engine.values.case import Case

MOST = 10_000
_PART = 500


class TooManyCases(Refused):
    """A fact would have to look at more cases than it may."""

    code = "RULE-014"
    en = (
        "fact `{fact}` would look at more than {most} cases; narrow it by 'of', 'where' or 'states'"
    )
    zh = "事实 `{fact}` 涉及的事项超过 {most} 个；请用 of、where 或 states 缩小范围"


def facts_of(reader: Reader, machine: Machine, case: Case, world: World) -> dict[str, Any]:
    """Return the value of every fact of the workflow for *case*, as it stands.

    A fact without a value, such as one whose bound cannot be worked out, is left out: a condition
    that reads it is refused, and says why.

    Raises:
        TooManyCases: a fact that must look into each case would look into too many.
    """
    found: dict[str, Any] = {}
    for name, fact in machine.facts.items():
        try:
            bounds = bounds_of(fact, Scope(machine, case, world))
        except ExpressionFailed:
            continue
        value = _Question(reader, fact, case, world).answer(bounds)
        if value is not MISSING:
            found[name] = value
    return found


class _Question:
    """One fact asked for one case."""

    def __init__(self, reader: Reader, fact: CompiledFact, case: Case, world: World) -> None:
        self._reader, self._fact, self._case, self._world = reader, fact, case, world

    def answer(self, bounds: Bounds) -> Any:
        fact, clockwork = self._fact, self._world.clockwork
        where = self._where()
        if where is None:
            return answer(fact, (), bounds, clockwork)
        if fact.model.measure in ("count", "any") and not bounds and not fact.subject.fired:
            return self._counted(where)
        pieces = self._entries(where) if fact.subject.fired else self._cases(where)
        return answer(fact, pieces, bounds, clockwork)

    # ---- which cases

    def _where(self) -> Where | None:
        """Return the cases that the fact looks at, None where there can be none."""
        scope = self._scope()
        same = self._same()
        if scope is None or same is None:
            return None
        model = self._fact.model
        # A tuple is a choice of values, which is what the constants of a definition are.
        constants = {
            name: values if len(values) > 1 else values[0] for name, values in model.where.items()
        }
        return replace(
            scope,
            workflow=self._fact.subject.workflow,
            states=model.states or None,
            counts=None if model.counts == "any" else model.counts,
            fields={**constants, **same} or None,
        )

    def _same(self) -> Mapping[str, Any] | None:
        data = self._case.data
        names = self._fact.model.same
        return {name: data[name] for name in names} if all(n in data for n in names) else None

    def _scope(self) -> Where | None:
        case, of = self._case, self._fact.model.of
        if of == "all":
            return Where()
        if of == "campaign":
            return None if case.campaign is None else Where(campaign=case.campaign)
        if of in ("unit", "below") or of == "up" or of.startswith("up."):
            return self._at_units(of)
        if of == "this":
            return Where(ids=[case.id])
        if of == "descendants":
            ids = list(islice(self._descendants(), MOST + 1))
            return Where(ids=ids) if ids else None
        return self._linked(of)

    def _at_units(self, of: str) -> Where | None:
        case, directory, today = self._case, self._world.directory, self._world.today
        if of == "unit":
            return Where(units=[case.unit])
        top = case.unit if of == "below" else ancestor(self._fact.model, case, directory, today)
        return None if top is None else Where(units=directory.within(top, today))

    def _linked(self, of: str) -> Where | None:
        case = self._case
        if of == "siblings":
            parents = case.linked("parent")
            return Where(linked=("children", parents[0])) if parents else None
        # Most cases have no such links, and then there is nothing to ask the store.
        return Where(linked=(of, case.id)) if case.linked(of) else None

    def _descendants(self) -> Iterator[str]:
        seen: set[str] = set()
        pending = [*self._case.linked("children")]
        while pending:
            part = [case_id for case_id in dict.fromkeys(pending[:_PART]) if case_id not in seen]
            del pending[:_PART]
            seen.update(part)
            yield from part
            for case in self._reader.find(Where(ids=part), limit=_PART).cases:
                pending += case.linked("children")

    # ---- what they say

    def _counted(self, where: Where) -> int | bool:
        found = self._reader.count(where) - self._itself(where)
        return found if self._fact.model.measure == "count" else found > 0

    def _itself(self, where: Where) -> int:
        """1 if the count took the case that asks in, and it should not."""
        case = self._case
        if case.version == 0 or not self._fact.model.but_this or self._fact.model.of == "this":
            return 0
        if case.workflow != where.workflow:
            return 0
        return self._reader.count(replace(where, ids=[case.id])) if where.ids is None else 0

    def _cases(self, where: Where) -> list[Piece]:
        page = self._reader.find(where, limit=MOST + 1)
        self._check(len(page.cases))
        kept = [case for case in page.cases if not self._left_out(case.id)]
        return pieces_of(self._fact, kept, self._world.clockwork)

    def _entries(self, where: Where) -> list[Piece]:
        found = self._reader.fired(where, self._fact.subject.fired, MOST + 1)
        self._check(len(found))
        return [
            Piece(f"{fired.case}/{fired.seq:09}", fired.effective)
            for fired in found
            if not self._left_out(fired.case)
        ]

    def _left_out(self, case_id: str) -> bool:
        model: Fact = self._fact.model
        return model.but_this and model.of != "this" and case_id == self._case.id

    def _check(self, found: int) -> None:
        if found > MOST:
            raise TooManyCases(fact=self._fact.name, most=MOST)


def ids_above(reader: Reader, case: Case) -> Sequence[str]:
    """Return the ids of the cases from which *case* descends."""
    found: dict[str, None] = {}
    pending = [*case.linked("parent")]
    for parent in pending:
        if parent not in found:
            found[parent] = None
            above = reader.case(parent)
            pending += above.linked("parent") if above else ()
    return tuple(found)
