"""The decision: a command on a case, in its surroundings, gives what is to be stored. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from duban.engine.core.course import Course, Decision
from duban.engine.core.inputs import unknown_unit
from duban.engine.core.judge import Judge
from duban.engine.core.verdict import Verdict
from duban.engine.core.world import World
from duban.engine.definition.machine import NEW, OPEN, Machine
from duban.engine.errors import StaleCase, TransitionRefused
from duban.engine.history.chain import genesis
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Fire, Migrate, Note, Open


def decide_open(machine: Machine, command: Open, case_id: str, world: World) -> Decision:
    """Decide on opening a case with the id *case_id*: a transition from `new` like any other.

    Raises:
        UnknownUnit: there is no such unit.
        TransitionRefused: the rules do not allow it.
    """
    if command.unit not in world.directory:
        raise unknown_unit(command.unit, world)
    case = Case(
        id=case_id,
        workflow=machine.workflow.workflow,
        rules=machine.rules,
        unit=command.unit,
        campaign=machine.campaign,
        phase=machine.phase,
        states=(NEW,),
        head=genesis(case_id),
        opened=world.now,
        changed=world.now,
    )
    told: dict[str, Plain] = {
        "workflow": case.workflow,
        "rules": case.rules,
        "unit": case.unit,
    }
    if case.campaign is not None:
        told["campaign"] = case.campaign
    if case.phase is not None:
        told["phase"] = case.phase
    course = Course(machine, case, world, born=False)
    verdict = course.judge(OPEN, _bound(command), command.data)
    course.fire(
        verdict,
        kind="open",
        actor=command.actor,
        key=command.key,
        cause=command.cause,
        members=told,
        links=command.links,
    )
    return course.decision()


def decide_fire(machine: Machine, case: Case, command: Fire, world: World) -> Decision:
    """Decide on firing a trigger. What fell due before it happens first.

    Raises:
        StaleCase: the case is not at the version that the caller saw.
        TransitionRefused: the rules do not allow it.
    """
    if command.version is not None and command.version != case.version:
        raise StaleCase(case=case.id, version=case.version, expected=command.version)
    course = Course(machine, case, world)
    course.settle()
    verdict = course.judge(command.trigger, _bound(command), command.data)
    kind = "fire" if command.cause is None else "effect"
    course.fire(verdict, kind=kind, actor=command.actor, key=command.key, cause=command.cause)
    return course.decision()


def decide_due(machine: Machine, case: Case, world: World) -> Decision:
    """Decide on what fell due on *case* up to now: rungs, and automatic transitions of time.

    Raises:
        TransitionRefused: a deadline that follows what changed would pass its bounds.
    """
    course = Course(machine, case, world)
    course.settle(again=True)
    return course.decision()


def decide_note(machine: Machine, case: Case, command: Note, world: World) -> Decision:
    """Decide on noting what another case did with this one. What fell due happens first."""
    course = Course(machine, case, world)
    course.settle()
    course.note(command)
    return course.decision()


def decide_migrate(
    old: Machine,
    new: Machine,
    case: Case,
    command: Migrate,
    before: World,
    after: World,
    *,
    settle: bool = True,
) -> Decision:
    """Decide on taking a case from its rules to other ones. What fell due before happens first.

    *before* and *after* are the same surroundings, with the facts that the old and the new rules
    ask for. Without *settle*, what fell due happens under the new rules: the old ones are broken.

    Raises:
        TransitionRefused: a state or value has no place under the new rules, or a bound refuses.
    """
    course = Course(old, case, before)
    if settle:
        course.settle()
    course.adopt(new, after, command)
    return course.decision()


def _bound(command: Open | Fire) -> Actor | None:
    """A command of a rule is bound by the rule, not by roles; all others by roles."""
    return None if command.cause is not None else command.actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What an actor may do with a case now: one verdict for each trigger of its workflow."""

    case: Case
    actor: Actor
    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> tuple[Verdict, ...]:
        """The triggers that may be fired, perhaps after asking for what is missing."""
        return tuple(verdict for verdict in self.verdicts if verdict.allowed)

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The others, each with its reasons."""
        return tuple(verdict for verdict in self.verdicts if not verdict.allowed)


def explain(machine: Machine, case: Case, actor: Actor, world: World) -> Explanation:
    """Return which triggers *actor* may fire on *case* now and, for the others, why not.

    What fell due but is not yet recorded counts: the answer is what `fire` would say.
    """
    course = Course(machine, case, world)
    try:
        course.settle()
    except TransitionRefused:
        return Explanation(case=case, actor=actor, verdicts=())
    judge = Judge(machine, course.case, actor, world)
    triggers = [trigger for trigger in machine.triggers if trigger != OPEN]
    return Explanation(
        case=course.case, actor=actor, verdicts=tuple(judge.ask(trigger) for trigger in triggers)
    )
