"""What happens: the closed list of effects, each carried out on the draft of an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime

from duban.engine.core import clocks
from duban.engine.core.bounds import check_extension, nothing_to_extend
from duban.engine.core.draft import Draft
from duban.engine.core.elements import elements
from duban.engine.core.inputs import assigned, unknown_unit
from duban.engine.core.numbers import issue
from duban.engine.core.recipients import notices_to
from duban.engine.core.scope import Scope
from duban.engine.core.standing import STANDING, standing_id
from duban.engine.core.strikes import last_standing, nothing_to_strike
from duban.engine.core.terms import begin, steps_of
from duban.engine.core.texts import Occasion
from duban.engine.definition.machine import CompiledDeadline, CompiledEffect
from duban.engine.errors import TransitionRefused
from duban.engine.history.evolve import NONE
from duban.engine.timing.instants import UNDATED
from duban.engine.values.actor import THE_TIMER
from duban.engine.values.case import Clock, Grant
from duban.engine.values.command import Fire, Flag, Open, Tie
from duban.engine.values.identity import derived_id
from duban.engine.values.notice import Notice


class Effects:
    """Carries effects out in written order; later ones see what earlier ones set."""

    def __init__(
        self, draft: Draft, scope: Scope, occasion: Occasion, *, silent: bool = False
    ) -> None:
        self.draft, self.scope, self.occasion, self.silent = draft, scope, occasion, silent

    def run(self, effects: tuple[CompiledEffect, ...]) -> None:
        """Carry out *effects*."""
        for effect in effects:
            self.scope.data = self.draft.data()
            for item in elements(effect, self.scope):
                self.scope.item = item
                self.scope.data = self.draft.data()
                if effect.when is None or self.scope.holds(effect.when):
                    _ACTIONS[effect.action](self, effect)
        self.scope.item = ""

    def digest(self, missed: Sequence[CompiledEffect]) -> None:
        """Tell those whom only missed rungs would have told: one notice each."""
        told = {notice.person or notice.to for notice in self.draft.notices}
        for effect in missed:
            found = self._notices(effect)
            self.draft.notices.extend(n for n in found if (n.person or n.to) not in told)
            told.update(notice.person or notice.to for notice in found)

    def _text(self, effect: CompiledEffect, name: str) -> str:
        return str(self.scope.value(effect.values[name]))

    # ---- fields, links, roles

    def set(self, effect: CompiledEffect) -> None:
        """Set fields; text that is empty takes the value away."""
        for name, expression in effect.values.items():
            field = self.scope.machine.fields[name]
            value = assigned(name, field, self.scope.value(expression), self.scope.world)
            self.draft.sets[name] = NONE if value is None else value

    def link(self, effect: CompiledEffect) -> None:
        """Tie another case to this one; it learns of it in an entry of its own."""
        other = self._text(effect, "to")
        if other:
            self._tie(effect, effect.model.link or "link", other)

    def _tie(self, effect: CompiledEffect, name: str, other: str) -> None:
        self.draft.links.append((name, other))
        cause = self.draft.cause(effect.place)
        self.draft.commands.append(
            Tie(case=other, name=self.scope.case.workflow, other=self.scope.case.id, cause=cause)
        )

    def hand_over(self, effect: CompiledEffect) -> None:
        """For this case, the role is held at another unit from now on, or again at its own."""
        unit = self._text(effect, "to")
        if unit and unit not in self.scope.world.directory:
            raise unknown_unit(unit, self.scope.world)
        self.draft.holds[effect.model.hand_over or ""] = unit
        # What follows in the list, a notice above all, already meets the new holder.
        holds = {**self.scope.case.holds, **self.draft.holds}
        self.scope.case = replace(self.scope.case, holds=holds)

    # ---- notices

    def notify(self, effect: CompiledEffect) -> None:
        """Send one notice to each holder of the roles."""
        if not self.silent:
            self.draft.notices.extend(self._notices(effect))

    def _notices(self, effect: CompiledEffect) -> list[Notice]:
        # After an outage too, a notice reaches whoever holds the post when it goes out.
        present = copy(self.scope)
        present.world = self.draft.world
        first = len(self.draft.notices)
        return notices_to(effect, present, self.occasion, seq=self.draft.seq, first=first)

    # ---- other cases

    def open(self, effect: CompiledEffect) -> None:
        """Open a case whose id follows from this entry, so that a retry opens it once."""
        number = len([1 for link, _ in self.draft.links if link == "children"])
        opened = derived_id(
            self.draft.effective, self.scope.case.id, self.draft.seq, effect.place, number
        )
        unit = self._text(effect, "unit") if "unit" in effect.values else self.scope.case.unit
        self.draft.links.append(("children", opened))
        if effect.model.link:
            self.draft.links.append((effect.model.link, opened))
        self.draft.commands.append(
            Open(
                workflow=effect.model.open or "",
                unit=unit,
                actor=THE_TIMER,
                data=self._with(effect),
                campaign=self.scope.case.campaign,
                id=opened,
                links=(("parent", self.scope.case.id),),
                cause=self.draft.cause(effect.place),
            )
        )

    def fire(self, effect: CompiledEffect) -> None:
        """Fire a trigger on linked cases, or on this one after the entry."""
        for target in self._targets(effect.model.on or "this", effect.place):
            self.draft.commands.append(
                Fire(
                    case=target,
                    trigger=effect.model.fire or "",
                    actor=THE_TIMER,
                    data=self._with(effect),
                    cause=self.draft.cause(effect.place),
                    otherwise_skip=effect.model.else_ == "skip",
                )
            )

    def _targets(self, on: str, place: str) -> tuple[str, ...]:
        case = self.scope.case
        if on == "this":
            return (case.id,)
        if not on.startswith(STANDING):
            return self.draft.linked(on)
        workflow = on.removeprefix(STANDING)
        unit = self.scope.world.standing.unit(workflow, case.unit)
        if unit is None:
            return ()
        target = standing_id(workflow, unit, case.campaign)
        # It is opened when first needed; one that is there stays as it is.
        self.draft.commands.append(
            Open(
                workflow=workflow,
                unit=unit,
                actor=THE_TIMER,
                campaign=case.campaign,
                id=target,
                cause=self.draft.cause(place),
            )
        )
        return (target,)

    def _with(self, effect: CompiledEffect) -> dict[str, object]:
        given: dict[str, object] = {}
        for name, expression in effect.values.items():
            if name.startswith("with."):
                value = self.scope.value(expression)
                if value == "" or value == UNDATED:
                    continue
                # A date of another case is told as a day; its own field decides what it takes.
                if isinstance(value, datetime):
                    value = self.scope.world.clockwork.day(value).isoformat()
                given[name.removeprefix("with.")] = value
        return given

    # ---- numbers

    def issue(self, effect: CompiledEffect) -> None:
        """Give a field the next number of its sequence."""
        name = effect.model.issue or ""
        issued = issue(name, effect.place, self.scope)
        self.draft.sets[name] = issued.text
        self.draft.numbers[name] = (issued.key, issued.number)

    def strike(self, effect: CompiledEffect) -> None:
        """Withdraw the last entry of a trigger; the cases that rest on it are flagged."""
        trigger = effect.model.strike or ""
        case = self.scope.case
        last = last_standing(case, trigger, self.draft.strikes)
        if last is None:
            reason = nothing_to_strike(trigger, effect.place)
            raise TransitionRefused(case=case.id, trigger=trigger, reasons=[reason])
        self.draft.strikes.append(last.seq)
        cause = self.draft.cause(effect.place)
        self.draft.commands.extend(
            Flag(case=other, other=case.id, seq=last.seq, cause=cause) for other in last.cases
        )

    # ---- clocks

    def extend(self, effect: CompiledEffect) -> None:
        """Grant an extension within the deadline's bounds."""
        name = effect.model.extend or ""
        deadline, clock = self._clock(name)
        if clock is None or clock.ended is not None:
            raise nothing_to_extend(deadline, self.scope)
        by = str(self.scope.value(effect.values["by"])) if "by" in effect.values else None
        to = self.scope.value(effect.values["to"]) if "to" in effect.values else None
        grant = Grant(at=self.draft.effective, by=by, to=to)
        extended = clocks.extend(clock, self.scope.world.clockwork, steps_of(deadline), grant)
        check_extension(deadline, clock, extended, grant, self.scope)
        self.draft.clocks[name] = extended

    def stop(self, effect: CompiledEffect) -> None:
        """Hold a clock until it is resumed."""
        name = effect.model.stop or ""
        _, clock = self._clock(name)
        if clock is not None and clock.ended is None:
            self.draft.clocks[name] = clocks.hold(
                clock, self.scope.world.clockwork, self.draft.effective, held=True
            )

    def resume(self, effect: CompiledEffect) -> None:
        """Let a held clock go on."""
        name = effect.model.resume or ""
        deadline, clock = self._clock(name)
        if clock is not None and clock.held:
            self.draft.clocks[name] = clocks.resume(
                clock, self.scope.world.clockwork, steps_of(deadline), self.draft.effective
            )

    def restart(self, effect: CompiledEffect) -> None:
        """Begin a clock anew."""
        name = effect.model.restart or ""
        deadline, clock = self._clock(name)
        started = begin(deadline, self.scope, self.draft.effective, clock)
        if started is not None:
            self.draft.clocks[name] = started

    def _clock(self, name: str) -> tuple[CompiledDeadline, Clock | None]:
        return self.scope.machine.deadlines[name], self.draft.clock(name)


_ACTIONS: Mapping[str, Callable[[Effects, CompiledEffect], None]] = {
    "set": Effects.set,
    "notify": Effects.notify,
    "open": Effects.open,
    "fire": Effects.fire,
    "issue": Effects.issue,
    "extend": Effects.extend,
    "stop": Effects.stop,
    "resume": Effects.resume,
    "restart": Effects.restart,
    "hand_over": Effects.hand_over,
    "link": Effects.link,
    "strike": Effects.strike,
}
