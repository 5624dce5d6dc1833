"""The settings, ladders and roles of a workflow: bare, in each campaign that uses it, in each phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duban.engine.definition.campaign import Campaign, PhasePart
from duban.engine.definition.library import Library
from duban.engine.definition.workflow import Binding, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What holds for cases of a workflow that open in a campaign and a phase, or in none."""

    workflow: Workflow
    campaign: Campaign | None
    phase: PhasePart | None
    settings: Mapping[str, Any]
    ladders: Mapping[str, str]
    roles: Mapping[str, list[Binding]]

    @property
    def where(self) -> str:
        """How a finding names the layer; nothing when it is the workflow alone."""
        named = [
            self.campaign.campaign if self.campaign else "",
            self.phase.phase if self.phase else "",
        ]
        return "/".join(name for name in named if name)


def layers(workflow: Workflow, library: Library) -> Iterator[Layer]:
    """Yield the workflow alone, then in each campaign that uses it and in each of its phases."""
    yield _layer(workflow, None, None)
    for campaign in library.campaigns.values():
        if workflow.workflow in campaign.uses:
            for phase in (None, *campaign.phases):
                yield _layer(workflow, campaign, phase)


def _layer(workflow: Workflow, campaign: Campaign | None, phase: PhasePart | None) -> Layer:
    name, parts = workflow.workflow, [part for part in (campaign, phase) if part is not None]
    settings = dict(workflow.settings)
    ladders = {d: deadline.ladder for d, deadline in workflow.deadlines.items() if deadline.ladder}
    for part in parts:
        settings.update({k: v for k, v in part.settings.get(name, {}).items() if k in settings})
        chosen = part.ladders.get(name, {})
        ladders.update({d: ladder for d, ladder in chosen.items() if d in workflow.deadlines})
    bound = campaign.roles if campaign is not None else {}
    roles = {role: bound.get(role, binding) for role, binding in workflow.roles.items()}
    return Layer(
        workflow=workflow,
        campaign=campaign,
        phase=phase,
        settings=settings,
        ladders=ladders,
        roles=roles,
    )
