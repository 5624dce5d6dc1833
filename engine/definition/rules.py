"""A case's rules: its workflow, its phase's settings, its ladders and role bindings, in one document.

The document is kept under the hash of its canonical bytes; a case holds that hash for life.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from duban.engine.definition.campaign import Campaign, PhasePart
from duban.engine.definition.facts import seen_by
from duban.engine.definition.fields import Field
from duban.engine.definition.selector import Selector
from duban.engine.definition.workflow import Binding, Ladder, Workflow
from duban.engine.values.canonical import canonical, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The resolved rules of the cases of one workflow in one phase."""

    workflow: Workflow
    settings: Mapping[str, Any]
    roles: Mapping[str, list[Binding]]
    ladders: Mapping[str, Ladder]
    groups: Mapping[str, Selector]
    campaign: str | None
    phase: str | None
    zone: str
    calendar: str | None
    closing: str | None
    seen: Mapping[str, Field]
    dated: Mapping[str, Field]
    hash: str
    canon: bytes


def resolve(
    workflow: Workflow,
    *,
    campaign: Campaign | None,
    phase: PhasePart | None,
    ladders: Mapping[str, Ladder],
    zone: str,
    calendar: str | None,
    closing: str | None = None,
    fields: Mapping[str, Mapping[str, Field]] = MappingProxyType({}),
) -> Rules:
    """Return the rules of *workflow* in *phase* of *campaign*: the last that says something wins.

    *fields* has those of other workflows, of which facts may read some.

    Raises:
        KeyError: a ladder that is named is not among *ladders*.
    """
    name = workflow.workflow
    layers = [part for part in (campaign, phase) if part is not None]
    settings = dict(workflow.settings)
    chosen = {d: deadline.ladder for d, deadline in workflow.deadlines.items() if deadline.ladder}
    for layer in layers:
        settings.update({k: v for k, v in layer.settings.get(name, {}).items() if k in settings})
        chosen.update(
            {k: v for k, v in layer.ladders.get(name, {}).items() if k in workflow.deadlines}
        )
    bound = campaign.roles if campaign is not None else {}
    roles = {role: bound.get(role, binding) for role, binding in workflow.roles.items()}
    document: dict[str, Any] = {
        "workflow": workflow.plain(),
        "settings": settings,
        "roles": {role: [b.plain() for b in bindings] for role, bindings in roles.items()},
        "ladders": {deadline: ladders[ladder].plain() for deadline, ladder in chosen.items()},
        "zone": (campaign.zone if campaign else None) or zone,
    }
    named = {
        "campaign": campaign.campaign if campaign else None,
        "phase": phase.phase if phase else None,
        "calendar": (campaign.calendar if campaign else None) or calendar,
        "closing": closing,
    }
    document.update({key: value for key, value in named.items() if value is not None})
    groups = _groups(workflow, (ladders[ladder] for ladder in chosen.values()), campaign)
    if groups:
        document["groups"] = groups
    for part, found in zip(("seen", "dated"), seen_by(workflow.facts, fields), strict=True):
        if found:
            document[part] = {fact: field.plain() for fact, field in found.items()}
    return read_rules(canonical(document))


def _groups(
    workflow: Workflow, ladders: Iterable[Ladder], campaign: Campaign | None
) -> dict[str, Any]:
    """The groups of the campaign over which effects run, by name."""
    effects = [effect for transition in workflow.transitions for effect in transition.then]
    effects += [effect for ladder in ladders for rung in ladder.rungs for effect in rung.then]
    named = {effect.each for effect in effects if isinstance(effect.each, str)} - {*workflow.fields}
    known = campaign.groups if campaign is not None else {}
    return {name: known[name].plain() for name in sorted(named & known.keys())}


def read_rules(canon: bytes) -> Rules:
    """Return the rules that *canon* stands for."""
    document: dict[str, Any] = read(canon)
    return Rules(
        workflow=Workflow.model_validate(document["workflow"]),
        settings=document["settings"],
        roles={
            role: [Binding.model_validate(binding) for binding in bindings]
            for role, bindings in document["roles"].items()
        },
        ladders={d: Ladder.model_validate(ladder) for d, ladder in document["ladders"].items()},
        groups={
            name: Selector.model_validate(group)
            for name, group in document.get("groups", {}).items()
        },
        campaign=document.get("campaign"),
        phase=document.get("phase"),
        zone=document["zone"],
        calendar=document.get("calendar"),
        closing=document.get("closing"),
        seen={n: Field.model_validate(f) for n, f in document.get("seen", {}).items()},
        dated={n: Field.model_validate(f) for n, f in document.get("dated", {}).items()},
        hash=sha256(canon).hexdigest(),
        canon=canon,
    )
