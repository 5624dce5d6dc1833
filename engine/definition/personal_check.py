"""What is personal can be erased only where it stays in a personal field: it may not leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.fields import Field
from duban.engine.definition.library import Library
from duban.engine.definition.machine import OPEN, CompiledEffect, Machine
from duban.engine.definition.rules import Rules
from duban.engine.definition.workflow import OWN, Workflow


class PersonalCheck:
    """Follows personal values through the effects of one machine, into other cases too."""

    def __init__(self, rules: Rules, machine: Machine, library: Library, report: Report) -> None:
        self.rules, self.machine, self.library, self.report = rules, machine, library, report

    def run(self) -> None:
        """Note each personal value that an effect puts where it could not be erased."""
        rows = {c.index: c for row in self.machine.table.values() for c in row}
        rows |= {c.index: c for row in self.machine.automatic.values() for c in row}
        for candidate in rows.values():
            personal = {*self._fields(), *(f"input.{n}" for n in _personal(candidate.asks))}
            for effect in candidate.effects:
                self._effect(f"workflow:{self.rules.workflow.workflow}", effect, personal)
        for name, deadline in self.machine.deadlines.items():
            for rung in deadline.rungs:
                for effect in rung.effects:
                    origin = f"ladder:{self.rules.ladders[name].ladder}"
                    self._effect(origin, effect, {*self._fields()})

    def _fields(self) -> Iterator[str]:
        yield from (f"case.{name}" for name in _personal(self.machine.fields))

    def _effect(self, origin: str, effect: CompiledEffect, personal: set[str]) -> None:
        path: Path = tuple(int(s) if s.isdigit() else s for s in effect.place.split("."))
        each = effect.model.each
        if isinstance(each, str) and f"case.{each.removeprefix('case.')}" in personal:
            personal = {*personal, "item"}
        for key, value in effect.values.items():
            name = key.removeprefix("with.")
            lost = [n for n in value.names if _root(n) in personal]
            if effect.action == "set" and lost and not self._keeps(self.machine.fields, name):
                self._fault(origin, (*path, "set", name), lost[0], name, "")
            elif key.startswith("with.") and lost:
                for workflow in self._told(effect, name):
                    self._fault(origin, (*path, "with", name), lost[0], name, workflow)

    def _keeps(self, fields: Mapping[str, Field], name: str) -> bool:
        return name not in fields or fields[name].personal

    def _told(self, effect: CompiledEffect, name: str) -> Iterator[str]:
        """The workflows that would take *name* for what is not personal."""
        trigger = OPEN if effect.action == "open" else effect.model.fire
        for workflow in self._targets(effect):
            for transition in workflow.transitions:
                asked = transition.asks.get(name) if transition.trigger == trigger else None
                field = workflow.fields.get(name) if asked == OWN else asked
                if isinstance(field, Field) and not field.personal:
                    yield workflow.workflow
                    break

    def _targets(self, effect: CompiledEffect) -> Iterator[Workflow]:
        """Whose case a link leads to is not known: any workflow that knows the trigger may be it."""
        if effect.action == "open":
            opened = self.library.workflows.get(effect.model.open or "")
            yield from () if opened is None else (opened,)
        elif effect.model.on == "this":
            yield self.machine.workflow
        else:
            yield from self.library.workflows.values()

    def _fault(self, origin: str, path: Path, name: str, target: str, workflow: str) -> None:
        own = name.partition(".")[2] or name
        where, where_zh = (f" of '{workflow}'", f"“{workflow}”的") if workflow else ("", "")
        self.report.add(
            origin,
            path,
            "DEF-065",
            f"'{own}' is personal and '{target}'{where} is not: it could never be erased from there",
            f"“{own}”是个人信息而{where_zh}“{target}”不是：写入后将无法删除",
        )


def _personal(fields: Mapping[str, Field]) -> Iterator[str]:
    return (name for name, field in fields.items() if field.personal)


def _root(name: str) -> str:
    """The field or input of which *name* is a column, or the name itself."""
    return ".".join(name.split(".")[:2])
