"""Statistics: a numerator and a denominator over many cases, never one without the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from duban.engine.core.looking import asked, fits
from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import Expression, ExpressionFailed, Language
from duban.engine.definition.lens import names_over
from duban.engine.definition.lists import Statistic
from duban.engine.definition.workflow import Workflow
from duban.engine.values.canonical import Plain

_NO_VALUE = "-"


@dataclass(slots=True)
class Rate:
    """A numerator over a denominator; the share is None where there is nothing to share."""

    numerator: int = 0
    denominator: int = 0

    @property
    def share(self) -> float | None:
        """The numerator divided by the denominator."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a statistic came to at an instant, as a whole and for each value by which it is split.

    ``unknown`` counts the cases of which it could not be said whether they count.
    """

    name: str
    title: Mapping[str, str]
    of: str
    at: datetime
    by: str | None = None
    total: Rate = field(default_factory=Rate)
    parts: dict[str, Rate] = field(default_factory=dict)
    unknown: int = 0

    def form(self) -> dict[str, Plain]:
        """Return the figures as a frozen register keeps them."""
        form: dict[str, Plain] = {
            "title": dict(self.title),
            "of": self.of,
            "numerator": self.total.numerator,
            "denominator": self.total.denominator,
        }
        if self.by is not None:
            form["by"] = self.by
            form["parts"] = [
                [value, rate.numerator, rate.denominator]
                for value, rate in sorted(self.parts.items())
            ]
        if self.unknown:
            form["unknown"] = self.unknown
        return form


@dataclass(frozen=True, slots=True)
class _Counted:
    model: Statistic
    numerator: Expression
    denominator: Expression
    figures: Figures


def figures(
    statistics: Mapping[str, Statistic], workflow: Workflow, scopes: Iterable[Scope], at: datetime
) -> list[Figures]:
    """Return what *statistics*, all of *workflow*, come to over *scopes*, in one pass.

    Void cases never count. What stands over the line is counted among what stands under it.
    """
    language = Language(names_over(workflow))
    counted = [_counted(name, model, language, at) for name, model in statistics.items()]
    for scope in scopes:
        if scope.case.counts == "void":
            continue
        for one in counted:
            if fits(scope.case, one.model.where):
                _count(one, scope)
    return [one.figures for one in counted]


def _counted(name: str, model: Statistic, language: Language, at: datetime) -> _Counted:
    return _Counted(
        model,
        language.compile(model.numerator, "flag", "int"),
        language.compile(model.denominator, "flag", "int"),
        Figures(name=name, title=model.title, of=model.of, at=at, by=model.by),
    )


def _count(one: _Counted, scope: Scope) -> None:
    try:
        below = int(asked(one.denominator, scope))
        above = int(asked(one.numerator, scope)) if below else 0
    except ExpressionFailed:
        one.figures.unknown += 1
        return
    rates = [one.figures.total]
    if one.model.by is not None and below:
        rates.append(one.figures.parts.setdefault(_part(scope, one.model.by), Rate()))
    for rate in rates:
        rate.numerator += above
        rate.denominator += below


def _part(scope: Scope, by: str) -> str:
    if by in ("unit", "phase"):
        return str(getattr(scope.case, by) or _NO_VALUE)
    field = scope.machine.fields.get(by)
    value = None if field is None or field.personal else scope.case.data.get(by)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NO_VALUE if value in (None, "") else str(value)
