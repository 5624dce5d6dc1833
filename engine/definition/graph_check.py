"""Where a workflow leads: what cannot be reached, what has no way out, what can never win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duban.engine.definition.faults import Report
from duban.engine.definition.machine import NEW
from duban.engine.definition.workflow import Deadline, Workflow


class GraphCheck:
    """The checks of the graph of one workflow."""

    def __init__(self, workflow: Workflow, report: Report) -> None:
        self.workflow, self.report = workflow, report
        self.origin = f"workflow:{workflow.workflow}"
        self.states = set(workflow.states)

    def run(self) -> None:
        """Run them all."""
        moves = {state: set(self._next(state)) for state in (*self.states, NEW)}
        # What lies side by side begins by itself; no move leads from one region into another.
        reached = _closure({NEW, *self.workflow.regions.beginnings.values()}, moves)
        self._unreachable(reached)
        self._endless(moves, reached)
        self._never_won()
        for name, deadline in self.workflow.deadlines.items():
            self._again(name, deadline)

    def _unreachable(self, reached: set[str]) -> None:
        for state in self.workflow.states:
            if state not in reached:
                en, zh = f"state '{state}' cannot be reached", f"状态“{state}”无法到达"
                self.report.add(self.origin, ("states", state), "DEF-024", en, zh)

    def _endless(self, moves: Mapping[str, set[str]], reached: set[str]) -> None:
        final = {name for name, state in self.workflow.states.items() if state.final}
        backwards: dict[str, set[str]] = {state: set() for state in moves}
        for state, nexts in moves.items():
            for following in nexts & moves.keys():
                backwards[following].add(state)
        ending = _closure(final, backwards)
        # A region without a final state goes on for ever, and keeps no case from its end.
        for state in self.workflow.regions.ending(self.workflow.states):
            if state in reached and state not in ending:
                en = f"from '{state}' no final state can be reached"
                zh = f"从“{state}”无法到达任何终止状态"
                self.report.add(self.origin, ("states", state), "DEF-025", en, zh)

    def _again(self, name: str, deadline: Deadline) -> None:
        """What happens on entering again must be said where a case can leave and come back."""
        runs, waits = set(deadline.runs_in), set(deadline.waits_in)
        moves = {state: set(self._next(state, reopening=False)) for state in self.states}
        away = _closure(runs & self.states, moves) - runs - waits
        back = [s for s in sorted(away) if _closure({s}, moves) & runs]
        if deadline.again is None and back:
            self.report.add(
                self.origin,
                ("deadlines", name),
                "DEF-057",
                f"a case may come back from '{back[0]}': say 'again: waits', 'same due' or 'anew'",
                f"事项可能从“{back[0]}”返回：请写明 again: waits、same due 或 anew",
            )

    def _next(self, state: str, *, reopening: bool = True) -> Iterator[str]:
        for transition in self.workflow.transitions:
            if transition.reopen and not reopening:
                continue
            if transition.dest and state in self.workflow.sources_of(transition):
                yield state if transition.dest == "=" else transition.dest

    def _never_won(self) -> None:
        """A candidate behind an unconditional one of the same source and trigger can never win."""
        seen: dict[tuple[str, str], int] = {}
        for number, transition in enumerate(self.workflow.transitions):
            trigger = transition.trigger
            if trigger is None:
                continue
            sources = self.workflow.sources_of(transition)
            before = [source for source in sources if (source, trigger) in seen]
            # One that leaves everything may well be written to catch what others left.
            if before and (len(before) == len(sources) or "*" not in transition.source):
                first = seen[before[0], trigger] + 1
                self.report.add(
                    self.origin,
                    ("transitions", number),
                    "DEF-022",
                    f"this '{trigger}' from '{before[0]}' can never be taken: "
                    f"transition {first} has no condition and comes first",
                    f"“{before[0]}”下的这个“{trigger}”永远不会执行：第 {first} 个流转没有条件且在前",
                )
            if not transition.conditions and not transition.unless:
                for source in sources:
                    seen.setdefault((source, trigger), number)


def _closure(start: set[str], moves: Mapping[str, set[str]]) -> set[str]:
    reached, queue = set(start), list(start)
    while queue:
        for following in moves.get(queue.pop(), ()):
            if following not in reached:
                reached.add(following)
                queue.append(following)
    return reached
