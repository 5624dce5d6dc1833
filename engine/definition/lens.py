"""What registers and statistics may ask of the cases that they look at: names, and columns."""

from __future__ import annotations

from collections.abc import Iterator

from duban.engine.definition.expressions import Kind
from duban.engine.definition.names import names_of
from duban.engine.definition.workflow import Workflow

# What a case was, can be told for any day from its history; what others were beside it, cannot.
_NOT_OF_THE_CASE = ("input.", "given.input.", "fact.", "item")
OWN_COLUMNS = frozenset(
    {"id", "workflow", "unit", "campaign", "phase", "state", "due", "overdue", "opened", "changed"}
)
_KINDS_OF_FIELD = frozenset({"text", "choice", "unit", "post", "case", "number", "flag", "date"})


def names_over(workflow: Workflow) -> dict[str, Kind]:
    """Return the names that an expression over cases of *workflow* may use."""
    return {
        name: kind
        for name, kind in names_of(workflow).items()
        if not name.startswith(_NOT_OF_THE_CASE)
    }


def columns_over(workflow: Workflow) -> Iterator[str]:
    """Yield what may stand in a column of a register of *workflow*."""
    yield from OWN_COLUMNS
    yield from workflow.fields
    yield from (f"entered.{state}" for state in workflow.states)
    yield from (f"times.{t.trigger}" for t in workflow.transitions if t.trigger)
    for deadline in workflow.deadlines:
        yield from (f"{what}.{deadline}" for what in ("due", "first_due", "met", "extended"))


def splits_over(workflow: Workflow) -> Iterator[str]:
    """Yield by what a statistic of *workflow* may be split: one plain value for each case."""
    yield from ("unit", "phase")
    for name, field in workflow.fields.items():
        if field.type in _KINDS_OF_FIELD and not field.personal:
            yield name
