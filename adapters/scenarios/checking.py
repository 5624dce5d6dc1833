"""Whether what a scenario names is there; what is not is a fault at its place, with the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from duban.adapters.scenarios.model import NONE, By, Expected, Import
from duban.adapters.scenarios.reading import Scene, Script, Steps
from duban.engine.core.roles import ANYONE
from duban.engine.definition.faults import (
    CAMPAIGN,
    DEADLINE,
    FIELD,
    REGISTER,
    ROLE,
    STATE,
    STATISTIC,
    TRIGGER,
    UNIT,
    WORKFLOW,
    Report,
    SourceMap,
)
from duban.engine.definition.library import Library
from duban.engine.definition.published import Definition
from duban.engine.definition.workflow import Workflow

_FACT = ("DEF-137", "fact", "事实")
_OF_DEADLINES = (
    "due", "first_due", "overdue", "not_overdue", "running", "waiting", "met", "lapsed",
    "not_lapsed",
)  # fmt: skip


def applied(scenes: Sequence[Scene]) -> Iterator[str]:
    """Yield the files that the steps publish, but for those that are to be refused."""
    for scene in scenes:
        if not scene.answer.refused:
            yield from scene.step.apply
        yield from applied(scene.branch)


@dataclass(frozen=True)
class _Known:
    """What the versions of a workflow that a scenario ever publishes know between them."""

    versions: list[Workflow]

    def names(self, part: str) -> set[str]:
        return {name for version in self.versions for name in getattr(version, part)}

    @cached_property
    def triggers(self) -> set[str]:
        return {t.trigger for v in self.versions for t in v.transitions if t.trigger}

    def inputs(self, trigger: str) -> set[str]:
        asked = (t.asks for v in self.versions for t in v.transitions if t.trigger == trigger)
        return self.names("fields").union(*asked)


def check_names(script: Script, library: Library, later: Sequence[Definition]) -> None:
    """Refuse names that neither *library* knows nor any of the definitions published *later*.

    Raises:
        InvalidDefinition: with every fault and its place.
    """
    file = script.document.file
    report = Report({_ORIGIN: SourceMap(file, script.document.places)})
    check = _Check(library, later, report)
    check.scenes(script.scenes)
    report.finish()


_ORIGIN = "scenario"


class _Check:
    def __init__(self, library: Library, later: Sequence[Definition], report: Report) -> None:
        self.library, self.report = library.with_definitions(later), report
        self.known: dict[str, _Known] = {}
        for model in [*library.workflows.values(), *(d.model for d in later)]:
            if isinstance(model, Workflow):
                self.known.setdefault(model.workflow, _Known([])).versions.append(model)
        self.workflows: dict[str, str | None] = {}

    def scenes(self, scenes: Sequence[Scene]) -> None:
        for scene in scenes:
            before = dict(self.workflows)
            self._scene(scene)
            if scene.step.variant:
                self.workflows = before

    def _scene(self, scene: Scene) -> None:
        self._step(scene)
        self.scenes(scene.branch)
        for name, expected in scene.cases.items():
            around = () if name == scene.about else (name,)
            self._expected(expected, self._of(name), (*scene.path, "expect", *around))
        base = (*scene.path, "expect")
        self._each(scene.everywhere.cases, self.library.workflows, (*base, "cases"), WORKFLOW)
        campaigns = self.library.campaigns.values()
        registers = {name for campaign in campaigns for name in campaign.registers}
        self._each(scene.everywhere.registers, registers, (*base, "registers"), REGISTER)
        statistics = {name for campaign in campaigns for name in campaign.statistics}
        self._each(scene.everywhere.statistics, statistics, (*base, "statistics"), STATISTIC)

    def _step(self, scene: Scene) -> None:
        step, path = scene.step, scene.path
        if step.open is not None:
            self._opening(step.open, step.names, path)
            self._with(self.known.get(step.open), "open", step.with_, (*path, "with"))
            self._by(step.by, self.known.get(step.open), path)
        if step.fire is not None and scene.about is not None:
            self._fire(step.fire, step.with_, step.by, self._of(scene.about), path)
        if step.import_ is not None:
            self._import(step.import_, (*path, "import"))
        if step.find is not None:
            self.workflows[step.find.as_] = step.find.workflow
            if step.find.workflow is not None:
                self._opening(step.find.workflow, step.find.as_, (*path, "find"), "workflow")
        if step.unit is not None:
            self._units([step.unit], (*path, "unit"))
        if step.campaign is not None:
            self._known([step.campaign], self.library.campaigns, (*path, "campaign"), CAMPAIGN)

    def _fire(
        self,
        trigger: str,
        values: Iterable[str],
        by: By | None,
        workflow: _Known | None,
        path: Steps,
    ) -> None:
        if workflow is not None:
            self._known([trigger], workflow.triggers, (*path, "fire"), TRIGGER)
            self._with(workflow, trigger, values, (*path, "with"))
            self._by(by, workflow, path)

    def _import(self, bulk: Import, path: Steps) -> None:
        self._opening(bulk.open, None, path)
        self._units(bulk.units, (*path, "units"))
        self._with(self.known.get(bulk.open), "open", bulk.with_, (*path, "with"))
        for number in range(1, bulk.count + 1 if bulk.as_ else 1):
            self.workflows[f"{bulk.as_}-{number}"] = bulk.open

    def _opening(self, workflow: str, name: str | None, path: Steps, key: str = "open") -> None:
        self._known([workflow], self.library.workflows, (*path, key), WORKFLOW)
        if name is not None:
            self.workflows[name] = workflow

    def _with(
        self, workflow: _Known | None, trigger: str, values: Iterable[str], path: Steps
    ) -> None:
        if workflow is not None:
            self._each(values, workflow.inputs(trigger), path, FIELD)

    def _by(self, by: By | None, workflow: _Known | None, path: Steps) -> None:
        if by is not None and by.role is not None and workflow is not None:
            self._known([by.role], {*workflow.names("roles"), ANYONE}, (*path, "by"), ROLE)

    def _units(self, units: Iterable[str], path: Steps) -> None:
        self._known(units, self.library.directory.unit_ids, path, UNIT)

    def _expected(self, expected: Expected, workflow: _Known | None, path: Steps) -> None:
        if workflow is None:
            return
        for key in _OF_DEADLINES:
            names = [name for name in getattr(expected, key) or () if name != NONE]
            self._each(names, workflow.names("deadlines"), (*path, key), DEADLINE)
        states = [part for text in expected.state or () for part in text.split("+")]
        self._known(states, workflow.names("states"), (*path, "state"), STATE)
        self._each(expected.fields, workflow.names("fields"), (*path, "fields"), FIELD)
        self._each(expected.facts, workflow.names("facts"), (*path, "facts"), _FACT)
        self._each(expected.times, workflow.triggers, (*path, "times"), TRIGGER)
        self._each(expected.children, self.library.workflows, (*path, "children"), WORKFLOW)
        for key in ("may", "may_not"):
            roles = getattr(expected, key)
            self._each(roles, workflow.names("roles"), (*path, key), ROLE)
            for role, triggers in roles.items():
                self._known(triggers, workflow.triggers, (*path, key, role), TRIGGER)
        if expected.unit is not None:
            self._units([expected.unit], (*path, "unit"))

    # ---- what is known

    def _of(self, name: str) -> _Known | None:
        return self.known.get(self.workflows.get(name) or "")

    def _each(
        self, names: Iterable[str], known: Iterable[str], path: Steps, fault: tuple[str, str, str]
    ) -> None:
        among = list(known)
        for name in names:
            self._known([name], among, (*path, name), fault)

    def _known(
        self, names: Iterable[str], known: Iterable[str], path: Steps, fault: tuple[str, str, str]
    ) -> None:
        self.report.known(_ORIGIN, names, known, path, fault)
