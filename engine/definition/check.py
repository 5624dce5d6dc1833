"""Checking definitions together, as they would stand in force: every fault at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from duban.engine.definition.campaign import Campaign, Phase
from duban.engine.definition.campaign_check import CampaignCheck
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.condition_check import ConditionCheck
from duban.engine.definition.coverage import check_coverage
from duban.engine.definition.deadline_check import DeadlineCheck
from duban.engine.definition.duty_check import DutyCheck
from duban.engine.definition.fan_out_check import check_fan_out
from duban.engine.definition.faults import Report, SourceMap
from duban.engine.definition.following import check_used
from duban.engine.definition.ladder_check import ClimbCheck, LadderCheck
from duban.engine.definition.layers import Layer, layers
from duban.engine.definition.library import Library
from duban.engine.definition.machine import Machine
from duban.engine.definition.organisation import Organisation
from duban.engine.definition.organisation_check import check_organisation
from duban.engine.definition.personal_check import PersonalCheck
from duban.engine.definition.published import Definition
from duban.engine.definition.role_check import check_roles
from duban.engine.definition.semantics import build
from duban.engine.definition.value_check import ValueCheck
from duban.engine.definition.workflow import Ladder, Workflow
from duban.engine.definition.workflow_check import WorkflowCheck
from duban.engine.errors import Fault


def check(definitions: Sequence[Definition], library: Library) -> Sequence[Fault]:
    """Check *definitions* as they would stand in *library*, which holds them already.

    Returns:
        The warnings.

    Raises:
        InvalidDefinition: with every fault of all of them.
    """
    report = inspect(definitions, library)
    report.finish()
    return report.warnings


def inspect(
    definitions: Collection[Definition],
    library: Library,
    *,
    unread: frozenset[str] = frozenset(),
    today: date | None = None,
) -> Report:
    """Return the faults and warnings of *definitions* as they would stand in *library*.

    Nobody is told that what is *unread* is missing. Without *today* (a day of the organisation)
    nothing is said of who is there.
    """
    every = (*library.definitions.values(), *definitions)
    report = Report({d.origin: d.source for d in every}, unread)
    for definition in definitions:
        _check_one(definition, library, report)
    names = {d.name for d in definitions if d.kind == "workflow"}
    complete = _complete(library)
    for name, workflow in library.workflows.items():
        _check_rules(workflow, complete, report, whole=name in names)
    check_fan_out(library, report)
    if not any(kind.startswith(("organisation", "*")) for kind in unread):
        _check_people(definitions, library, report, today)
    return report


def _check_one(definition: Definition, library: Library, report: Report) -> None:
    model = definition.model
    if isinstance(model, Workflow):
        WorkflowCheck(model, library, report).run()
        DeadlineCheck(model, library, report).run()
    elif isinstance(model, Ladder):
        LadderCheck(model, report).run()
    elif isinstance(model, Campaign | Phase):
        CampaignCheck(model, definition.origin, library, report).run()
    elif isinstance(model, Organisation):
        check_organisation(model, definition.origin, library, report)
    if isinstance(model, Workflow | Ladder):
        ValueCheck(model, library, report).run()


def _check_rules(workflow: Workflow, library: Library, report: Report, *, whole: bool) -> None:
    """Compile a workflow once for each way in which it may run; look closer at it when *whole*."""
    compiled = set()
    for layer in layers(workflow, library):
        # Roles and groups are the campaign's, ladders the phase's; settings keep their kinds.
        key = (layer.campaign and layer.campaign.campaign, tuple(sorted(layer.ladders.items())))
        if key not in compiled:
            compiled.add(key)
            machine = _compiled(layer, library, report)
            if whole and layer.campaign is None:
                ConditionCheck(machine, report).run()
                _semantics(machine, report)
        ClimbCheck(layer, library, report).run()


def _compiled(layer: Layer, library: Library, report: Report) -> Machine:
    rules = library.rules(layer.workflow.workflow, layer.campaign, layer.phase)
    machine = compile_rules(rules, report)
    PersonalCheck(rules, machine, library, report).run()
    check_used(machine, report)
    return machine


def _complete(library: Library) -> Library:
    """Return *library* with an empty ladder for each that is named and not there: that is told."""
    used = {d.ladder for w in library.workflows.values() for d in w.deadlines.values()}
    for campaign in library.campaigns.values():
        chosen = [campaign.ladders, *(phase.ladders for phase in campaign.phases)]
        used |= {ladder for part in chosen for names in part.values() for ladder in names.values()}
    missing = sorted(name for name in used if name and name not in library.ladders)
    return library.with_definitions(
        Definition("ladder", name, Ladder(ladder=name, rungs=[]), SourceMap("-"))
        for name in missing
    )


def _check_people(
    definitions: Collection[Definition], library: Library, report: Report, today: date | None
) -> None:
    for definition in definitions:
        model = definition.model
        if isinstance(model, Workflow | Campaign):
            check_roles(model.roles, definition.origin, library, report)
    for campaign in library.campaigns.values():
        DutyCheck(campaign, library, report, today).run()
    if today is not None:
        check_coverage(library, report, today)


def _semantics(machine: Machine, report: Report) -> None:
    """The last word has `transitions` itself: it must accept the definition."""
    origin = f"workflow:{machine.workflow.workflow}"
    if not report.sound(origin):
        return
    candidates = {c.index: c for row in machine.table.values() for c in row}
    try:
        regions = machine.workflow.regions.states
        build(regions, [candidates[n] for n in sorted(candidates)], lambda *_: True)
    except Exception as error:  # whatever the library says is a fault of the file
        said = str(error)
        report.add(
            origin, ("transitions",), "DEF-027", f"transitions: {said}", f"transitions：{said}"
        )
