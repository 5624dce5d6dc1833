"""The checks of registers, statistics and carry-over: what they ask of cases must be there."""

from __future__ import annotations

from collections.abc import Iterable

from duban.engine.definition.campaign import Campaign
from duban.engine.definition.expressions import BadExpression, Kind, Language
from duban.engine.definition.faults import (
    CAMPAIGN,
    COLUMN,
    FIELD,
    ROLE,
    SPLIT,
    STATISTIC,
    WORKFLOW,
    Path,
    Report,
)
from duban.engine.definition.lens import columns_over, names_over, splits_over
from duban.engine.definition.library import Library
from duban.engine.definition.lists import Register, Statistic
from duban.engine.definition.workflow import Binding, Workflow


class ListCheck:
    """The checks of what a campaign asks of many cases at once."""

    def __init__(self, campaign: Campaign, origin: str, library: Library, report: Report) -> None:
        self.campaign, self.origin = campaign, origin
        self.library, self.report = library, report
        self._languages: dict[str, Language] = {}

    def run(self) -> None:
        """Run them all."""
        for name, register in self.campaign.registers.items():
            self._register(register, ("registers", name))
        for name, statistic in self.campaign.statistics.items():
            self._statistic(statistic, ("statistics", name))
        carried = self.campaign.carry_over
        if carried is not None:
            path = ("carry_over",)
            self._known(carried.of, self.library.workflows, (*path, "of"), WORKFLOW)
            others = [name for name in self.library.campaigns if name != self.campaign.campaign]
            self._known([carried.from_], others, (*path, "from"), CAMPAIGN)

    def _register(self, register: Register, path: Path) -> None:
        self._known(register.statistics, self.campaign.statistics, (*path, "statistics"), STATISTIC)
        self._by(register, (*path, "by"))
        workflow = self._workflow(register.of, path)
        if workflow is None:
            return
        self._known(register.where, workflow.fields, (*path, "where"), FIELD)
        self._known(register.columns, columns_over(workflow), (*path, "columns"), COLUMN)
        for column in register.columns:
            if column in workflow.fields and workflow.fields[column].personal:
                en = f"'{column}' is personal: what a frozen register keeps could never be erased"
                zh = f"“{column}”是个人信息：台账固定后无法删除"
                self.report.add(self.origin, (*path, "columns"), "DEF-120", en, zh)
        if register.when is not None:
            self._expression(workflow, register.when, (*path, "when"), "flag")

    def _by(self, register: Register, path: Path) -> None:
        """Who freezes does so for the campaign, which has no unit of its own to start from."""
        self._known(register.by, self.campaign.roles, path, ROLE)
        for role in register.by:
            for binding in self.campaign.roles.get(role, ()):
                if _is_relative(binding):
                    en = (
                        f"role '{role}' is not held at a unit that is named; a campaign has no unit"
                    )
                    zh = f"角色“{role}”没有指明具体单位；专项行动本身不属于任何单位"
                    self.report.add(self.origin, path, "DEF-128", en, zh)

    def _statistic(self, statistic: Statistic, path: Path) -> None:
        workflow = self._workflow(statistic.of, path)
        if workflow is None:
            return
        self._known(statistic.where, workflow.fields, (*path, "where"), FIELD)
        if statistic.by is not None:
            self._known([statistic.by], splits_over(workflow), (*path, "by"), SPLIT)
        for part in ("numerator", "denominator"):
            self._expression(workflow, getattr(statistic, part), (*path, part), "flag", "int")

    def _workflow(self, name: str, path: Path) -> Workflow | None:
        self._known([name], self.library.workflows, (*path, "of"), WORKFLOW)
        return self.library.workflows.get(name)

    def _expression(self, workflow: Workflow, source: str, path: Path, *kinds: Kind) -> None:
        name = workflow.workflow
        if name not in self._languages:
            self._languages[name] = Language(names_over(workflow))
        try:
            self._languages[name].compile(source, *kinds)
        except BadExpression as error:
            self.report.add(self.origin, path, "DEF-032", error.text("en"), error.text("zh"))

    def _known(
        self, names: Iterable[str], known: Iterable[str], path: Path, fault: tuple[str, str, str]
    ) -> None:
        self.report.known(self.origin, names, known, path, fault)


def _is_relative(binding: Binding) -> bool:
    return bool(binding.party) or binding.of == "up" or binding.of.startswith(("up.", "case."))
