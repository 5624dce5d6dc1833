"""The shape of facts: bounded questions that a workflow asks about other cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from duban.engine.definition.base import Expr, Model, Names, SpanText, many, refusal
from duban.engine.definition.expressions import Expression, Kind
from duban.engine.definition.fields import Field
from duban.engine.timing.spans import Span

Measure = Literal["count", "any", "sum", "distinct", "list", "latest", "most"]
MEASURES: tuple[Measure, ...] = ("count", "any", "sum", "distinct", "list", "latest", "most")
# Those that look at whole cases, or at entries; the others look at a value in each case.
_WHOLE = frozenset({"count", "any", "most"})
_FIRED = "fired"

# Whose cases; any other word is the name of a link.
LINKED = frozenset({"parent", "children", "siblings", "descendants"})
SCOPES = LINKED | {"this", "unit", "below", "up", "campaign", "all"}

Constant = str | int | bool
Constants = Annotated[tuple[Constant, ...], BeforeValidator(lambda v: tuple(many(v) or ()))]

FIELD_KINDS: Mapping[str, Kind] = {
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
SCALAR_KINDS: Mapping[str, Kind] = {
    "flag": "flag",
    "number": "int",
    "span": "span",
    "text": "text",
}
# What every case has beside its fields, by the first part of the name.
_OWN_KINDS: Mapping[str, Kind] = {
    "id": "text",
    "unit": "text",
    "opened": "instant",
    "entered": "instant",
    "due": "instant",
    "times": "int",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fact looks at: cases of ``workflow``; ``name`` in each of them, or a trigger's entries."""

    workflow: str
    name: str = ""
    fired: str = ""

    @property
    def field(self) -> str:
        """The field that is named, empty where the name is one that every case has."""
        return field_named(self.name)


def field_named(name: str) -> str:
    """Return the field in *name*, empty where it is one that every case has."""
    first, _, rest = name.partition(".")
    own = first in ("entered", "due", "times") if rest else first in ("id", "unit", "opened")
    return "" if own else first


def subject_of(text: str) -> Subject:
    """Return what *text* names: ``hazard``, ``card.points`` or ``card.fired.confirm``."""
    workflow, _, name = text.partition(".")
    root, _, trigger = name.partition(".")
    if root == _FIRED and trigger:
        return Subject(workflow, fired=trigger)
    return Subject(workflow, name)


class Fact(Model):
    """A bounded question about other cases."""

    count: str | None = None
    any: str | None = None
    sum: str | None = None
    distinct: str | None = None
    list: str | None = None
    latest: str | None = None
    most: str | None = None
    within: SpanText | None = None
    of: str
    counts: Literal["open", "closed", "void", "any"] = "open"
    states: Names = []
    where: dict[str, Constants] = {}
    same: Names = []
    on: str = "opened"
    since: Expr | None = None
    until: Expr | None = None
    but_this: bool = True

    @model_validator(mode="after")
    def _one(self) -> Fact:
        asked = [name for name in MEASURES if getattr(self, name) is not None]
        if len(asked) != 1:
            listed = ", ".join(MEASURES)
            raise refusal(
                "DEF-053", f"a fact has exactly one of: {listed}", f"事实须为以下之一：{listed}"
            )
        if (self.within is None) == (asked == ["most"]):
            raise refusal(
                "DEF-070",
                "'most', and only 'most', says 'within' what span",
                "most 须写明 within 的时段，其他事实不用 within",
            )
        subject = self.subject
        if self.measure in _WHOLE and subject.name:
            raise refusal(
                "DEF-071",
                f"'{self.measure}' looks at whole cases: `{subject.workflow}`, or at entries: "
                f"`{subject.workflow}.fired.<trigger>`",
                f"{self.measure} 针对事项 `{subject.workflow}` 或记录 `{subject.workflow}.fired.<操作>`",
            )
        if not (subject.name or self.measure in _WHOLE) and not (
            self.measure == "latest" and subject.fired
        ):
            raise refusal(
                "DEF-071",
                f"'{self.measure}' looks at a value in each case: `{subject.workflow}.<field>`",
                f"{self.measure} 针对每个事项中的值：`{subject.workflow}.<字段>`",
            )
        return self

    @property
    def measure(self) -> Measure:
        """What is made of the cases found."""
        return next(name for name in MEASURES if getattr(self, name) is not None)

    @property
    def subject(self) -> Subject:
        """What is looked at."""
        return subject_of(getattr(self, self.measure))

    @property
    def workflow(self) -> str:
        """The workflow whose cases are looked at."""
        return self.subject.workflow

    @property
    def dated_by(self) -> str:
        """The field that dates a case, empty where that is no field."""
        return self.on.removeprefix("case.") if self.on.startswith("case.") else ""

    def kind(self, field: Field | None) -> Kind:
        """Return the kind of its value; *field* is the one of the other workflow that it names."""
        fixed: Mapping[str, Kind] = {
            "count": "int", "distinct": "int", "most": "int", "any": "flag", "list": "list",
        }  # fmt: skip
        return fixed.get(self.measure) or value_kind(self.subject, field) or "text"


def value_kind(subject: Subject, field: Field | None) -> Kind | None:
    """Return the kind of what *subject* names in each case; None where there is no such thing."""
    if subject.fired:
        return "instant"
    if not subject.field:
        return _OWN_KINDS.get(subject.name.partition(".")[0])
    if field is None:
        return None
    column = subject.name.partition(".")[2]
    if not column:
        return FIELD_KINDS[field.type]
    scalar = field.columns.get(column)
    return None if scalar is None else SCALAR_KINDS[scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFact:
    """A fact with its expressions checked, and the fields that it reads in the other workflow.

    These stand in the rules of a case, so that a fact keeps its kind for the life of the case.
    """

    name: str
    model: Fact
    subject: Subject
    kind: Kind
    field: Field | None
    dated: Field | None
    since: Expression | None
    until: Expression | None
    within: Span | None

    @property
    def of_itself(self) -> bool:
        """Whether a change of the case that asks can change the answer."""
        fact = self.model
        if self.since is not None or self.until is not None or fact.same or not fact.but_this:
            return True
        return fact.of not in ("unit", "below", "up", "all") and not fact.of.startswith("up.")


def seen_by(
    facts: Mapping[str, Fact], fields: Mapping[str, Mapping[str, Field]]
) -> tuple[dict[str, Field], dict[str, Field]]:
    """Return the fields that *facts* name, and those that date; *fields* by workflow and name."""
    values: dict[str, Field] = {}
    dates: dict[str, Field] = {}
    for name, fact in facts.items():
        known = fields.get(fact.workflow, {})
        if fact.subject.field in known:
            values[name] = known[fact.subject.field]
        if fact.dated_by in known:
            dates[name] = known[fact.dated_by]
    return values, dates
