"""Looking at a case from outside: expressions of registers and statistics, and what a column shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import (
    MISSING,
    Expression,
    ExpressionFailed,
    at_moment,
)
from duban.engine.timing.instants import format_instant
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case, Clock


def asked(expression: Expression, scope: Scope) -> Any:
    """Return the value of *expression* for the case of *scope*, whatever rules that case has.

    Raises:
        ExpressionFailed: it has none, as the rules of the case do not know what it asks about.
    """

    def lookup(name: str) -> Any:
        try:
            return scope(name)
        except KeyError:  # a field or setting that came into the workflow later
            return MISSING

    with at_moment(scope.moment):
        return expression.value(lookup)


def shows(expression: Expression | None, scope: Scope) -> bool:
    """Return whether a list shows the case: one of which that cannot be said is not hidden."""
    try:
        return expression is None or asked(expression, scope) is True
    except ExpressionFailed:
        return True


def fits(case: Case, where: Mapping[str, Plain]) -> bool:
    """Return whether the fields of *case* have these values."""
    return all(
        case.data.get(name) == value and type(case.data.get(name)) is type(value)
        for name, value in where.items()
    )


def cell(scope: Scope, column: str) -> Plain | None:
    """Return what *column* shows of the case; None where there is nothing, or nothing to keep.

    A personal value is not shown: what lists keep could not be erased any more.
    """
    case = scope.case
    own = _OWN.get(column)
    if own is not None:
        return own(scope)
    part, dot, name = column.partition(".")
    if dot:
        return _dotted(case, part, name)
    field = scope.machine.fields.get(column)
    return None if field is None or field.personal else case.data.get(column)


def titles(scope: Scope, column: str, value: Plain) -> Mapping[str, str] | None:
    """Return the title of a *value* that is a name: a choice, a state or a unit."""
    if column == "unit":
        directory = scope.world.directory
        return {lang: directory.title(str(value), lang) for lang in ("en", "zh")}
    if column == "state":
        state = scope.machine.states.get(str(value))
        return None if state is None else state.title
    field = scope.machine.fields.get(column)
    if field is not None and field.type == "unit" and isinstance(value, str):
        return titles(scope, "unit", value)
    choice = field.choices.get(str(value)) if field is not None else None
    return None if choice is None else choice.title


def _dotted(case: Case, part: str, name: str) -> Plain | None:
    if part == "entered":
        entered = case.entered.get(name)
        return None if entered is None else format_instant(entered)
    if part == "times":
        return case.times.get(name, 0)
    clock = case.clocks.get(name)
    if part == "extended":
        return 0 if clock is None else len(clock.grants)
    return None if clock is None else _of_clock(clock, part)


def _of_clock(clock: Clock, part: str) -> Plain | None:
    moments = {
        "due": clock.due,
        "first_due": clock.first_due,
        "met": clock.ended if clock.met else None,
    }
    moment = moments.get(part)
    return None if moment is None else format_instant(moment)


def _due(scope: Scope) -> Plain | None:
    return None if scope.case.due is None else format_instant(scope.case.due)


_OWN: Mapping[str, Callable[[Scope], Plain | None]] = {
    "id": lambda scope: scope.case.id,
    "workflow": lambda scope: scope.case.workflow,
    "unit": lambda scope: scope.case.unit,
    "campaign": lambda scope: scope.case.campaign,
    "phase": lambda scope: scope.case.phase,
    "state": lambda scope: scope.case.state,
    "opened": lambda scope: format_instant(scope.case.opened),
    "changed": lambda scope: format_instant(scope.case.changed),
    "overdue": lambda scope: scope.case.overdue(scope.world.now),
    "due": _due,
}
