"""The checks of campaigns and phases: what they name must be there."""

from __future__ import annotations

from collections.abc import Mapping

from duban.engine.definition.campaign import Campaign, Goal, Phase, PhasePart
from duban.engine.definition.duties import Duty, EachCase
from duban.engine.definition.faults import (
    CAMPAIGN,
    DEADLINE,
    FIELD,
    GROUP,
    LADDER,
    REGISTER,
    ROLE,
    SETTING,
    STATE,
    STATISTIC,
    UNIT,
    WORKFLOW,
    Path,
    Report,
)
from duban.engine.definition.fields import scalar_type
from duban.engine.definition.library import Library
from duban.engine.definition.list_check import ListCheck


class CampaignCheck:
    """The checks of one campaign, or of a phase in a file of its own."""

    def __init__(
        self, part: Campaign | Phase, origin: str, library: Library, report: Report
    ) -> None:
        self.part, self.origin, self.library, self.report = part, origin, library, report
        self.campaign = part if isinstance(part, Campaign) else library.campaigns.get(part.campaign)

    def run(self) -> None:
        """Run them all."""
        if isinstance(self.part, Campaign):
            self._whole(self.part)
            for number, phase in enumerate(self.part.phases):
                self._layer(phase, ("phases", number))
        else:
            self.known([self.part.campaign], self.library.campaigns, ("campaign",), CAMPAIGN)
        self._layer(self.part, ())

    def known(
        self, names: list[str], known: Mapping[str, object], path: Path, fault: tuple[str, str, str]
    ) -> None:
        """Note each of *names* that is not among *known*."""
        self.report.known(self.origin, names, known, path, fault)

    def _whole(self, campaign: Campaign) -> None:
        self.known(campaign.uses, self.library.workflows, ("uses",), WORKFLOW)
        used = [w for name, w in self.library.workflows.items() if name in campaign.uses]
        roles = {role: True for workflow in used for role in workflow.roles}
        roles.update(
            (role, True) for register in campaign.registers.values() for role in register.by
        )
        # Where a workflow is missing, its roles are: that it is missing is told.
        for role in campaign.roles if len(used) == len(set(campaign.uses)) else ():
            self.known([role], roles, ("roles", role), ROLE)
        ListCheck(campaign, self.origin, self.library, self.report).run()
        units = dict.fromkeys(self.library.directory.unit_ids)
        for number, task in enumerate(campaign.tasks if units else []):
            self.known(task.leads, units, ("tasks", number, "leads"), UNIT)
            self.known(task.supports, units, ("tasks", number, "supports"), UNIT)
        if campaign.ends is not None and campaign.ends < campaign.begins:
            en, zh = "the campaign ends before it begins", "专项行动的结束早于开始"
            self.report.add_value(self.origin, ("ends",), "DEF-056", en, zh)

    def _layer(self, part: Campaign | PhasePart, path: Path) -> None:
        for name, duty in part.duties.items():
            self._duty(duty, (*path, "duties", name))
        for name, goal in part.goals.items():
            self._goal(goal, (*path, "goals", name))
        for workflow, given in part.settings.items():
            self._settings(workflow, given, (*path, "settings", workflow))
        for workflow, chosen in part.ladders.items():
            self._ladders(workflow, chosen, (*path, "ladders", workflow))

    def _duty(self, duty: Duty, path: Path) -> None:
        campaign = self.campaign
        if duty.freeze is not None:
            registers = campaign.registers if campaign else {}
            self.known([duty.freeze], registers, (*path, "freeze"), REGISTER)
        if isinstance(duty.each, str):
            groups = campaign.groups if campaign else {}
            self.known([duty.each], groups, (*path, "each"), GROUP)
        elif isinstance(duty.each, EachCase):
            self.known([duty.each.cases], self.library.workflows, (*path, "each"), WORKFLOW)
            self._narrowed(duty.each, (*path, "each"))
        if duty.open is not None:
            self._opened(duty, duty.open, path)

    def _narrowed(self, each: EachCase, path: Path) -> None:
        chosen = self.library.workflows.get(each.cases)
        if chosen is not None:
            self.known(list(each.where), chosen.fields, (*path, "where"), FIELD)
            self.known(each.states, chosen.states, (*path, "states"), STATE)

    def _opened(self, duty: Duty, name: str, path: Path) -> None:
        self.known([name], self.library.workflows, (*path, "open"), WORKFLOW)
        opened = self.library.workflows.get(name)
        if opened is not None:
            self.known(list(duty.with_), opened.fields, (*path, "with"), FIELD)

    def _goal(self, goal: Goal, path: Path) -> None:
        if goal.statistic is not None:
            statistics = self.campaign.statistics if self.campaign else {}
            self.known([goal.statistic], statistics, (*path, "statistic"), STATISTIC)
            return
        name = goal.of or ""
        self.known([name], self.library.workflows, (*path, "of"), WORKFLOW)
        counted = self.library.workflows.get(name)
        if counted is not None:
            self.known(list(goal.where), counted.fields, (*path, "where"), FIELD)

    def _settings(self, name: str, given: Mapping[str, str | int | bool], path: Path) -> None:
        """A setting keeps its kind: a length of time is not replaced by a number."""
        self.known([name], self.library.workflows, path, WORKFLOW)
        workflow = self.library.workflows.get(name)
        if workflow is None:
            return
        self.known(list(given), workflow.settings, path, SETTING)
        for setting, value in given.items():
            default = workflow.settings.get(setting)
            if default is not None and scalar_type(default) != scalar_type(value):
                en = f"setting '{setting}' is a {scalar_type(default)}, such as {default}; not {value}"
                zh = f"设置“{setting}”的类型应与默认值 {default} 相同，不能是 {value}"
                self.report.add_value(self.origin, (*path, setting), "DEF-176", en, zh)

    def _ladders(self, name: str, chosen: Mapping[str, str], path: Path) -> None:
        self.known([name], self.library.workflows, path, WORKFLOW)
        workflow = self.library.workflows.get(name)
        for deadline, ladder in chosen.items():
            if workflow is not None:
                self.known([deadline], workflow.deadlines, (*path, deadline), DEADLINE)
            self.known([ladder], self.library.ladders, (*path, deadline), LADDER)
