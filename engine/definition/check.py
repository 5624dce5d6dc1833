"""Checking definitions together, as they would stand in force: every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from duban.engine.definition.campaign import Campaign, Phase
from duban.engine.definition.campaign_check import CampaignCheck
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.faults import Report
from duban.engine.definition.library import Library
from duban.engine.definition.published import Definition
from duban.engine.definition.semantics import build
from duban.engine.definition.workflow import Ladder, Workflow
from duban.engine.definition.workflow_check import WorkflowCheck
from duban.engine.timing.spans import Offset

_SIDES = ("before", "due", "after")


def check(definitions: Sequence[Definition], library: Library) -> None:
    """Check *definitions* as they would stand in *library*, which holds them already.

    Raises:
        InvalidDefinition: with every fault of all of them.
    """
    sources = {d.origin: d.source for d in library.definitions.values()}
    report = Report({**sources, **{d.origin: d.source for d in definitions}})
    for definition in definitions:
        _check_one(definition, library, report)
    if not report.faults:
        _compile_all(library, report)
    report.finish()


def _check_one(definition: Definition, library: Library, report: Report) -> None:
    model = definition.model
    if isinstance(model, Workflow):
        WorkflowCheck(model, library, report).run()
        _semantics(model, library, report)
    elif isinstance(model, Ladder):
        _in_order(model, report)
    elif isinstance(model, Campaign | Phase):
        CampaignCheck(model, definition.origin, library, report).run()


def _in_order(ladder: Ladder, report: Report) -> None:
    """Rungs stand in order of time, as far as lengths in different units can be told apart."""
    offsets = [Offset.parse(rung.at) for rung in ladder.rungs]
    for number, (one, following) in enumerate(pairwise(offsets), 1):
        side, next_side = _SIDES.index(one.side), _SIDES.index(following.side)
        counts = (one.span.count, following.span.count)
        nearer = counts[0] <= counts[1] if one.side == "before" else counts[0] >= counts[1]
        same = side == next_side and one.span.unit == following.span.unit and nearer
        if side > next_side or same or (one.side == "due" == following.side):
            report.add(
                f"ladder:{ladder.ladder}",
                ("rungs", number, "at"),
                "DEF-040",
                f"rung {number + 1} ({following}) must be later than rung {number} ({one})",
                f"第 {number + 1} 级（{following}）必须晚于第 {number} 级（{one}）",
            )


def _compile_all(library: Library, report: Report) -> None:
    """Compile every workflow as it will run: bare, and in each phase of each campaign."""
    for name in library.workflows:
        compile_rules(library.rules(name, None, None), report)
        for campaign in library.campaigns.values():
            if name in campaign.uses:
                for phase in [None, *campaign.phases]:
                    compile_rules(library.rules(name, campaign, phase), report)


def _semantics(workflow: Workflow, library: Library, report: Report) -> None:
    """The last word has `transitions` itself: it must accept the definition."""
    if report.faults:
        return
    machine = compile_rules(library.rules(workflow.workflow, None, None), Report())
    candidates = {c.index: c for row in machine.table.values() for c in row}
    try:
        build(workflow.regions.states, [candidates[n] for n in sorted(candidates)], lambda *_: True)
    except Exception as error:  # whatever the library says is a fault of the file
        origin, said = f"workflow:{workflow.workflow}", str(error)
        report.add(
            origin, ("transitions",), "DEF-027", f"transitions: {said}", f"transitions：{said}"
        )
