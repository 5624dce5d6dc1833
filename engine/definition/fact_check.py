"""The checks of facts and of standing workflows: what they name must be there in other workflows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from duban.engine.definition.facts import SCOPES, Fact, value_kind
from duban.engine.definition.faults import (
    DEADLINE,
    FIELD,
    STATE,
    TRIGGER,
    WORKFLOW,
    Path,
    Report,
)
from duban.engine.definition.library import Library
from duban.engine.definition.machine import OPEN
from duban.engine.definition.workflow import Effect, Workflow

SCOPE = ("DEF-072", "scope", "范围")
DATED = ("DEF-037", "date field", "日期字段")
_UP = "up."
_OWN = ("id", "unit", "opened")
_COUNTABLE = ("int", "money")


class FactCheck:
    """The checks of one workflow's facts, and of its standing."""

    def __init__(self, workflow: Workflow, library: Library, report: Report) -> None:
        self.workflow, self.library, self.report = workflow, library, report
        self.origin = f"workflow:{workflow.workflow}"

    def run(self) -> None:
        """Run them all."""
        scopes = {*SCOPES, *self._links(), *self.library.workflows}
        for name, fact in self.workflow.facts.items():
            path = ("facts", name)
            self._known([fact.workflow], self.library.workflows, (*path, fact.measure), WORKFLOW)
            self._scope(fact, scopes, path)
            self._same(fact, path)
            other = self.library.workflows.get(fact.workflow)
            if other is not None:
                self._in_the_other(fact, other, path)
        if self.workflow.standing is not None:
            self._standing()

    def _known(
        self, names: Iterable[str], known: Iterable[str], path: Path, fault: tuple[str, str, str]
    ) -> None:
        self.report.known(self.origin, names, known, path, fault)

    def _fault(self, path: Path, code: str, en: str, zh: str) -> None:
        self.report.add(self.origin, path, code, en, zh)

    # ---- whose cases

    def _scope(self, fact: Fact, scopes: set[str], path: Path) -> None:
        if not fact.of.startswith(_UP):
            self._known([fact.of], scopes, (*path, "of"), SCOPE)
            return
        organisation = self.library.organisation
        if organisation is not None:
            kinds = {f"{_UP}{kind}" for kind in organisation.kinds}
            self._known([fact.of], kinds, (*path, "of"), SCOPE)

    def _links(self) -> Iterator[str]:
        for effect in self._effects():
            if effect.link is not None:
                yield effect.link

    def _effects(self) -> Iterator[Effect]:
        for transition in self.workflow.transitions:
            yield from transition.then
        for deadline in self.workflow.deadlines.values():
            ladder = self.library.ladders.get(deadline.ladder or "")
            for rung in ladder.rungs if ladder else ():
                yield from rung.then

    def _same(self, fact: Fact, path: Path) -> None:
        self._known(fact.same, self.workflow.fields, (*path, "same"), FIELD)

    # ---- what is looked at

    def _in_the_other(self, fact: Fact, other: Workflow, path: Path) -> None:
        self._known(fact.states, other.states, (*path, "states"), STATE)
        self._known(list(fact.where), other.fields, (*path, "where"), FIELD)
        self._known(fact.same, other.fields, (*path, "same"), FIELD)
        self._subject(fact, other, (*path, fact.measure))
        self._dates(fact, other, (*path, "on"))

    def _subject(self, fact: Fact, other: Workflow, path: Path) -> None:
        subject = fact.subject
        if subject.fired:
            triggers = {t.trigger for t in other.transitions if t.trigger}
            self._known([subject.fired], triggers, path, TRIGGER)
            return
        if not subject.name:
            return
        first, _, rest = subject.name.partition(".")
        parts: Mapping[str, Iterable[str]] = {"entered": other.states, "due": other.deadlines}
        own = parts.get(first)
        if own is not None and rest:
            self._known([rest], own, path, STATE if first == "entered" else DEADLINE)
        elif first == "times" and rest:
            triggers = {t.trigger for t in other.transitions if t.trigger}
            self._known([rest], triggers, path, TRIGGER)
        elif subject.field:
            self._field(fact, other, path)

    def _field(self, fact: Fact, other: Workflow, path: Path) -> None:
        subject = fact.subject
        self._known([subject.field], [*other.fields, *_OWN], path, FIELD)
        field = other.fields.get(subject.field)
        if field is None:
            return
        if field.personal:
            self._fault(
                path,
                "DEF-073",
                f"'{subject.field}' of '{other.workflow}' is personal: a fact would spread it",
                f"“{other.workflow}”的“{subject.field}”是个人信息，不能用于事实",
            )
        kind = value_kind(subject, field)
        if kind is None:
            listed = ", ".join(field.columns) or "-"
            self._fault(
                path,
                "DEF-074",
                f"`{subject.name}` is no column of '{subject.field}'; there are: {listed}",
                f"`{subject.name}` 不是“{subject.field}”的列；现有：{listed}",
            )
        elif fact.measure == "sum" and kind not in _COUNTABLE:
            self._fault(
                path,
                "DEF-075",
                f"`{subject.name}` is a {kind}: only numbers and amounts are summed",
                f"`{subject.name}` 的类型是 {kind}：只有数字和金额可以求和",
            )

    def _dates(self, fact: Fact, other: Workflow, path: Path) -> None:
        root, _, name = fact.on.partition(".")
        if root == "entered" and name:
            self._known([name], other.states, path, STATE)
            return
        if root == "case" and name:
            dates = [n for n, field in other.fields.items() if field.type in ("date", "instant")]
            self._known([name], dates, path, DATED)
            return
        if fact.on != "opened":
            self._fault(
                path,
                "DEF-076",
                "a case is dated by `opened`, `entered.<state>` or `case.<date field>`",
                "事项的日期须为 opened、entered.<状态> 或 case.<日期字段>",
            )

    # ---- standing

    def _standing(self) -> None:
        for number, transition in enumerate(self.workflow.transitions):
            if transition.trigger == OPEN and transition.requires:
                self._fault(
                    ("transitions", number, "requires"),
                    "DEF-078",
                    "a standing case is opened by the timer, which gives nothing: take 'requires' away",
                    "常设事项由系统创建，不填写任何内容：请去掉 requires",
                )
