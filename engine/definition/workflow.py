"""The shape of a workflow definition. The words are those of `transitions`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Key

from duban.engine.definition.base import (
    Expr,
    FileName,
    Model,
    Name,
    Names,
    OffsetText,
    Ordered,
    Source,
    SpanText,
    Title,
    many,
    refusal,
)
from duban.engine.definition.facts import Fact
from duban.engine.definition.fields import Field
from duban.engine.definition.regions import Regions
from duban.engine.definition.selector import Selector


class Binding(Model):
    """Who plays a role: posts of a unit, or a person named in a field."""

    post: Names = []
    of: str = "case.unit"
    party: Expr | None = None

    @model_validator(mode="after")
    def _one(self) -> Binding:
        if bool(self.post) == (self.party is not None):
            raise refusal(
                "DEF-047",
                "a role is bound to a 'post' or to a 'party'",
                "角色须绑定 post 或 party 之一",
            )
        return self


Role = Annotated[list[Binding], BeforeValidator(many)]


class State(Model):
    """A state of a case, in one of the regions that stand side by side."""

    title: Title | None = None
    region: Name = "main"
    initial: bool = False
    final: bool = False
    counts: Literal["open", "closed", "void"] | None = None
    forbids: Names = []

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def counted(self) -> str:
        """How lists and statistics count a case in this state."""
        return self.counts or ("closed" if self.final else "open")


ACTIONS = (
    "set", "notify", "open", "fire", "issue", "extend", "stop", "resume", "restart", "hand_over",
    "strike",
)  # fmt: skip


class Effect(Model):
    """One thing that happens: exactly one action, with what that action needs."""

    planned: ClassVar[frozenset[str]] = frozenset({"freeze"})

    when: Expr | None = None
    each: str | Selector | None = None
    set: dict[str, Expr] | None = None
    notify: Names | None = None
    text: Title | None = None
    urgent: bool = False
    channels: Names = []
    open: str | None = None
    unit: Expr | None = None
    with_: dict[str, Expr] = Key(default={}, alias="with")
    link: Name | None = None
    fire: str | None = None
    on: str | None = None
    else_: Literal["skip"] | None = Key(default=None, alias="else")
    issue: Name | None = None
    extend: str | None = None
    by: Expr | None = None
    to: Expr | None = None
    stop: str | None = None
    resume: str | None = None
    restart: str | None = None
    hand_over: str | None = None
    strike: str | None = None

    @property
    def action(self) -> str:
        """Which of the closed list of effects this is."""
        return next((name for name in ACTIONS if getattr(self, name) is not None), "link")

    @model_validator(mode="after")
    def _one_action(self) -> Effect:
        chosen = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(chosen) > 1 or (not chosen and self.link is None):
            listed = ", ".join((*ACTIONS, "link"))
            raise refusal(
                "DEF-048",
                f"an effect does exactly one of: {listed}",
                f"一个效果只能是以下之一：{listed}",
            )
        self._complete()
        return self

    def _complete(self) -> None:
        lacks = {
            "fire": self.on is None and "on",
            "extend": (self.by is None) == (self.to is None) and "by or to",
            "link": self.to is None and "to",
            "hand_over": self.to is None and "to",
        }.get(self.action)
        if lacks:
            raise refusal(
                "DEF-049",
                f"effect '{self.action}' needs {lacks}",
                f"效果“{self.action}”缺少 {lacks.replace(' or ', ' 或 ')}",
            )


# A name that is asked without a type of its own is a field of the case.
OWN = "field"


def _asked(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    asked: dict[str, Any] = {}
    for item in value:
        if isinstance(item, str):
            asked[item] = OWN
        elif isinstance(item, dict):
            asked.update(item)
        else:
            # Pairs, as they stand in canonical bytes; anything else is refused as it is.
            return value
    return asked


Conditions = Annotated[list[Expr | dict[str, str | int | bool]], BeforeValidator(many)]


class Transition(Model):
    """How a case may go on: fired by a person (`trigger`) or by itself (`when`)."""

    trigger: Name | None = None
    name: Name | None = None
    when: Expr | None = None
    title: Title | None = None
    source: Names
    dest: str | None = None
    conditions: Conditions = []
    unless: Conditions = []
    by: Names = []
    not_by: Names = []
    everyone: bool = False
    quorum: int | None = None
    asks: Annotated[Ordered[str, Literal["field"] | Field], BeforeValidator(_asked)] = {}
    requires: Names = []
    otherwise: Title | None = None
    then: list[Effect] = []
    reopen: bool = False
    cites: Names = []

    @model_validator(mode="after")
    def _fired_or_automatic(self) -> Transition:
        if (self.trigger is None) == (self.when is None):
            raise refusal(
                "DEF-051",
                "a transition has a 'trigger' or, when it is automatic, a 'when'",
                "流转须有 trigger；自动流转则用 when",
            )
        if self.name is not None and self.when is None:
            raise refusal(
                "DEF-114",
                "a 'name' tells automatic transitions apart; this one is told by its trigger",
                "name 用于区分自动流转；此流转由 trigger 区分",
            )
        if self.when is not None and (self.by or self.not_by or self.asks or self.requires):
            raise refusal(
                "DEF-052",
                "an automatic transition asks nobody: take 'by', 'not_by', 'asks' and 'requires' away",
                "自动流转不涉及人员：请去掉 by、not_by、asks、requires",
            )
        return self

    @model_validator(mode="after")
    def _signed(self) -> Transition:
        if not self.everyone and self.quorum is None:
            return self
        if self.trigger in (None, "open") or not self.by:
            raise refusal(
                "DEF-083",
                "'everyone' and 'quorum' need a 'trigger' (not 'open') and roles in 'by'",
                "everyone 和 quorum 需要 trigger（open 除外）和 by 中的角色",
            )
        if self.everyone and (self.quorum is not None or "anyone" in self.by):
            raise refusal(
                "DEF-084",
                "'everyone' means all holders of the roles in 'by': leave 'quorum' and 'anyone' out",
                "everyone 指 by 中角色的全体任职者：请去掉 quorum 和 anyone",
            )
        if self.quorum is not None and self.quorum < 2:
            raise refusal(
                "DEF-085",
                f"'quorum: {self.quorum}' is no quorum; say 2 or more",
                f"quorum: {self.quorum} 不成立；至少为 2",
            )
        return self


class Extension(Model):
    """The bounds of extensions of a deadline."""

    times: int | None = None
    each: SpanText | None = None
    total: SpanText | None = None
    asked: OffsetText | None = None
    request: str | None = None


class Deadline(Model):
    """A clock on a case."""

    title: Title | None = None
    owner: str
    runs_in: Names
    waits_in: Names = []
    starts: Expr | None = None
    limit: Expr
    follows: Names = []
    at_most: Expr | None = None
    not_before: Expr | None = None
    grace: SpanText | None = None
    again: Literal["waits", "same due", "anew"] | None = None
    ladder: FileName | None = None
    extension: Extension | None = None
    cites: Names = []

    @property
    def live(self) -> tuple[str, ...]:
        """What it follows outside the fields of the case: ``campaign.end``, ``due.repair``."""
        return tuple(name for name in self.follows if "." in name)


class Workflow(Model):
    """A state machine that cases walk."""

    workflow: FileName
    # Where it comes from: what it inherits stands in it already (``duban.workflows.inheritance``).
    extends: FileName | None = None
    title: Title | None = None
    standing: Selector | None = None
    sources: dict[str, Source] = {}
    settings: Ordered[Name, str | int | bool] = {}
    roles: Ordered[Name, Role] = {}
    fields: Ordered[Name, Field] = {}
    states: Ordered[Name, State]
    transitions: list[Transition]
    deadlines: Ordered[Name, Deadline] = {}
    facts: Ordered[Name, Fact] = {}

    @cached_property
    def regions(self) -> Regions:
        """The regions in which its states stand side by side."""
        return Regions(self.states)

    def sources_of(self, transition: Transition) -> tuple[str, ...]:
        """Return the states that *transition* may leave, with `*` spelt out.

        A wildcard stands for the region of the destination, or for the first one where there is
        none, and never leaves a final state: a closed case must not move by accident.
        """
        named = tuple(name for name in transition.source if name != "*")
        if "*" not in transition.source:
            return named
        region = self.regions.of(transition.dest or "") or self.regions.first
        return (*named, *self.regions.not_final(region))


class Rung(Model):
    """One step of a ladder."""

    planned: ClassVar[frozenset[str]] = frozenset({"catch_up"})

    rung: Name
    at: OffsetText
    title: Title | None = None
    then: list[Effect] = []
    cites: Names = []


class Ladder(Model):
    """Escalation steps around a due date."""

    ladder: FileName
    title: Title | None = None
    sources: dict[str, Source] = {}
    rungs: list[Rung]
    repeat: SpanText | None = None
