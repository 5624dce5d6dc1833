"""Who acts in a scenario: from a role of the workflow to a person who holds the post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from duban.adapters.scenarios.model import By
from duban.engine.core.roles import actors_of_role
from duban.engine.core.scope import Scope
from duban.engine.core.world import World
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.library import phase_on
from duban.engine.definition.machine import NEW, OPEN, Machine
from duban.engine.definition.rules import Rules
from duban.engine.errors import BadUsage
from duban.engine.shell.engine import Engine
from duban.engine.timing.instants import find_zone
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case


class NobodyPlays(BadUsage):
    """A scenario lets a role act that nobody plays on that case."""

    code = "TEST-002"
    en = "nobody number {number} plays the role '{role}' here; see its posts and their holders"
    zh = "此处没有第 {number} 位承担角色“{role}”的人员；请检查其岗位与任职人员"


class Casting:
    """Finds who plays a role now."""

    def __init__(self, engine: Engine, machines: dict[str, Machine]) -> None:
        # By the hash of their rules, which says what they are.
        self._engine, self._machines = engine, machines

    def on(self, case: Case, by: By) -> Actor:
        """Return who acts on *case* as *by* says.

        Raises:
            NobodyPlays: there is no living holder.
        """
        if by.role is None:
            return _person(by)
        return _nth(by, self._engine.players(case, by.role))

    def opening(
        self, workflow: str, unit: str, campaign: str | None, by: By, data: Mapping[str, Plain]
    ) -> Actor:
        """Return who opens a case of *workflow* at *unit* as *by* says.

        Raises:
            NobodyPlays: there is no living holder.
        """
        if by.role is None:
            return _person(by)
        return _nth(by, actors_of_role(by.role, self._newborn(workflow, unit, campaign, data)))

    def openers(self, workflow: str, unit: str) -> tuple[Actor, ...]:
        """Return those who may open a case of *workflow* at *unit* by a role."""
        scope = self._newborn(workflow, unit, None, {})
        roles = {role for c in scope.machine.candidates(NEW, OPEN) for role in c.by}
        found: dict[Actor, None] = {}
        for role in sorted(roles):
            found.update(dict.fromkeys(actors_of_role(role, scope)))
        return tuple(found)

    def _newborn(
        self, workflow: str, unit: str, campaign: str | None, data: Mapping[str, Plain]
    ) -> Scope:
        """What the rules see of a case that is about to be opened."""
        library, now = self._engine.library(), self._engine.now()
        day = now.astimezone(find_zone(library.zone)).date()
        its = library.campaign_of(workflow, day, campaign)
        machine = self._compiled(library.rules(workflow, its, phase_on(its, day)))
        newborn = Case(
            id="",
            workflow=workflow,
            rules=machine.rules,
            unit=unit,
            data=data,
            opened=now,
            changed=now,
        )
        clockwork = library.clockwork(machine.zone, machine.calendar, machine.closing)
        world = World(now=now, clockwork=clockwork, directory=library.directory)
        return Scope(machine, newborn, world)

    def _compiled(self, rules: Rules) -> Machine:
        if rules.hash not in self._machines:
            self._machines[rules.hash] = compile_rules(rules)
        return self._machines[rules.hash]


def _person(by: By) -> Actor:
    assert by.person is not None
    return Actor(person=by.person, post=by.post, authenticated_by="scenario")


def _nth(by: By, players: tuple[Actor, ...]) -> Actor:
    distinct = list({actor.person: actor for actor in reversed(players)}.values())[::-1]
    if by.number > len(distinct):
        raise NobodyPlays(role=by.role, number=by.number)
    return replace(distinct[by.number - 1], authenticated_by="scenario")
