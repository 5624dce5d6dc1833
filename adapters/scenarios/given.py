"""Values of a scenario as the engine takes them: cases by their names, instants in local time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from duban.adapters.scenarios.model import NONE
from duban.engine.definition.fields import Field
from duban.engine.errors import BadInput
from duban.engine.timing.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from duban.adapters.scenarios.stage import Stage


def given(stage: Stage, workflow: str, trigger: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values*, inputs of *trigger*, as the engine takes them."""
    model = stage.library.workflow(workflow)
    types: dict[str, str] = {name: field.type for name, field in model.fields.items()}
    for transition in model.transitions:
        if transition.trigger == trigger:
            types.update(
                (name, asked.type)
                for name, asked in transition.asks.items()
                if isinstance(asked, Field)
            )
    return {name: meant(stage, types.get(name, ""), value) for name, value in values.items()}


def meant(stage: Stage, type: str, value: Any) -> Any:
    """Return what *value* stands for in a field of *type*."""
    if isinstance(value, list):
        return [meant(stage, type, item) for item in value]
    if isinstance(value, dict) and value.keys() == {"case"}:
        return stage.marks.names.get(str(value["case"]), str(value["case"]))
    if type == "instant" and isinstance(value, str):
        return _instant(value, stage.zone)
    if type == "money" and not isinstance(value, bool):
        return _amount(value)
    return value


def _instant(text: str, zone: ZoneInfo) -> str:
    try:
        return format_instant(parse_instant(text, zone))
    except BadInput:
        return text  # the engine says what is wrong with it


def _amount(value: Any) -> Any:
    try:
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    except InvalidOperation:
        return value


def is_nothing(value: Any) -> bool:
    """Whether a scenario writes that there is no value."""
    return value is None or value == NONE
