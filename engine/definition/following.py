"""What a deadline follows: other deadlines, facts, the dates of its campaign and phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duban.engine.definition.expressions import Expression
from duban.engine.definition.faults import FIELD, Report
from duban.engine.definition.machine import CompiledDeadline, Machine
from duban.engine.definition.workflow import Workflow

DATES = ("campaign.begin", "campaign.end", "phase.begin", "phase.end")
_CLOCKS = frozenset({"due", "first_due", "met", "lapsed", "runs", "extended"})


def in_order(deadlines: Mapping[str, CompiledDeadline]) -> tuple[str, ...]:
    """Return the names of *deadlines*, each after those that it refers to; else as written."""
    order: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in order or name in above:
            return
        for other in _others(deadlines[name]):
            if other in deadlines:
                visit(other, (*above, name))
        order[name] = None

    for name in deadlines:
        visit(name, ())
    return tuple(order)


def _others(deadline: CompiledDeadline) -> Iterator[str]:
    for name in (*_used(deadline), *deadline.model.live):
        root, _, other = name.partition(".")
        if root in _CLOCKS and other != deadline.name:
            yield other


def _used(deadline: CompiledDeadline) -> Iterator[str]:
    for expression in (deadline.limit, deadline.starts):
        if isinstance(expression, Expression):
            yield from expression.names


def uses_any(machine: Machine, names: frozenset[str]) -> bool:
    """Whether a case with these rules looks at one of *names* without anybody doing anything."""
    follows = any(names.intersection(d.model.live) for d in machine.deadlines.values())
    return follows or any(
        names.intersection(expression.names)
        for candidates in machine.automatic.values()
        for candidate in candidates
        for expression in (candidate.when, *candidate.conditions, *candidate.unless)
        if expression is not None
    )


def check_following(workflow: Workflow, report: Report) -> None:
    """Check that what deadlines follow is there, and that they do not follow one another around."""
    origin = f"workflow:{workflow.workflow}"
    live = _followable(workflow)
    for name, deadline in workflow.deadlines.items():
        path = ("deadlines", name, "follows")
        fields = [one for one in deadline.follows if "." not in one]
        report.known(origin, fields, workflow.fields, path, FIELD)
        report.known(origin, deadline.live, live, path, _FOLLOWED)
        circle = _circle(workflow, name)
        if circle:
            shown = " → ".join(circle)
            report.add(
                origin,
                path,
                "DEF-091",
                f"deadlines follow one another in a circle: {shown}",
                f"时限相互跟随，形成循环：{shown}",
            )


def _followable(workflow: Workflow) -> set[str]:
    """Return what lies outside the fields of a case and can be followed."""
    dues = (f"due.{name}" for name in workflow.deadlines)
    return {*DATES, *dues, *(f"fact.{name}" for name in workflow.facts)}


_FOLLOWED = ("DEF-090", "what a deadline can follow", "时限可跟随的对象")


def _circle(workflow: Workflow, name: str) -> tuple[str, ...]:
    """Return the way from *name* back to it, if following leads there."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        followed = workflow.deadlines[way[-1]].live if way[-1] in workflow.deadlines else ()
        for other in (one.removeprefix("due.") for one in followed if one.startswith("due.")):
            if other == name:
                return (*way, other)
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


def check_used(machine: Machine, report: Report) -> None:
    """Check that what a deadline follows outside the case can move it."""
    known = _followable(machine.workflow)
    for name, deadline in machine.deadlines.items():
        used = set(_used(deadline))
        for followed in deadline.model.live:
            if followed in known and followed not in used:
                report.add(
                    f"workflow:{machine.workflow.workflow}",
                    ("deadlines", name, "follows"),
                    "DEF-092",
                    f"`{followed}` is followed but stands neither in 'limit' nor in 'starts'",
                    f"跟随了 `{followed}`，但 limit 和 starts 都没有用到它",
                )
