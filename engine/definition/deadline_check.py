"""Deadlines that nobody can stop, that wait for ever, or whose bounds bind nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.library import Library
from duban.engine.definition.logic import tokens
from duban.engine.definition.machine import NEW
from duban.engine.definition.value_check import effects_of
from duban.engine.definition.workflow import Deadline, Effect, Transition, Workflow


class DeadlineCheck:
    """The checks of the deadlines of one workflow."""

    def __init__(self, workflow: Workflow, library: Library, report: Report) -> None:
        self.workflow, self.library, self.report = workflow, library, report
        self.origin = f"workflow:{workflow.workflow}"
        self.final = {name for name, state in workflow.states.items() if state.final}
        self.effects = list(self._all_effects())

    def run(self) -> None:
        """Run them all."""
        self._dead_ends()
        for name, deadline in self.workflow.deadlines.items():
            path: Path = ("deadlines", name)
            self._states(deadline, path)
            self._stops(name, deadline, path)
            self._extended(name, deadline, path)
            self._heard(name, deadline, path)
        self._held()

    def _all_effects(self) -> Iterator[tuple[str, Path, Effect]]:
        for path, effect in effects_of(self.workflow):
            yield self.origin, path, effect
        for name in dict.fromkeys(d.ladder for d in self.workflow.deadlines.values()):
            ladder = self.library.ladders.get(name or "")
            for path, effect in effects_of(ladder) if ladder else ():
                yield f"ladder:{name}", path, effect

    def _dead_ends(self) -> None:
        """Where cases end, graph checks tell what has no end; where none ends, a trap is a trap."""
        if self.final:
            return
        for name in self.workflow.states:
            if len(self.workflow.states) > 1 and not any(_from(name, t) for t in self._moves()):
                en = f"state '{name}' is a dead end: nothing leads out of it, and it is not final"
                zh = f"状态“{name}”是死路：没有任何流转离开，也不是终止状态"
                self.report.add(self.origin, ("states", name), "DEF-165", en, zh)

    def _moves(self) -> list[Transition]:
        return self.workflow.transitions

    def _states(self, deadline: Deadline, path: Path) -> None:
        for state in deadline.runs_in:
            if state in self.final:
                en = f"the clock runs in '{state}', which is final: nobody could ever meet it"
                zh = f"时限在终止状态“{state}”中计时，永远无法完成"
                self.report.add_value(self.origin, (*path, "runs_in"), "DEF-160", en, zh)
            elif state in deadline.waits_in:
                en = f"the clock cannot both run and wait in '{state}'"
                zh = f"时限不能在“{state}”中既计时又暂停"
                self.report.add_value(self.origin, (*path, "waits_in"), "DEF-162", en, zh)

    def _stops(self, name: str, deadline: Deadline, path: Path) -> None:
        runs = {state for state in deadline.runs_in if state in self.workflow.states}
        if not runs or runs & self.final or any(e.stop == name for _, _, e in self.effects):
            return
        if not any(self._leaves(t, runs) for t in self._moves()):
            en = f"nobody can stop this clock: no transition leaves {_listed(sorted(runs))}"
            zh = f"无人能停止该时限：没有流转离开 {_listed(sorted(runs))}"
            self.report.add(self.origin, path, "DEF-161", en, zh)

    def _leaves(self, transition: Transition, runs: set[str]) -> bool:
        if transition.dest in (None, "=") or transition.dest in runs:
            return False
        return "*" in transition.source or not runs.isdisjoint(transition.source)

    def _extended(self, name: str, deadline: Deadline, path: Path) -> None:
        extending = [(o, p) for o, p, effect in self.effects if effect.extend == name]
        if deadline.extension is not None and not extending:
            en = f"no effect extends '{name}': its bounds bind nothing; take 'extension' away"
            zh = f"没有效果会延长“{name}”：其限制不起作用；请去掉 extension"
            self.report.warn(self.origin, (*path, "extension"), "DEF-163", en, zh)
        if deadline.extension is None and deadline.at_most is None:
            for origin, at in extending[:1]:
                en = f"'{name}' can be extended without bound; say 'extension' or 'at_most'"
                zh = f"“{name}”可以无限延长；请写明 extension 或 at_most"
                self.report.warn(origin, (*at, "extend"), "DEF-166", en, zh)

    def _heard(self, name: str, deadline: Deadline, path: Path) -> None:
        campaigns = self.library.campaigns.values()
        layers: list[Mapping[str, Mapping[str, str]]] = [c.ladders for c in campaigns]
        layers += [phase.ladders for c in campaigns for phase in c.phases]
        given = any(name in layer.get(self.workflow.workflow, {}) for layer in layers)
        if deadline.ladder is None and not given and not self._reads(f"lapsed.{name}"):
            en = f"deadline '{name}' has no ladder: overdue, nobody hears of it"
            zh = f"时限“{name}”没有督办阶梯：逾期时无人知晓"
            self.report.warn(self.origin, path, "DEF-158", en, zh)

    def _reads(self, name: str) -> bool:
        return any(t.when and name in tokens(t.when) for t in self._moves())

    def _held(self) -> None:
        stopped = {e.stop: (o, p) for o, p, e in reversed(self.effects) if e.stop}
        resumed = {e.resume: (o, p) for o, p, e in reversed(self.effects) if e.resume}
        again = {e.restart for _, _, e in self.effects}
        for name, (origin, path) in stopped.items():
            if name in self.workflow.deadlines and name not in {*resumed, *again}:
                en = f"'{name}' is stopped here and never resumed; add 'resume' where it goes on"
                zh = f"“{name}”在此停止后再不恢复；请在恢复处加上 resume"
                self.report.warn(origin, (*path, "stop"), "DEF-164", en, zh)
        for name, (origin, path) in resumed.items():
            if name in self.workflow.deadlines and name not in stopped:
                en = f"'{name}' is resumed here and never stopped"
                zh = f"“{name}”在此恢复，但从未停止"
                self.report.warn(origin, (*path, "resume"), "DEF-164", en, zh)


def _from(state: str, transition: Transition) -> bool:
    return state != NEW and (state in transition.source or "*" in transition.source)


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
