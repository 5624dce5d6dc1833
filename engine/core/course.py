"""The course of one command on one case: entries one after the other, until it comes to rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from duban.engine.core import clocks
from duban.engine.core.climbing import Climb, Key
from duban.engine.core.draft import Draft
from duban.engine.core.effects import Effects
from duban.engine.core.judge import Judge, merged
from duban.engine.core.migrating import translate
from duban.engine.core.moving import counted, merge, move, resting
from duban.engine.core.projection import project
from duban.engine.core.scope import Scope
from duban.engine.core.terms import follow, steps_of
from duban.engine.core.texts import Occasion
from duban.engine.core.verdict import Step, Verdict
from duban.engine.core.world import World
from duban.engine.definition.expressions import ExpressionFailed
from duban.engine.definition.machine import Candidate, CompiledDeadline, Machine
from duban.engine.errors import Refused, TransitionRefused
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import MIGRATE, evolve
from duban.engine.values.actor import THE_TIMER, Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Cause, Command, Fire, Migrate, Note, Tie
from duban.engine.values.notice import Notice

_MOST_AUTOMATIC = 16
_MOST_ROUNDS = 1000


class NeverRests(Refused):
    """Automatic transitions of a case follow one another without end."""

    code = "RULE-012"
    en = (
        "case {case}: automatic transitions did not come to rest after {steps} steps; last `{last}`"
    )
    zh = "事项 {case}：自动流转 {steps} 步后仍未停止，最后一步 `{last}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a command does: stored whole or not at all.

    ``commands`` are for other cases; the shell carries them out in the same transaction.
    ``start`` is the case before it, None where that is of no interest.
    """

    case: Case
    before: int
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...]
    timers: Mapping[str, datetime | None]
    commands: tuple[Command | Note, ...]
    start: Case | None = None


