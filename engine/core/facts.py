"""What a fact says, worked out from the cases or entries that were gathered for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from duban.engine.core.scope import Scope, scalar, typed
from duban.engine.definition.expressions import MISSING, Expression
from duban.engine.definition.facts import CompiledFact
from duban.engine.errors import BadInput
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.case import Case

_NOTHING: Mapping[str, Any] = {"text": "", "flag": False, "instant": UNDATED, "list": []}


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when to when a case must be dated to count, both inclusive; None: no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def hold(self, at: datetime | None) -> bool:
        """Whether *at* lies within; what has no date lies within nothing."""
        if at is None:
            return not self
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)


@dataclass(frozen=True, slots=True)
class Piece:
    """One case, or one entry, that counts: its id, its date, and the case that has the value."""

    id: str
    at: datetime | None
    case: Case | None = None


def bounds_of(fact: CompiledFact, scope: Scope) -> Bounds:
    """Return the bounds of *fact* as the case of *scope* stands.

    Raises:
        ExpressionFailed: a bound has no value.
    """

    def bound(expression: Expression | None) -> datetime | None:
        instant = UNDATED if expression is None else scope.value(expression)
        return None if instant == UNDATED else instant

    return Bounds(bound(fact.since), bound(fact.until))


def pieces_of(fact: CompiledFact, cases: Iterable[Case], clockwork: Clockwork) -> list[Piece]:
    """Return each case with the instant that dates it for *fact*."""
    return [Piece(case.id, date_of(fact, case, clockwork), case) for case in cases]


def date_of(fact: CompiledFact, case: Case, clockwork: Clockwork) -> datetime | None:
    """Return the instant that dates *case* for *fact*, None where it has none."""
    root, _, name = fact.model.on.partition(".")
    if root == "entered":
        return case.entered.get(name)
    if root != "case":
        return case.opened
    if fact.dated is None:
        return None
    at: datetime = typed(fact.dated, case.data.get(name), clockwork)
    return None if at == UNDATED else at


def answer(
    fact: CompiledFact, pieces: Iterable[Piece], bounds: Bounds, clockwork: Clockwork
) -> Any:
    """Return what *fact* says of *pieces*, or ``MISSING`` where that is nothing.

    That is so, too, where values stand otherwise than the fact expects, since the other workflow
    was changed: a condition that reads it is then refused, and says why.
    """
    kept = [piece for piece in pieces if bounds.hold(piece.at)]
    kept.sort(key=lambda piece: (piece.at is None, piece.at or UNDATED, piece.id))
    try:
        return _MEASURES[fact.model.measure](fact, kept, clockwork)
    except (BadInput, TypeError, ValueError, LookupError, ArithmeticError):
        return MISSING


def nothing(fact: CompiledFact) -> Any:
    """Return what *fact* says when there is no case at all."""
    return answer(fact, (), Bounds(), _NO_CLOCK)


# Nothing is reckoned where there is no case.
_NO_CLOCK: Any = None


# ---- measures


def _sum(fact: CompiledFact, pieces: Sequence[Piece], clockwork: Clockwork) -> int | float:
    plains = [plain for piece in pieces for plain in _plains(fact, piece)]
    if fact.kind == "money":
        # Amounts add up exactly; only the total becomes what expressions reckon with.
        return float(sum((Decimal(str(plain)) for plain in plains), Decimal()))
    return sum(int(plain) for plain in plains)


def _distinct(fact: CompiledFact, pieces: Sequence[Piece], clockwork: Clockwork) -> int:
    return len({_told(plain) for piece in pieces for plain in _plains(fact, piece)})


def _list(fact: CompiledFact, pieces: Sequence[Piece], clockwork: Clockwork) -> list[str]:
    return list(dict.fromkeys(str(p) for piece in pieces for p in _plains(fact, piece) if p != ""))


def _latest(fact: CompiledFact, pieces: Sequence[Piece], clockwork: Clockwork) -> Any:
    dated = [piece for piece in pieces if piece.at is not None]
    if not dated:
        return _NOTHING.get(fact.kind, MISSING)
    last = dated[-1]
    if fact.subject.fired or last.case is None:
        return last.at
    if not fact.subject.field:
        return _own(fact.subject.name, last.case)
    assert fact.field is not None
    _, _, column = fact.subject.name.partition(".")
    if column:
        found = _plains(fact, last)
        return scalar(found[0]) if found else _NOTHING.get(fact.kind, MISSING)
    return typed(fact.field, last.case.data.get(fact.subject.field), clockwork)


def _most(fact: CompiledFact, pieces: Sequence[Piece], clockwork: Clockwork) -> int:
    """The largest number in any one window: from one of them to the end of the span after it."""
    assert fact.within is not None
    dates = [piece.at for piece in pieces if piece.at is not None]
    best = end = 0
    for start, first in enumerate(dates):
        last = clockwork.after(first, fact.within)
        while end < len(dates) and dates[end] <= last:
            end += 1
        best = max(best, end - start)
    return best


_MEASURES: Mapping[str, Callable[[CompiledFact, Sequence[Piece], Clockwork], Any]] = {
    "count": lambda _, pieces, __: len(pieces),
    "any": lambda _, pieces, __: bool(pieces),
    "sum": _sum,
    "distinct": _distinct,
    "list": _list,
    "latest": _latest,
    "most": _most,
}


# ---- values


def _plains(fact: CompiledFact, piece: Piece) -> Sequence[Any]:
    """Return what the case has under the name: nothing, one value, or those of a list."""
    if piece.case is None:
        return ()
    if not fact.subject.field:
        value = _own(fact.subject.name, piece.case)
        return () if value == UNDATED else (value,)
    field, _, column = fact.subject.name.partition(".")
    plain = piece.case.data.get(field)
    if plain is None or isinstance(plain, Mapping):
        return ()
    if column:
        assert fact.field is not None
        choice = fact.field.choices.get(str(plain))
        return () if choice is None else (choice.columns[column],)
    return plain if isinstance(plain, (list, tuple)) else (plain,)


def _own(name: str, case: Case) -> Any:
    root, _, rest = name.partition(".")
    if root == "entered":
        return case.entered.get(rest, UNDATED)
    if root == "due":
        clock = case.clocks.get(rest)
        return UNDATED if clock is None or clock.due is None else clock.due
    return case.times.get(rest, 0) if root == "times" else getattr(case, root)


def _told(plain: Plain | datetime) -> bytes:
    return canonical(plain.isoformat() if isinstance(plain, datetime) else plain)
