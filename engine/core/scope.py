"""What each name of an expression stands for, for one case at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from duban.engine.core.world import World
from duban.engine.definition.expressions import MISSING, Expression, Moment, at_moment
from duban.engine.definition.fields import Field, scalar_type
from duban.engine.definition.machine import Machine
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED, parse_date, read_instant
from duban.engine.timing.spans import Span
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case, Clock

_EMPTY: Mapping[str, Any] = {
    "text": "", "unit": "", "post": "", "case": "", "choice": "", "serial": "", "flag": False,
    "evidence": False, "date": UNDATED, "instant": UNDATED,
}  # fmt: skip


class Scope:
    """Looks names up; a name without a value is ``MISSING``, an instant that is not yet ``UNDATED``.

    ``data`` are the case's fields with this firing's inputs merged, ``inputs`` what was asked and
    given, ``item`` the element of an effect with ``each``. What functions of time noticed gathers
    in ``wakes``.
    """

    def __init__(
        self,
        machine: Machine,
        case: Case,
        world: World,
        *,
        inputs: Mapping[str, Plain] | None = None,
        asks: Mapping[str, Field] | None = None,
        data: Mapping[str, Plain] | None = None,
    ) -> None:
        self.machine, self.case, self.world = machine, case, world
        self.inputs = inputs or {}
        self.asks = asks or {}
        self.data = case.data if data is None else data
        self.item = ""
        self.moment = Moment(world.now, world.clockwork)

    def holds(self, expression: Expression) -> bool:
        """Return whether the condition is true here."""
        with at_moment(self.moment):
            return expression.holds(self)

    def value(self, expression: Expression) -> Any:
        """Return the value of *expression* here."""
        with at_moment(self.moment):
            return expression.value(self)

    def __call__(self, name: str) -> Any:
        root, _, rest = name.partition(".")
        resolve = _ROOTS.get(root)
        if resolve is not None:
            return resolve(self, rest)
        return rest if rest else MISSING

    def field(self, name: str) -> Any:
        """Return the value of the case's field, or of the column that its choice has."""
        if name in _OWN:
            return getattr(self.case, name) or ""
        field, _, column = name.partition(".")
        plain = self.data.get(field)
        if column:
            return self._column(field, plain, column)
        return typed(self.machine.fields[field], plain, self.world.clockwork)

    def given(self, name: str) -> bool:
        """Return whether a field, or an input, has a value."""
        if name.startswith("input."):
            return name.removeprefix("input.") in self.inputs
        value = self.data.get(name)
        return value is not None and value not in ("", [])

    def input(self, name: str) -> Any:
        """Return what was given for the input *name*."""
        field = self.asks.get(name)
        return (
            MISSING if field is None else typed(field, self.inputs.get(name), self.world.clockwork)
        )

    def setting(self, name: str) -> Any:
        """Return the setting with which the case opened."""
        return scalar(self.machine.settings[name])

    def clock(self, name: str, read: Callable[[Clock], datetime | None]) -> datetime:
        """Return an instant of the deadline *name*."""
        clock = self.case.clocks.get(name)
        return UNDATED if clock is None else read(clock) or UNDATED

    def _column(self, field: str, plain: Plain | None, column: str) -> Any:
        choice = self.machine.fields[field].choices.get(str(plain))
        return MISSING if choice is None else scalar(choice.columns[column])

    def _lapsed(self, name: str) -> bool:
        clock = self.case.clocks.get(name)
        if clock is None:
            return False
        if clock.lapsed(self.world.now):
            return True
        if clock.last is None or not clock.running:
            return False
        self.moment.wakes.append(self.world.clockwork.first_after(clock.last))
        return False


def scalar(value: str | int | bool) -> Any:
    """Return a setting or column with its type."""
    return Span.parse(value) if isinstance(value, str) and scalar_type(value) == "span" else value


def typed(field: Field, plain: Plain | None, clockwork: Clockwork) -> Any:
    """Return a field's plain value as expressions see it; a date is the end of that day."""
    if plain is None or (isinstance(plain, dict) and "erased" in plain):
        return [] if field.type == "list" else _EMPTY.get(field.type, MISSING)
    convert = _TYPED.get(field.type)
    return convert(plain, clockwork) if convert else plain


_TYPED: Mapping[str, Callable[[Any, Clockwork], Any]] = {
    "date": lambda plain, clockwork: clockwork.ends(parse_date(plain)),
    "instant": lambda plain, _: read_instant(plain),
    "money": lambda plain, _: float(plain),
    "span": lambda plain, _: Span.parse(plain),
    "evidence": lambda plain, _: bool(plain),
    "list": lambda plain, _: [str(item) for item in plain],
}
_OWN = frozenset({"id", "unit", "campaign", "phase", "workflow"})
_ROOTS: Mapping[str, Callable[[Scope, str], Any]] = {
    "case": Scope.field,
    "given": Scope.given,
    "input": Scope.input,
    "setting": Scope.setting,
    "is": lambda scope, name: name in scope.case.states,
    "entered": lambda scope, name: scope.case.entered.get(name, UNDATED),
    "times": lambda scope, name: scope.case.times.get(name, 0),
    "signed": lambda scope, name: scope.case.signers(name),
    "due": lambda scope, name: scope.clock(name, lambda clock: clock.due),
    "first_due": lambda scope, name: scope.clock(name, lambda clock: clock.first_due),
    "met": lambda scope, name: scope.clock(name, lambda c: c.runs[-1].until if c.met else None),
    "lapsed": lambda scope, name: scope._lapsed(name),
    "runs": lambda scope, name: name in scope.case.clocks and scope.case.clocks[name].running,
    "extended": lambda s, name: len(s.case.clocks[name].extensions) if name in s.case.clocks else 0,
    "fact": lambda scope, name: scope.world.facts.get(name, MISSING),
    "campaign": lambda scope, name: scope.world.spans.get(f"campaign.{name}", UNDATED),
    "phase": lambda scope, name: scope.world.spans.get(f"phase.{name}", UNDATED),
    "opened": lambda scope, _: scope.case.opened,
    "episode": lambda scope, _: scope.case.episode,
    "flagged": lambda scope, _: bool(scope.case.flags),
    "item": lambda scope, _: scope.item,
}