class Course:
    """Takes a case from where it stands to where it rests, entry by entry."""

    def __init__(self, machine: Machine, case: Case, world: World, *, born: bool = True) -> None:
        self.machine, self.world, self.case = machine, world, case
        self._born = born
        self._start = case
        self._entries: list[Entry] = []
        self._notices: list[Notice] = []
        self._commands: list[Command | Note] = []
        self._wake: datetime | None = None
        self._climbed: dict[Key, list[int]] = {}
        self._ahead: Mapping[Key, int] | None = None
        self._rehearsing = False
        self._until = world.now
        self._projected = False
        self._follows = any(d.model.live for d in machine.deadlines.values())
        self._own = 0
        self._asked = bool(machine.automatic)

    def decision(self) -> Decision:
        """Return all that happened."""
        return Decision(
            case=self.case,
            before=self._start.version,
            entries=tuple(self._entries),
            notices=tuple(self._notices),
            timers=self._timers(),
            commands=tuple(self._commands),
            start=self._start,
        )

    # ---- firing

    def fire(
        self,
        verdict: Verdict,
        *,
        kind: str,
        actor: Actor,
        key: str | None = None,
        cause: Cause | None = None,
        members: Mapping[str, Plain] | None = None,
        links: Sequence[tuple[str, str]] = (),
        effective: datetime | None = None,
    ) -> None:
        """Take the transition that was judged, then everything that follows by itself.

        *effective* is the instant for which it counts, if that is not now.

        Raises:
            TransitionRefused: the verdict has reasons against it, or a bound refuses.
        """
        if not verdict.steps or verdict.reasons:
            # A case that never came to be has no id to speak of.
            case = self.case.id if self._born else self.case.workflow
            raise TransitionRefused(case=case, trigger=verdict.trigger, reasons=verdict.reasons)
        told: dict[str, Plain] = {"trigger": verdict.trigger, **(members or {})}
        if key is not None:
            told["key"] = key
        world = self.world if effective is None else self.world.as_of(effective)
        draft = self._draft("sign" if verdict.awaited else kind, actor, world.now, cause, told)
        draft.links.extend(links)
        # What another candidate of the trigger asks may be given as well, and is as personal.
        draft.personal.update(n for n, field in verdict.asks.items() if field.personal)
        merge(draft, verdict.candidates, verdict.inputs)
        if verdict.awaited:
            self._sign(draft, verdict)
        else:
            self._take(draft, verdict.steps, verdict.inputs)
        self.automatic(world)

    def judge(
        self,
        trigger: str,
        actor: Actor | None,
        data: Mapping[str, object],
        *,
        effective: datetime | None = None,
    ) -> Verdict:
        """Judge *trigger* on the case as it stands in this course."""
        world = self.world if effective is None else self.world.as_of(effective)
        return Judge(self.machine, self.case, actor, world).fire(trigger, data)

    def note(self, command: Note) -> None:
        """Note that another case was tied to this one, or that a basis of this one was struck."""
        draft = self._draft("effect", THE_TIMER, self.world.now, command.cause, {})
        if isinstance(command, Tie):
            draft.links.append((command.name, command.other))
        else:
            draft.members["flags"] = [[command.other, command.seq]]
        self._commit(draft)
        self.automatic(self.world)

    def adopt(self, machine: Machine, world: World, command: Migrate) -> None:
        """Go on under the rules of *machine*, with what they know of other cases in *world*."""
        old, self.machine, self.world = self.machine, machine, world
        draft = self._draft(MIGRATE, command.actor, world.now, None, {})
        translate(old, machine, draft, command)
        counts = counted(machine, draft.preview().states)
        if counts != self.case.counts:
            draft.members["counts"] = counts
        self._commit(draft)
        self.automatic(world)

    def _sign(self, draft: Draft, verdict: Verdict) -> None:
        """Record a signature: what was given stays, but nothing moves before the last."""
        draft.members["signed"] = [
            [s.state, s.candidate.place] for s in verdict.signings if not s.again
        ]
        follow(self.machine, draft)
        self._commit(draft)

    def _take(self, draft: Draft, steps: Sequence[Step], inputs: Mapping[str, Plain]) -> None:
        """Order: inputs, effects as written, the moves, clocks (DESIGN, "What it means")."""
        done: set[int] = set()
        for candidate in (step.candidate for step in steps):
            if candidate.index not in done:
                done.add(candidate.index)
                self._effects(draft, candidate, inputs)
        for step in steps:
            move(self.machine, draft, step)
        follow(self.machine, draft)
        self._commit(draft)

    def _effects(self, draft: Draft, candidate: Candidate, inputs: Mapping[str, Plain]) -> None:
        scope = Scope(
            self.machine,
            self.case,
            self.world.as_of(draft.effective),
            inputs=inputs,
            asks=candidate.asks,
            data=merged(self.case, candidate, inputs),
        )
        Effects(draft, scope, Occasion(title=candidate.title)).run(candidate.effects)

    # ---- what happens by itself

    def settle(self, *, again: bool = False) -> None:
        """Let everything happen that fell due up to now, in order of the instants it was due.

        Clocks follow what changed outside the case; with *again* they are counted anew whether or
        not anything is known to have changed.

        Raises:
            TransitionRefused: a deadline that moved would pass its bounds.
        """
        # Only to learn what was waited for: what changed elsewhere meanwhile counts from now on.
        self._automatic_now(self.world.as_of(self.case.changed))
        since = self.world.since
        behind = since is not None and since >= self.case.changed
        if again or behind or self._follows:
            # What fell due before the change is recorded as it stood.
            at = since if behind and since is not None else self.world.now
            self._catch_up(at)
            self._project(at, recount=again or behind)
        self._catch_up(self.world.now)
        self.automatic(self.world)

    def _project(self, at: datetime, *, recount: bool) -> None:
        draft = self._draft("project", THE_TIMER, at, None, {})
        project(self.machine, draft, recount=recount)
        if draft.clocks:
            self._commit(draft)
            self._projected, self._ahead = True, None

    def _catch_up(self, until: datetime) -> None:
        self._until = until
        while True:
            rung_at, name = self._next_rung()
            due = min((t for t in (rung_at, self._wake) if t is not None), default=None)
            if due is None or due > until:
                break
            if rung_at is not None and rung_at <= due and name is not None:
                self._rung(self.machine.deadlines[name], rung_at)
            self.automatic(self.world.as_of(due))

    def automatic(self, world: World) -> None:
        """Take automatic transitions, in file order, until none holds at the instant of *world*.

        Raises:
            NeverRests: there is no end to them.
        """
        self._wake = None
        for _ in range(_MOST_AUTOMATIC):
            step = self._automatic_now(world)
            if step is None:
                return
            draft = self._draft("auto", THE_TIMER, world.now, None, {})
            merge(draft, [step.candidate], {})
            self._take(draft, [step], {})
        if (step := self._automatic_now(world)) is not None:
            raise NeverRests(case=self.case.id, steps=_MOST_AUTOMATIC, last=step.candidate.place)

    def _automatic_now(self, world: World) -> Step | None:
        scope = Scope(self.machine, self.case, world)
        for state in self.case.states:
            for candidate in self.machine.automatic.get(state, ()):
                # What the case did here may have changed what it reads: it is asked again at once.
                if self._entries and self.machine.stale(candidate):
                    continue
                if _holds(candidate, scope):
                    return Step(candidate, state)
        self._wake = min(scope.moment.wakes, default=None)
        return None

    def _next_rung(self) -> tuple[datetime | None, str | None]:
        dues = [
            (clock.next_rung, name)
            for name, clock in self.case.clocks.items()
            if clock.next_rung is not None and name in self.machine.deadlines
        ]
        return min(dues, default=(None, None))

    def _rung(self, deadline: CompiledDeadline, at: datetime) -> None:
        """Record one rung. Of several missed ones only the last is sent, naming the others."""
        clock = self.case.clocks[deadline.name]
        assert clock.due is not None
        climb = Climb(deadline, clock, clock.due)
        began = self._start.clocks.get(deadline.name)
        if clock.round - (began.round if began else 0) > _MOST_ROUNDS:
            # A rung that begins its own clock anew, with nothing to wait for.
            raise NeverRests(case=self.case.id, steps=_MOST_ROUNDS, last=climb.rung.place)
        draft = self._draft("rung", THE_TIMER, at, None, climb.told(self.world.now - at))
        steps = steps_of(deadline)
        following = clocks.rung_instant(clock.rung + 1, clock.due, self.world.clockwork, steps)
        if following is not None:
            following = max(following, at)  # one before it may have waited for a pause to end
        draft.clocks[deadline.name] = replace(clock, rung=clock.rung + 1, next_rung=following)
        more_missed = following is not None and following <= self._until
        silent = more_missed and self._goes_on(climb)
        earlier = self._climbed.setdefault(climb.key, [])
        climb.carry_out(draft, self.machine, [] if silent else earlier, silent=silent)
        if self._follows:
            project(self.machine, draft, recount=False, within=True)
        earlier.append(clock.rung)
        self._commit(draft)

    def _goes_on(self, climb: Climb) -> bool:
        """Whether a later rung of this round will be recorded too, and sent in place of this one.

        The rung itself, or a lapse, may take the case away: then nobody would be told. How far it
        goes is found by rehearsing the rest of the course, once.
        """
        if self._rehearsing:
            return True
        if self._ahead is None:
            rehearsal = Course(self.machine, self.case, self.world)
            rehearsal._rehearsing, rehearsal._wake = True, self._wake
            rehearsal._catch_up(self._until)
            self._ahead = {key: max(numbers) for key, numbers in rehearsal._climbed.items()}
        return self._ahead.get(climb.key, 0) > climb.number

    # ---- recording

    def _draft(
        self,
        kind: str,
        actor: Actor,
        effective: datetime,
        cause: Cause | None,
        members: Mapping[str, Plain],
    ) -> Draft:
        draft = Draft(case=self.case, world=self.world, kind=kind, actor=actor, effective=effective)
        draft.members.update(members)
        if cause is not None:
            draft.members["cause"] = {"case": cause.case, "seq": cause.seq, "rule": cause.rule}
        return draft

    def _commit(self, draft: Draft) -> None:
        if draft.members.get("trigger") in self.machine.strikable and draft.kind != "sign":
            draft.members["basis"] = resting(draft)
        entry = draft.entry(self.machine.fields)
        self.case = evolve(self.case if self._born else None, entry)
        self._born = True
        self._entries.append(entry)
        self._notices.extend(draft.notices)
        for command in draft.commands:
            if isinstance(command, Fire) and command.case == self.case.id:
                self._fire_own(command, draft.effective)
            else:
                self._commands.append(command)

    def _fire_own(self, command: Fire, effective: datetime) -> None:
        self._own += 1
        if self._own > _MOST_AUTOMATIC:
            raise NeverRests(case=self.case.id, steps=_MOST_AUTOMATIC, last=command.trigger)
        verdict = self.judge(command.trigger, None, command.data, effective=effective)
        if verdict.reasons and command.otherwise_skip:
            return
        self.fire(verdict, kind="effect", actor=THE_TIMER, cause=command.cause, effective=effective)
        self._own -= 1

    def _timers(self) -> dict[str, datetime | None]:
        timers: dict[str, datetime | None] = {}
        for name, clock in self.case.clocks.items():
            old = self._start.clocks.get(name)
            if (old.next_rung if old else None) != clock.next_rung:
                timers[name] = clock.next_rung
        if self._asked or self.machine.automatic or self._projected:
            timers["auto"] = self._wake
        return timers


def _holds(candidate: Candidate, scope: Scope) -> bool:
    """Whether an automatic transition is due; a condition that has no value does not hold."""
    try:
        if candidate.when is None or not scope.holds(candidate.when):
            return False
        if not all(scope.holds(condition) for condition in candidate.conditions):
            return False
        return not any(scope.holds(condition) for condition in candidate.unless)
    except ExpressionFailed:
        return False
