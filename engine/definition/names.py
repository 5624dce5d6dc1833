"""The names that expressions of a workflow may use, with their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from duban.engine.definition.expressions import Kind
from duban.engine.definition.facts import FIELD_KINDS, SCALAR_KINDS
from duban.engine.definition.fields import Field, scalar_type
from duban.engine.definition.workflow import OWN, Workflow

RESERVED_FIELDS = frozenset({"id", "unit", "campaign", "phase", "workflow"})
# What a name may begin with; the choices of a field called so could not be told apart.
ROOTS = frozenset(
    {
        "case", "given", "input", "setting", "is", "entered", "times", "signed", "flagged", "due",
        "first_due", "met", "lapsed", "runs", "extended", "fact", "campaign", "phase", "opened",
        "episode", "item",
    }
)  # fmt: skip


def kind_of(field: Field) -> Kind:
    """Return the kind of *field* in expressions."""
    return FIELD_KINDS[field.type]


def names_of(
    workflow: Workflow, seen: Mapping[str, Field] = MappingProxyType({})
) -> dict[str, Kind]:
    """Return every name of *workflow*; inputs of all its transitions together.

    *seen* has the fields of other workflows that facts name, by the name of the fact.
    """
    names: dict[str, Kind] = {
        **{f"case.{name}": "text" for name in RESERVED_FIELDS},
        "opened": "instant",
        "episode": "int",
        "flagged": "flag",
        "item": "text",
        **{
            f"{span}.{end}": "instant" for span in ("campaign", "phase") for end in ("begin", "end")
        },
    }
    for part in (_fields, _inputs, _states, _clocks, _settings):
        names.update(part(workflow))
    for name, fact in workflow.facts.items():
        names[f"fact.{name}"] = fact.kind(seen.get(name))
    return names


def _fields(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for name, field in workflow.fields.items():
        yield f"case.{name}", kind_of(field)
        yield f"given.{name}", "flag"
        for choice in field.choices:
            yield f"{name}.{choice}", "text"
        for column, scalar in field.columns.items():
            yield f"case.{name}.{column}", SCALAR_KINDS[scalar]


def _inputs(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for transition in workflow.transitions:
        for name, asked in transition.asks.items():
            field = workflow.fields.get(name) if asked == OWN else asked
            if isinstance(field, Field):
                yield f"input.{name}", kind_of(field)
                yield f"given.input.{name}", "flag"
                if asked != OWN:
                    yield from ((f"{name}.{choice}", "text") for choice in field.choices)


def _states(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for state in workflow.states:
        yield f"is.{state}", "flag"
        yield f"entered.{state}", "instant"
    for transition in workflow.transitions:
        if transition.trigger:
            yield f"times.{transition.trigger}", "int"
            yield f"signed.{transition.trigger}", "int"


def _clocks(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for deadline in workflow.deadlines:
        for what in ("due", "first_due", "met"):
            yield f"{what}.{deadline}", "instant"
        for what in ("lapsed", "runs"):
            yield f"{what}.{deadline}", "flag"
        yield f"extended.{deadline}", "int"


def _settings(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for name, default in workflow.settings.items():
        yield f"setting.{name}", SCALAR_KINDS[scalar_type(default)]
