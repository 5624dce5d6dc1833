"""What narrows a list of cases. A name that does not exist is refused: an empty list would lie."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypedDict

from duban.cli.context import Call
from duban.cli.params import Pair, together
from duban.engine.errors import BadUsage, NotFound, UnknownUnit

if TYPE_CHECKING:
    from duban.engine.definition.lists import Register
    from duban.engine.definition.workflow import Workflow
    from duban.engine.ports import Where

_CAMPAIGN = "campaign"


class Asked(TypedDict):
    """What the command line says."""

    workflow: str | None
    unit: tuple[str, ...]
    under: str | None
    campaign: str | None
    phase: str | None
    state: tuple[str, ...]
    counts: Literal["open", "closed", "void"] | None
    overdue: bool
    due_before: datetime | None
    pairs: tuple[Pair, ...]
    aside: bool


def where(call: Call, asked: Asked, register: Register | None) -> Where:
    """Return the question that the store answers."""
    from duban.engine.ports import Where

    workflow = register.of if register else asked["workflow"]
    fields = together(register.where if register else None, asked["pairs"])
    _check(call, asked, workflow, fields)
    return Where(
        workflow=workflow,
        units=_units(call, asked),
        campaign=asked["campaign"],
        phase=asked["phase"],
        states=asked["state"] or None,
        counts=asked["counts"] or (register.counts if register else None),
        overdue_at=call.engine.now() if asked["overdue"] else None,
        due_before=asked["due_before"],
        fields=fields or None,  # type: ignore[arg-type]  # the store refuses what is not plain
        set_aside=True if asked["aside"] else None,
    )


def register_of(call: Call, asked: Asked, name: str) -> Register:
    """Return a register of the campaign asked for, or of the only one; it lists that campaign's cases."""
    campaign = call.engine.campaign(asked["campaign"])
    asked["campaign"] = campaign.campaign
    _refuse_unknown("register", "台账", name, campaign.registers)
    register = campaign.registers[name]
    if register.when is not None:
        raise BadUsage(
            what=f"register {name} chooses by a rule; use `duban register show {name}`",
            what_zh=f"台账 {name} 按规则选取事项；请用 duban register show {name}",
        )
    return register


def _check(call: Call, asked: Asked, workflow: str | None, fields: Collection[str]) -> None:
    if asked["campaign"] is not None:
        phases = [part.phase for part in call.engine.campaign(asked["campaign"]).phases]
        if asked["phase"] is not None:
            _refuse_unknown("phase", "阶段", asked["phase"], phases)
    if workflow is not None and workflow != _CAMPAIGN:
        _check_workflow(call.library.workflow(workflow), asked["state"], fields)


def _check_workflow(known: Workflow, states: Sequence[str], fields: Collection[str]) -> None:
    for state in states:
        _refuse_unknown("state", "状态", state, known.states)
    for field in fields:
        _refuse_unknown("field", "字段", field, known.fields)


def _refuse_unknown(kind: str, kind_zh: str, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, 1, 0.6)
    listed = ", ".join(known) or "-"
    hint, hint_zh = f"; there are: {listed}", f"；现有：{listed}"
    if near:
        hint, hint_zh = f"; did you mean {near[0]!r}?", f"；是否指“{near[0]}”？"
    raise NotFound(kind=kind, kind_zh=kind_zh, name=name, hint=hint, hint_zh=hint_zh)


def _units(call: Call, asked: Asked) -> Sequence[str] | None:
    directory, top = call.library.directory, asked["under"]
    for unit in filter(None, (*asked["unit"], top)):
        if unit not in directory:
            raise UnknownUnit(unit=unit, hint="", hint_zh="")
    if top is None:
        return asked["unit"] or None
    below = {top, *directory.select(call.engine.now().astimezone(call.zone).date(), under=top)}
    return sorted(below.intersection(asked["unit"]) if asked["unit"] else below)
