"""Random lives on somebody's definitions, drawn by hypothesis and shrunk to the shortest that fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any

from duban.adapters.scenarios.difference import Said
from duban.adapters.scenarios.drawing import Draw, Drawing
from duban.adapters.scenarios.invariants import AGREEMENT, INVARIANTS, ONCE, Life
from duban.adapters.scenarios.stage import Stage
from duban.engine.core.verdict import Verdict
from duban.engine.definition.machine import Machine
from duban.engine.errors import DubanError, StaleCase, TransitionRefused, Unreachable
from duban.engine.shell.catalogue import is_campaign
from duban.engine.values.actor import Actor
from duban.engine.values.case import Case

_STRANGER = Actor(person="stranger")
_PAUSES = [
    timedelta(0),
    timedelta(hours=1),
    timedelta(hours=30),
    timedelta(days=4),
    timedelta(days=25),
]
_OF_A_KIND = 3


class NeedsHypothesis(Unreachable):
    """The library that draws random lives is not installed."""

    code = "ENV-007"

    def __init__(self) -> None:
        super().__init__(
            what="hypothesis", why="it is not installed", hint="pip install 'duban[test]'"
        )


class Broken(Exception):
    """An invariant does not hold: which, how, and the story of the life that shows it."""

    def __init__(self, invariant: Said, how: Said, story: Sequence[str]) -> None:
        super().__init__(how.en)
        self.invariant, self.how, self.story = invariant, how, tuple(story)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What became of the random lives of one workflow, and how much happened in them.

    ``lives`` is 0 when nobody opens such cases.
    """

    workflow: str
    lives: int
    fired: int = 0
    broken: Broken | None = None


def hypothesis() -> Any:
    """Return hypothesis, which only this needs.

    Raises:
        NeedsHypothesis: it is not installed.
    """
    try:
        return import_module("hypothesis")
    except ImportError:
        raise NeedsHypothesis from None


def walk_all(stage: Stage, examples: int) -> Iterator[Walked]:
    """Yield for each workflow whether the invariants hold in *examples* random lives."""
    for workflow in stage.library.workflows:
        openings = list(_openings(stage, workflow))
        if openings:
            yield _walk_one(stage, workflow, openings, examples)
        else:
            yield Walked(workflow=workflow, lives=0)


def _openings(stage: Stage, workflow: str) -> Iterator[tuple[str, Actor]]:
    """Yield some units of each kind with somebody who may open a case there."""
    library, casting = stage.library, stage.casting()
    counted: dict[str, int] = {}
    today = stage.now.astimezone(stage.zone).date()
    for unit in library.directory.unit_ids:
        row = library.directory.unit(unit, today)
        kind = row.kind if row else ""
        if counted.get(kind, 0) >= _OF_A_KIND:
            continue
        actors = casting.openers(workflow, unit)
        counted[kind] = counted.get(kind, 0) + bool(actors)
        yield from ((unit, actor) for actor in actors)


def _walk_one(
    stage: Stage, workflow: str, openings: list[tuple[str, Actor]], examples: int
) -> Walked:
    library = hypothesis()
    lives = fired = 0

    def live(data: Any) -> None:
        nonlocal lives, fired
        walk = _Walk(stage, data.draw)
        try:
            with stage.tried():
                walk.live(workflow, openings)
        finally:
            lives += bool(walk.story)
            fired += max(0, len(walk.story) - 1)

    settings = library.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(library.HealthCheck),
        phases=[library.Phase.generate, library.Phase.shrink],
    )
    check = settings(library.given(library.strategies.data())(live))
    try:
        check()
    except Broken as broken:
        return Walked(workflow=workflow, lives=lives, fired=fired, broken=broken)
    return Walked(workflow=workflow, lives=lives, fired=fired)


