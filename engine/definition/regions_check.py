"""Regions side by side: where each begins, and that no transition leads from one into another."""

from __future__ import annotations

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.machine import NEW
from duban.engine.definition.workflow import Transition, Workflow


class RegionsCheck:
    """The checks of the regions of one workflow."""

    def __init__(self, workflow: Workflow, report: Report) -> None:
        self.workflow, self.report = workflow, report
        self.origin = f"workflow:{workflow.workflow}"

    def run(self) -> bool:
        """Run them all; return whether the regions are such that their graphs can be walked."""
        before = len(self.report.faults)
        for number, region in enumerate(self.workflow.regions.states):
            self._beginning(region, first=number == 0)
        for number, transition in enumerate(self.workflow.transitions):
            self._within_one(transition, ("transitions", number))
        return len(self.report.faults) == before

    def _beginning(self, region: str, *, first: bool) -> None:
        names = self.workflow.regions.states[region]
        initial = [name for name in names if self.workflow.states[name].initial]
        if first and initial:
            self.report.add(
                self.origin,
                ("states", initial[0], "initial"),
                "DEF-081",
                f"region '{region}' is the first one: it begins where 'open' leads; "
                f"leave 'initial' out",
                f"“{region}”是第一个区域，由 open 决定起始状态；请去掉 initial",
            )
        if not first and len(initial) != 1:
            listed = ", ".join(names)
            self.report.add(
                self.origin,
                ("states", (initial or names)[-1]),
                "DEF-080",
                f"region '{region}' begins in exactly one of its states: say 'initial: true' at "
                f"one of {listed}",
                f"区域“{region}”须有且仅有一个起始状态：请在 {listed} 之一写明 initial: true",
            )

    def _within_one(self, transition: Transition, path: Path) -> None:
        regions = self.workflow.regions
        dest = regions.of(transition.dest or "")
        for source in transition.source:
            region = regions.first if source == NEW else regions.of(source)
            if None not in (dest, region) and region != dest:
                self.report.add(
                    self.origin,
                    path,
                    "DEF-082",
                    f"'{source}' is of region '{region}' and '{transition.dest}' of "
                    f"'{dest}': a case keeps one state in each region",
                    f"“{source}”属于区域“{region}”，“{transition.dest}”属于“{dest}”：事项在每个区域各有一个状态",
                )
