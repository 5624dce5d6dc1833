"""Who looks at whom: two that look at each other wait, and who watches is woken by what changes.

The names held in the store and the keys under which cases watch are the same: a case that looks at
"hazards of this unit" and a hazard of that unit have one in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from duban.engine.core.course import Decision
from duban.engine.core.standing import Standing, standing_id
from duban.engine.core.watching import looked_at, touched, watched
from duban.engine.core.world import World
from duban.engine.definition.machine import Machine
from duban.engine.ports import Transaction
from duban.engine.shell.catalogue import Catalogue, is_campaign
from duban.engine.shell.facts import facts_of, ids_above
from duban.engine.shell.projecting import AUTO
from duban.engine.values.actor import THE_TIMER
from duban.engine.values.case import Case
from duban.engine.values.command import Cause, Open


class Watching:
    """What the decisions of one transaction look at, and whom they wake.

    Of two that each change what the other looks at, one waits, and then sees what the first has
    stored. Where nobody's rules look at cases of a workflow, changing one costs nothing here.
    """

    def __init__(self, tx: Transaction, catalogue: Catalogue) -> None:
        self._tx, self._catalogue = tx, catalogue
        self._edition = catalogue.edition(tx)
        self._directory = self._edition.library.directory
        self._day = catalogue.clockwork(self._edition, None).day(tx.now())

    def facts(self, machine: Machine, case: Case, world: World) -> dict[str, Any]:
        """Return the value of every fact for *case*, about to be decided on; hold what is seen."""
        looked = {
            key
            for fact in machine.facts.values()
            for key in looked_at(fact, case, self._directory, self._day)
        }
        changed = self._touched(case)
        if looked or changed:
            self._tx.hold(looked_at=looked, changed=changed)
        return facts_of(self._tx, machine, case, world) if machine.facts else {}

    def _touched(self, case: Case) -> set[str]:
        interests = self._edition.interests.get(case.workflow)
        if not interests:
            return set()
        above = partial(ids_above, self._tx)
        return touched(case, interests, self._directory, self._day, above)

    # ---- what is written

    def keys(self, decision: Decision, *, anew: bool) -> frozenset[str] | None:
        """Return the keys under which the case wants to be woken from now on; None: as before.

        *anew*: also where nothing changed but, perhaps, the organisation.
        """
        case = decision.case
        if is_campaign(case.workflow):
            return None
        after = self._watched(case)
        before = self._watched(decision.start) if decision.start and decision.before else ()
        return frozenset(after) if after != before or (anew and after) else None

    def _watched(self, case: Case) -> tuple[str, ...]:
        machine = self._catalogue.machine(self._tx, case.rules)
        if not machine.watched:
            return ()
        return watched(machine, case, self._directory, self._day)

    def looks_again(self, decision: Decision) -> bool:
        """Whether what the case did may change what it watches itself."""
        case = decision.case
        if not decision.entries or is_campaign(case.workflow):
            return False
        machine = self._catalogue.machine(self._tx, case.rules)
        return any(fact.of_itself for fact in machine.watches(case.states))

    def wake(self, decision: Decision) -> None:
        """Let those look again who watch what *decision* changed: in the sweep, exactly once."""
        if not decision.entries:
            return
        keys = self._touched(decision.case)
        if decision.start is not None and decision.before:
            keys |= self._touched(decision.start)
        if not keys:
            return
        self._tx.hold(looked_at=(), changed=keys)
        for case_id in self._tx.watchers(sorted(keys)):
            if case_id != decision.case.id:
                self._tx.wake(case_id, AUTO, self._tx.now())

    def standing(self, decision: Decision) -> Iterator[Open]:
        """Yield what opens the standing cases that watch what changed and are not there yet."""
        case = decision.case
        if not decision.entries or case.workflow not in self._edition.stood_over:
            return
        stands = self.stands()
        for workflow in self._edition.stood_over[case.workflow]:
            unit = stands.unit(workflow, case.unit)
            if unit is None:
                continue
            case_id = standing_id(workflow, unit, case.campaign)
            if case_id != case.id and self._tx.case(case_id) is None:
                cause = Cause(case=case.id, seq=case.version, rule=f"standing.{workflow}")
                yield Open(
                    workflow=workflow,
                    unit=unit,
                    actor=THE_TIMER,
                    campaign=case.campaign,
                    id=case_id,
                    cause=cause,
                )

    def stands(self) -> Standing:
        """Return which workflows stand for which units today."""
        return self._catalogue.standing(self._edition, self._day)
