"""From a workflow, its settings and its ladders to the compiled machine; every fault is collected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from duban.engine.definition.expressions import BadExpression, Expression, Kind, Language
from duban.engine.definition.facts import CompiledFact, Fact
from duban.engine.definition.faults import Path, Report
from duban.engine.definition.fields import Field, is_span
from duban.engine.definition.following import in_order
from duban.engine.definition.machine import (
    NEW,
    Candidate,
    CompiledDeadline,
    CompiledEffect,
    CompiledRung,
    Machine,
    Template,
)
from duban.engine.definition.names import names_of
from duban.engine.definition.rules import Rules
from duban.engine.definition.selector import Selector
from duban.engine.definition.watched import facts_in, timely, watched
from duban.engine.definition.workflow import OWN, Deadline, Effect, Ladder, Transition, Workflow
from duban.engine.timing.spans import Offset, Span

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
TEXT_NAMES = frozenset({"due", "late", "rung", "title", "state", "unit", "missed"})


@dataclass(frozen=True, slots=True)
class _At:
    """Where in which definition the compiler is."""

    origin: str
    path: Path

    def __truediv__(self, step: str | int) -> _At:
        return _At(self.origin, (*self.path, step))


class Compiler:
    """Compiles one set of rules; what is wrong goes to the report."""

    def __init__(self, rules: Rules, report: Report) -> None:
        self.rules, self.report = rules, report
        self.workflow: Workflow = rules.workflow
        self.language = Language(names_of(self.workflow, rules.seen))
        self.expressions: dict[str, Expression] = {}

    def machine(self) -> Machine:
        """Return the compiled machine; complete only when the report stays empty."""
        origin = _At(f"workflow:{self.workflow.workflow}", ())
        candidates = [
            self.transition(number, transition, origin / "transitions" / number)
            for number, transition in enumerate(self.workflow.transitions)
        ]
        deadlines = {
            name: self.deadline(name, deadline, origin / "deadlines" / name)
            for name, deadline in self.workflow.deadlines.items()
        }
        facts = {
            name: self.fact(name, fact, origin / "facts" / name)
            for name, fact in self.workflow.facts.items()
        }
        for name, bindings in self.rules.roles.items():
            for binding in bindings:
                self._binding(binding.of, binding.party, origin / "roles" / name)
        return Machine(
            rules=self.rules.hash,
            workflow=self.workflow,
            title=self.workflow.title or _named(self.workflow.workflow),
            language=self.language,
            states=self.workflow.states,
            fields=self.workflow.fields,
            roles={name: tuple(bound) for name, bound in self.rules.roles.items()},
            settings=self.rules.settings,
            facts=facts,
            groups=self.rules.groups,
            deadlines=deadlines,
            order=in_order(deadlines),
            table=_table(candidates),
            automatic=_automatic(candidates),
            watched=watched(self.workflow, candidates, facts),
            triggers=tuple(dict.fromkeys(c.trigger for c in candidates if c.trigger)),
            strikable=_strikable(candidates, deadlines.values()),
            expressions=self.expressions,
            campaign=self.rules.campaign,
            phase=self.rules.phase,
            zone=self.rules.zone,
            calendar=self.rules.calendar,
            closing=self.rules.closing,
        )

    # ---- transitions

    def transition(self, number: int, transition: Transition, at: _At) -> Candidate:
        """Compile one transition."""
        asks = {
            name: asked if isinstance(asked, Field) else self._own_field(name)
            for name, asked in transition.asks.items()
        }
        when = self.expression(transition.when, at / "when", "flag")
        conditions = self._conditions(transition.conditions, at / "conditions")
        unless = self._conditions(transition.unless, at / "unless")
        candidate = Candidate(
            index=number,
            place=f"transitions.{number}",
            trigger=transition.trigger,
            when=when,
            sources=frozenset(self.workflow.sources_of(transition)),
            dest=transition.dest,
            conditions=conditions,
            unless=unless,
            facts=facts_in(when, *conditions, *unless),
            by=tuple(transition.by),
            not_by=tuple(transition.not_by),
            everyone=transition.everyone,
            quorum=transition.quorum,
            asks=asks,
            fills=frozenset(name for name, asked in transition.asks.items() if asked == OWN),
            requires=tuple(transition.requires),
            otherwise=transition.otherwise or {},
            title=transition.title or self._title(transition),
            effects=self.effects(transition.then, at / "then"),
            reopen=transition.reopen,
            cites=tuple(transition.cites),
        )
        self._own_inputs(candidate, at)
        return candidate

    def _title(self, transition: Transition) -> Mapping[str, str]:
        if transition.trigger is not None:
            return _named(transition.trigger)
        return self.workflow.title or _named(self.workflow.workflow)

    def _own_field(self, name: str) -> Field:
        return self.workflow.fields.get(name) or Field(type="text")

    def _conditions(self, conditions: list[Any], at: _At) -> tuple[Expression, ...]:
        compiled = []
        for number, condition in enumerate(conditions):
            for source in _equalities(condition, self.workflow):
                expression = self.expression(source, at / number, "flag")
                if expression is not None:
                    compiled.append(expression)
        return tuple(compiled)

    def _own_inputs(self, candidate: Candidate, at: _At) -> None:
        known = {f"input.{n}" for n in candidate.asks} | {
            f"given.input.{n}" for n in candidate.asks
        }
        used = {n for e in (*candidate.conditions, *candidate.unless) for n in e.names}
        used |= {n for effect in candidate.effects for e in effect.values.values() for n in e.names}
        for name in sorted(used):
            if name.startswith(("input.", "given.input.")) and name not in known:
                self.report.add(
                    at.origin,
                    at.path,
                    "DEF-036",
                    f"`{name}` is not asked by this transition; add it to 'asks'",
                    f"本流转没有询问 `{name}`；请加入 asks",
                )

    # ---- facts

    def fact(self, name: str, fact: Fact, at: _At) -> CompiledFact:
        """Compile one fact. Its bounds follow from the case, so that only a change moves them."""
        bounds = [self.expression(getattr(fact, n), at / n, "instant") for n in ("since", "until")]
        for bound, part in zip(bounds, ("since", "until"), strict=True):
            for word in timely(bound):
                self.report.add(
                    at.origin,
                    (at / part).path,
                    "DEF-077",
                    f"`{word}` cannot stand here: a bound of a fact is an instant of the case",
                    f"此处不能使用 `{word}`：事实的界限须为本事项的某个时点",
                )
        return CompiledFact(
            name=name,
            model=fact,
            subject=fact.subject,
            kind=fact.kind(self.rules.seen.get(name)),
            field=self.rules.seen.get(name),
            dated=self.rules.dated.get(name),
            since=bounds[0],
            until=bounds[1],
            within=Span.parse(fact.within) if fact.within else None,
        )

    # ---- deadlines and ladders

    def deadline(self, name: str, deadline: Deadline, at: _At) -> CompiledDeadline:
        """Compile one deadline with its ladder."""
        limit: Span | Expression | None
        if is_span(deadline.limit):
            limit = Span.parse(deadline.limit)
        else:
            limit = self.expression(deadline.limit, at / "limit", "span", "instant")
        ladder = self.rules.ladders.get(name)
        return CompiledDeadline(
            name=name,
            model=deadline,
            title=deadline.title or _named(name),
            limit=limit or Span(0, "days"),
            starts=self.expression(deadline.starts, at / "starts", "instant"),
            at_most=self._bound(deadline.at_most, at / "at_most"),
            not_before=self._bound(deadline.not_before, at / "not_before"),
            runs_in=frozenset(deadline.runs_in),
            waits_in=frozenset(deadline.waits_in),
            rungs=self._rungs(name, ladder) if ladder else (),
            repeat=Span.parse(ladder.repeat) if ladder and ladder.repeat else None,
            extension=deadline.extension,
        )

    def _bound(self, source: str | None, at: _At) -> Expression | None:
        if source is not None and is_span(source):
            count, unit = source.split(" ")
            source = f"{unit.rstrip('s')}s({count})"
        return self.expression(source, at, "span", "instant")

    def _rungs(self, deadline: str, ladder: Ladder) -> tuple[CompiledRung, ...]:
        origin = _At(f"ladder:{ladder.ladder}", ("rungs",))
        return tuple(
            CompiledRung(
                name=rung.rung,
                offset=Offset.parse(rung.at),
                title=rung.title or _named(rung.rung),
                effects=self.effects(rung.then, origin / number / "then"),
                place=f"ladders.{deadline}.rungs.{number}",
                cites=tuple(rung.cites),
            )
            for number, rung in enumerate(ladder.rungs)
        )

    # ---- effects

    def effects(self, effects: list[Effect], at: _At) -> tuple[CompiledEffect, ...]:
        """Compile a list of effects."""
        return tuple(self._effect(e, at / number) for number, e in enumerate(effects))

    def _effect(self, effect: Effect, at: _At) -> CompiledEffect:
        values: dict[str, Expression | None] = {}
        if effect.action == "set":
            for name, source in (effect.set or {}).items():
                values[name] = self._assigned(name, source, at / "set" / name)
        for name, source in effect.with_.items():
            values[f"with.{name}"] = self.expression(source, at / "with" / name)
        values["unit"] = self.expression(effect.unit, at / "unit", "text")
        values["by"] = self.expression(effect.by, at / "by", "span")
        wanted: Kind = "instant" if effect.action == "extend" else "text"
        values["to"] = self.expression(effect.to, at / "to", wanted)
        return CompiledEffect(
            model=effect,
            action=effect.action,
            place=".".join(str(step) for step in at.path),
            when=self.expression(effect.when, at / "when", "flag"),
            values={name: value for name, value in values.items() if value is not None},
            under=self._under(effect.each, at / "each" / "under"),
            texts={lang: self._template(t, at / "text") for lang, t in (effect.text or {}).items()},
        )

    def _under(self, each: str | Selector | None, at: _At) -> Expression | None:
        """The unit below which an effect happens, when it is a field of the case."""
        if not isinstance(each, Selector) or not (each.under or "").startswith("case."):
            return None
        return self.expression(each.under, at, "text")

    def _assigned(self, field: str, source: str, at: _At) -> Expression | None:
        if not self.language.knows(f"case.{field}"):
            return self.expression(source, at)
        return self.expression(source, at, self.language.kind(f"case.{field}"))

    def _template(self, text: str, at: _At) -> Template:
        parts: list[tuple[str, str | None]] = []
        position = 0
        for found in _PLACEHOLDER.finditer(text):
            name = found[1].strip()
            if name not in TEXT_NAMES and not self.language.knows(name):
                self.report.add(
                    at.origin,
                    at.path,
                    "DEF-060",
                    f"the text uses `{{{name}}}`, which is no name{self.language.nearest(name)}",
                    f"文本中的 `{{{name}}}` 不是已知名称{self.language.nearest_zh(name)}",
                )
            elif name not in TEXT_NAMES:
                self.expressions.setdefault(name, self.language.compile(name))
            parts.append((text[position : found.start()], name))
            position = found.end()
        parts.append((text[position:], None))
        return Template(parts=tuple(parts))

    # ---- expressions

    def expression(self, source: str | None, at: _At, *kinds: Kind) -> Expression | None:
        """Compile *source*; a fault is reported at *at*, and None returned."""
        if source is None:
            return None
        try:
            return self.language.compile(source, *kinds)
        except BadExpression as error:
            self.report.add_value(at.origin, at.path, "DEF-032", error.text("en"), error.text("zh"))
            return None

    def _binding(self, of: str, party: str | None, at: _At) -> None:
        for source in (party, of if of.startswith("case.") else None):
            if source is not None and (found := self.expression(source, at)) is not None:
                self.expressions[source] = found


def compile_rules(rules: Rules, report: Report | None = None) -> Machine:
    """Return the machine of *rules*.

    With a *report*, faults are collected there; without one they are raised.

    Raises:
        InvalidDefinition: the rules have faults and no report was given.
    """
    collected = report or Report()
    machine = Compiler(rules, collected).machine()
    if report is None:
        collected.finish()
    return machine


def _named(name: str) -> dict[str, str]:
    return {"en": name, "zh": name}


def _equalities(condition: Any, workflow: Workflow) -> list[str]:
    """A mapping is short for equality of fields, or of inputs written with their prefix."""
    if isinstance(condition, str):
        return [condition]
    sources = []
    for name, value in condition.items():
        left = name if "." in name else f"case.{name}"
        field = workflow.fields.get(name.removeprefix("case."))
        if isinstance(value, bool):
            right = str(value).lower()
        elif isinstance(value, int):
            right = str(value)
        elif field is not None and field.type == "choice":
            right = f"{name.removeprefix('case.')}.{value}"
        else:
            right = repr(value)
        sources.append(f"{left} == {right}")
    return sources


def _strikable(
    candidates: Iterable[Candidate], deadlines: Iterable[CompiledDeadline]
) -> frozenset[str]:
    """The triggers that some effect may strike: of their entries a case keeps what that takes."""
    lists = [candidate.effects for candidate in candidates]
    lists += [rung.effects for deadline in deadlines for rung in deadline.rungs]
    return frozenset(e.model.strike for effects in lists for e in effects if e.model.strike)


def _table(candidates: list[Candidate]) -> Mapping[tuple[str, str], tuple[Candidate, ...]]:
    table: dict[tuple[str, str], tuple[Candidate, ...]] = {}
    for candidate in candidates:
        if candidate.trigger is not None:
            for source in candidate.sources:
                key = (source, candidate.trigger)
                table[key] = (*table.get(key, ()), candidate)
    return table


def _automatic(candidates: list[Candidate]) -> Mapping[str, tuple[Candidate, ...]]:
    automatic: dict[str, tuple[Candidate, ...]] = {}
    for candidate in candidates:
        if candidate.trigger is None:
            for source in candidate.sources - {NEW}:
                automatic[source] = (*automatic.get(source, ()), candidate)
    return automatic