@dataclass
class _Walk:
    """One life: a case is opened, and then people do what they may, whenever they like."""

    stage: Stage
    draw: Draw
    story: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def live(self, workflow: str, openings: list[tuple[str, Actor]]) -> None:
        st = hypothesis().strategies
        unit, actor = self.draw(st.sampled_from(openings))
        drawing = Drawing(self.stage, self.draw)
        values = drawing.opening(workflow)
        try:
            case = self.stage.engine.open(workflow, unit=unit, actor=actor, data=values)
        except DubanError:
            return
        self._tell(f"open {workflow} at {unit} by {actor.person}", values)
        self.known.append(case.id)
        for _ in range(self.draw(st.integers(1, 16))):
            aside = self.stage.advance(self.stage.now + self.draw(st.sampled_from(_PAUSES)))
            self._check_all()
            for case_id, why in aside:
                self._not_twice(case_id, why)
            if aside:  # a rule asks what the values that were drawn cannot give
                return
            self._step(drawing)
            self._check_all()

    def _step(self, drawing: Drawing) -> None:
        st = hypothesis().strategies
        case = self.stage.engine.case(self.draw(st.sampled_from(self.known)))
        actor = self.draw(st.sampled_from(self._actors(case)))
        verdicts = self.stage.engine.explain(case.id, actor=actor).verdicts
        if not verdicts:
            return
        self._agree(case, actor, self.draw(st.sampled_from(verdicts)))
        # What ends a case at once from everywhere would make all lives short.
        free = [v for v in verdicts if v.allowed and not self._ends_everything(case, v)]
        verdict = self.draw(st.sampled_from(free or list(verdicts)))
        values = drawing.values(case, verdict)
        try:
            self.stage.engine.fire(case.id, verdict.trigger, actor=actor, data=values)
        except DubanError as error:
            self._not_twice(case.id, error.text("en"))
            return
        self._tell(f"fire {verdict.trigger} by {actor.person}", values)
        self._meet_children(case.id)

    def _ends_everything(self, case: Case, verdict: Verdict) -> bool:
        candidate = verdict.candidate
        if candidate is None or candidate.dest is None or len(candidate.sources) < 2:
            return False
        states = self.stage.engine.machine(case).states
        return candidate.dest in states and states[candidate.dest].final

    def _actors(self, case: Case) -> list[Actor]:
        roles = self.stage.engine.machine(case).roles
        found = [actor for role in roles for actor in self._players(case, role)]
        return [*dict.fromkeys(found), _STRANGER]

    def _players(self, case: Case, role: str) -> tuple[Actor, ...]:
        try:
            return self.stage.engine.players(case, role)
        except DubanError:  # a role bound to what the case does not say yet
            return ()

    def _meet_children(self, case_id: str) -> None:
        for child in self.stage.engine.case(case_id).linked("children"):
            if child not in self.known and not is_campaign(self.stage.engine.case(child).workflow):
                self.known.append(child)

    def _tell(self, what: str, values: Mapping[str, object]) -> None:
        at = self.stage.now.astimezone(self.stage.zone)
        given = ", ".join(f"{name}: {value}" for name, value in values.items())
        self.story.append(f"{at:%Y-%m-%d %H:%M}  {what}" + (f"  {{{given}}}" if given else ""))

    # ---- what must hold

    def _not_twice(self, case_id: str, why: str) -> None:
        """Nobody else works here: what the store found overtaken was there already, a rung once more."""
        version = self.stage.engine.case(case_id).version
        if why == StaleCase(case=case_id, version=version, expected=version).text("en"):
            how = Said(
                "a rung was to happen a second time; the store refused it",
                "某级督办将发生第二次，被存储拒绝",
            )
            raise Broken(ONCE, how, self.story)

    def _agree(self, case: Case, actor: Actor, verdict: Verdict) -> None:
        with self.stage.tried():
            try:
                self.stage.engine.fire(case.id, verdict.trigger, actor=actor)
                refused: DubanError | None = None
            except DubanError as error:
                refused = error
        allowed = verdict.allowed and not verdict.missing
        if allowed == (refused is None) or (allowed and _by_effects(refused, case)):
            return
        en, zh = (
            f"'{verdict.trigger}' by {actor.person} in '{case.state}': ",
            (f"{actor.person} 在“{case.state}”办理“{verdict.trigger}”："),
        )
        said = Said("allowed, and fire refused", "说明可办，办理却被拒绝")
        if refused is None:
            said = Said("not allowed, and fire did it", "说明不可办，办理却已执行")
        raise Broken(AGREEMENT, Said(en + said.en, zh + said.zh), self.story)

    def _check_all(self) -> None:
        for case_id in self.known:
            life = self._life(case_id)
            for invariant in INVARIANTS:
                for how in invariant.broken(life):
                    raise Broken(invariant.says, how, self.story)
            for finding in self.stage.engine.verify(case_id).findings:
                how = Said(finding.en, finding.zh)
                raise Broken(INVARIANTS[-1].says, how, self.story)

    def _life(self, case_id: str) -> Life:
        engine, library = self.stage.engine, self.stage.library
        case = engine.case(case_id)
        machine = engine.machine(case)
        return Life.of(
            machine,
            library.clockwork(machine.zone, machine.calendar, machine.closing),
            case,
            tuple(engine.history(case_id)),
            {role: _anybody(machine, role, self._players(case, role)) for role in machine.roles},
            frozenset(_fired_by_rules(self.stage)),
        )


def _anybody(machine: Machine, role: str, players: Sequence[Actor]) -> bool:
    """Whether somebody plays *role*, or a value of the case that is still to come may say who."""
    open_ended = any(
        binding.party is not None or (binding.of.startswith("case.") and binding.of != "case.unit")
        for binding in machine.roles[role]
    )
    return bool(players) or open_ended


def _by_effects(refused: DubanError | None, case: Case) -> bool:
    """Whether what a firing brings about was refused: a bound of an extension, or another case."""
    if not isinstance(refused, TransitionRefused):
        return refused is not None and refused.code.startswith("FIND")
    return refused.case != case.id or any(r.code == "RULE-011" for r in refused.reasons)


def _fired_by_rules(stage: Stage) -> Iterator[str]:
    library = stage.library
    for workflow in library.workflows.values():
        yield from (e.fire for t in workflow.transitions for e in t.then if e.fire)
    for ladder in library.ladders.values():
        yield from (e.fire for rung in ladder.rungs for e in rung.then if e.fire)
