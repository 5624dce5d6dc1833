"""May this trigger be fired? One answer, for `fire` and for `explain` alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from duban.engine.core.bounds import check_asked_in_time
from duban.engine.core.inputs import plain_values
from duban.engine.core.roles import actor_posts, plays, roles_of
from duban.engine.core.scope import Scope
from duban.engine.core.signatures import Signing, signing
from duban.engine.core.strikes import unfounded
from duban.engine.core.verdict import Step, Verdict, false_condition, missing_inputs
from duban.engine.core.world import World
from duban.engine.definition.expressions import ExpressionFailed
from duban.engine.definition.machine import Candidate, Machine
from duban.engine.errors import Reason, TransitionRefused
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case


class Judge:
    """Judges triggers on one case; ``actor`` None stands for a rule, which no role binds."""

    def __init__(self, machine: Machine, case: Case, actor: Actor | None, world: World) -> None:
        self.machine, self.case, self.actor, self.world = machine, case, actor, world

    def fire(self, trigger: str, data: Mapping[str, object]) -> Verdict:
        """Judge *trigger* with the inputs *data*: what is missing is a reason against it."""
        return self._judge(trigger, data, asking=False)

    def ask(self, trigger: str) -> Verdict:
        """Judge *trigger* before its inputs are known."""
        return self._judge(trigger, {}, asking=True)

    def _judge(self, trigger: str, data: Mapping[str, object], *, asking: bool) -> Verdict:
        regions = self._candidates(trigger)
        if not regions:
            return Verdict(
                trigger=trigger, reasons=(self._unavailable(trigger),), inputs={}, asks={}, title={}
            )
        asks = {n: f for found in regions.values() for c in found for n, f in c.asks.items()}
        inputs = plain_values(asks, data, self.world, trigger=trigger)
        steps: list[Step] = []
        reasons: list[Reason] = []
        missing: tuple[str, ...] = ()
        for state, candidates in regions.items():
            chosen, refusals, wanted = self._choose(candidates, inputs, asking=asking)
            missing += wanted
            reasons.extend(refusals)
            if chosen is not None:
                steps.append(Step(chosen, state))
        # A trigger moves every region that knows it, or none.
        verdict = Verdict(
            trigger=trigger,
            steps=() if reasons else tuple(steps),
            reasons=tuple(reasons),
            missing=tuple(dict.fromkeys(missing)),
            inputs=inputs,
            asks=asks,
            title=next(iter(regions.values()))[0].title,
        )
        return verdict if reasons else self._allowed(verdict, asking=asking)

    def _candidates(self, trigger: str) -> Mapping[str, tuple[Candidate, ...]]:
        """The candidates in each region whose present state knows the trigger."""
        if any(trigger in self.machine.states[s].forbids for s in self._known_states()):
            return {}
        found = {state: self.machine.candidates(state, trigger) for state in self.case.states}
        return {state: candidates for state, candidates in found.items() if candidates}

    def _allowed(self, verdict: Verdict, *, asking: bool) -> Verdict:
        """Ask of the transitions that would be taken who may, and with what."""
        reasons: list[Reason] = list(self._too_late(verdict.trigger))
        missing = list(verdict.missing)
        for candidate in verdict.candidates:
            missing += (lacking := self._lacking(candidate, verdict.inputs))
            reasons += self._persons(candidate)
            reasons += self._wanting(candidate, lacking, asking=asking)
            reasons += unfounded(candidate, self.case)
        signings = tuple(self._signings(verdict))
        # Once is enough, as long as others are missing; with nobody missing, anybody concludes.
        if all(signing.again for signing in signings):
            reasons += [signing.refusal() for signing in signings if not signing.complete]
        return replace(
            verdict,
            signings=signings,
            reasons=tuple(dict.fromkeys(reasons)),
            missing=tuple(dict.fromkeys(missing)),
        )

    def _signings(self, verdict: Verdict) -> Iterable[Signing]:
        # A rule signs nothing: it is bound by what it says, as with roles.
        if self.actor is None:
            return
        for step in verdict.steps:
            if step.candidate.signed:
                scope = self._scope(step.candidate, verdict.inputs)
                yield signing(step.candidate, step.state, self.actor, scope)

    def _known_states(self) -> Iterable[str]:
        return (state for state in self.case.states if state in self.machine.states)

    # ---- which one is taken

    def _choose(
        self, candidates: tuple[Candidate, ...], inputs: Mapping[str, Plain], *, asking: bool
    ) -> tuple[Candidate | None, tuple[Reason, ...], tuple[str, ...]]:
        """The first whose conditions hold; what lacks an input, or has no value, is not passed over."""
        refusals: list[Reason] = []
        for candidate in candidates:
            open_inputs = self._open_inputs(candidate, inputs)
            if open_inputs and not asking:
                return None, (missing_inputs(candidate, open_inputs),), open_inputs
            refusal = self._conditions(candidate, inputs, asking=asking)
            if refusal is None:
                return candidate, (), open_inputs
            if refusal.code == ExpressionFailed.code:
                return None, (refusal,), ()
            refusals.append(refusal)
        return None, tuple(refusals), ()

    def _open_inputs(self, candidate: Candidate, inputs: Mapping[str, Plain]) -> tuple[str, ...]:
        used = {n for e in (*candidate.conditions, *candidate.unless) for n in e.names}
        return tuple(
            name
            for name in candidate.asks
            if f"input.{name}" in used and f"given.input.{name}" not in used and name not in inputs
        )

    def _conditions(
        self, candidate: Candidate, inputs: Mapping[str, Plain], *, asking: bool
    ) -> Reason | None:
        scope = self._scope(candidate, inputs)
        wanted = [(e, True) for e in candidate.conditions] + [(e, False) for e in candidate.unless]
        for expression, expected in wanted:
            if asking and any(_of_inputs(name, candidate) for name in expression.names):
                continue
            try:
                holds = scope.holds(expression)
            except ExpressionFailed as error:
                return Reason("RULE-007", error.text("en"), error.text("zh"), candidate.place)
            if holds is not expected:
                return false_condition(candidate, expression, expected=expected)
        return None

    def _scope(self, candidate: Candidate, inputs: Mapping[str, Plain]) -> Scope:
        data = merged(self.case, candidate, inputs)
        return Scope(
            self.machine, self.case, self.world, inputs=inputs, asks=candidate.asks, data=data
        )

    # ---- who, and with what

    def _persons(self, candidate: Candidate) -> Iterable[Reason]:
        if self.actor is None:
            return
        scope = self._scope(candidate, {})
        if self.actor.post is not None and not actor_posts(self.actor, self.world):
            yield Reason(
                "RULE-002",
                f"{self.actor.person} does not hold the post '{self.actor.post}'",
                f"{self.actor.person} 不担任“{self.actor.post}”",
                candidate.place,
            )
        elif not any(plays(self.actor, role, scope) for role in candidate.by):
            yield self._wrong_role(candidate, scope)
        for trigger in candidate.not_by:
            before = set(self.case.did.get(trigger, ()))
            if before.intersection(self.actor.persons):
                yield Reason(
                    "RULE-003",
                    f"'{candidate.trigger}' must be done by another person than '{trigger}', which "
                    f"{self.actor.person} did; let a colleague do it",
                    f"“{candidate.trigger}”不得由办理“{trigger}”的同一人（{self.actor.person}）办理，请由他人办理",
                    candidate.place,
                )

    def _too_late(self, trigger: str) -> Iterable[Reason]:
        """A request for an extension may have its own last day."""
        for name, deadline in self.machine.deadlines.items():
            clock = self.case.clocks.get(name)
            if clock is None or deadline.extension is None or deadline.extension.request != trigger:
                continue
            try:
                check_asked_in_time(deadline, clock, Scope(self.machine, self.case, self.world))
            except TransitionRefused as refusal:
                yield from refusal.reasons

    def _wrong_role(self, candidate: Candidate, scope: Scope) -> Reason:
        assert self.actor is not None
        needed = ", ".join(candidate.by) or "-"
        have = ", ".join(roles_of(self.actor, scope)) or "none"
        return Reason(
            "RULE-002",
            f"'{candidate.trigger}' needs role {needed}; {self.actor.person} has: {have}",
            f"“{candidate.trigger}”需要角色 {needed}；{self.actor.person} 现有角色：{have}",
            candidate.place,
        )

    def _lacking(self, candidate: Candidate, inputs: Mapping[str, Plain]) -> tuple[str, ...]:
        data = merged(self.case, candidate, inputs)
        empty: tuple[object, ...] = (None, "", [])
        return tuple(
            name
            for name in candidate.requires
            if data.get(name, inputs.get(name)) in empty and inputs.get(name) in empty
        )

    def _wanting(
        self, candidate: Candidate, missing: tuple[str, ...], *, asking: bool
    ) -> Iterable[Reason]:
        hard = tuple(n for n in missing if not asking or n not in candidate.asks)
        if hard:
            yield missing_inputs(candidate, hard)

    # ---- why there is no candidate

    def _unavailable(self, trigger: str) -> Reason:
        state = self.case.state
        possible = [n for s in self.case.states for n in self.machine.triggers_from(s)]
        listed = ", ".join(dict.fromkeys(possible)) or "-"
        if trigger not in self.machine.triggers:
            close = get_close_matches(trigger, self.machine.triggers, 1, 0.6)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            hint_zh = f"；是否指“{close[0]}”？" if close else ""
            return Reason(
                "RULE-010",
                f"there is no trigger '{trigger}'{hint}; possible in '{state}': {listed}",
                f"没有名为“{trigger}”的操作{hint_zh}；“{state}”状态下可以：{listed}",
            )
        forbidding = [s for s in self._known_states() if trigger in self.machine.states[s].forbids]
        if forbidding:
            return Reason(
                "RULE-006",
                f"'{trigger}' is forbidden while the case is '{forbidding[0]}'; possible: {listed}",
                f"事项处于“{forbidding[0]}”时禁止“{trigger}”；可以：{listed}",
                f"states.{forbidding[0]}",
            )
        if self.machine.workflow.regions.over(self.case.states):
            return Reason(
                "RULE-008",
                f"the case has ended in '{state}' and '{trigger}' does not reopen it; possible: {listed}",
                f"事项已办结（“{state}”），“{trigger}”不能重新启动；可以：{listed}",
                f"states.{state}",
            )
        return Reason(
            "RULE-001",
            f"'{trigger}' is not possible in '{state}'; possible: {listed}",
            f"“{state}”状态下不能“{trigger}”；可以：{listed}",
        )


def merged(case: Case, candidate: Candidate, inputs: Mapping[str, Plain]) -> Mapping[str, Plain]:
    """Return the case's fields with those inputs merged that fill fields."""
    filled = {name: value for name, value in inputs.items() if name in candidate.fills}
    return {**case.data, **filled} if filled else case.data


def _of_inputs(name: str, candidate: Candidate) -> bool:
    if name.startswith(("input.", "given.input.")):
        return True
    root, _, rest = name.partition(".")
    return root in {"case", "given"} and rest.split(".")[0] in candidate.fills
