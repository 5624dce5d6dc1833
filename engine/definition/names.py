"""The names that expressions of a workflow may use, with their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duban.engine.definition.expressions import Kind
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

_FIELD_KINDS: Mapping[str, Kind] = {
    "text": "text",
    "unit": "text",
    "post": "text",
    "case": "text",
    "choice": "text",
    "serial": "text",
    "number": "int",
    "money": "money",
    "flag": "flag",
    "evidence": "flag",
    "date": "instant",
    "instant": "instant",
    "span": "span",
    "list": "list",
}
_SCALAR_KINDS: Mapping[str, Kind] = {
    "flag": "flag",
    "number": "int",
    "span": "span",
    "text": "text",
}


def kind_of(field: Field) -> Kind:
    """Return the kind of *field* in expressions."""
    return _FIELD_KINDS[field.type]


def names_of(workflow: Workflow) -> dict[str, Kind]:
    """Return every name of *workflow*; inputs of all its transitions together."""
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
    return names


def _fields(workflow: Workflow) -> Iterator[tuple[str, Kind]]:
    for name, field in workflow.fields.items():
        yield f"case.{name}", kind_of(field)
        yield f"given.{name}", "flag"
        for choice in field.choices:
            yield f"{name}.{choice}", "text"
        for column, scalar in field.columns.items():
            yield f"case.{name}.{column}", _SCALAR_KINDS[scalar]


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
        yield f"setting.{name}", _SCALAR_KINDS[scalar_type(default)]
    for name, fact in workflow.facts.items():
        yield f"fact.{name}", "int" if fact.count else "flag"
