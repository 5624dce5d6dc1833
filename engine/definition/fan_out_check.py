"""Cases that open cases that open cases: circles of openings that never come to an end."""

from __future__ import annotations

from collections.abc import Iterator

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.library import Library
from duban.engine.definition.machine import OPEN
from duban.engine.definition.workflow import Workflow

_Edge = tuple[str, Path, bool]


def check_fan_out(library: Library, report: Report) -> None:
    """Note each circle of workflows whose opening opens the next, once, where it begins."""
    edges = {name: list(_openings(workflow)) for name, workflow in library.workflows.items()}
    for name in edges:
        circle = _circle(name, edges)
        if circle is not None and name == min(opened for opened, _, _ in circle):
            _tell(name, circle, report)


def _openings(workflow: Workflow) -> Iterator[_Edge]:
    """Yield what opening a case of *workflow* opens by itself, and whether that is certain."""
    for number, transition in enumerate(workflow.transitions):
        if transition.trigger not in (None, OPEN):
            continue
        plain = transition.trigger == OPEN and not (transition.conditions or transition.unless)
        for n, effect in enumerate(transition.then):
            if effect.open is not None:
                path = ("transitions", number, "then", n, "open")
                yield effect.open, path, plain and effect.when is None


def _circle(start: str, edges: dict[str, list[_Edge]]) -> list[_Edge] | None:
    """Return the shortest way of openings from *start* back to it; certain ones are preferred."""
    for certain in (True, False):
        waiting: list[list[_Edge]] = [[edge] for edge in edges[start] if edge[2] or not certain]
        seen: set[str] = set()
        while waiting:
            way = waiting.pop(0)
            at = way[-1][0]
            if at == start:
                return way
            if at not in seen:
                seen.add(at)
                waiting += [[*way, e] for e in edges.get(at, ()) if e[2] or not certain]
    return None


def _tell(name: str, circle: list[_Edge], report: Report) -> None:
    origin, path = f"workflow:{name}", circle[0][1]
    way = " → ".join([name, *(opened for opened, _, _ in circle)])
    if all(certain for _, _, certain in circle):
        en = f"opening a case opens cases without end: {way}; add a 'when'"
        zh = f"立项会无休止地创建事项：{way}；请加上 when"
        report.add_value(origin, path, "DEF-183", en, zh)
    else:
        en = f"opening a case may open cases without end: {way}; see that a condition ends it"
        zh = f"立项可能无休止地创建事项：{way}；请确认有条件使其停止"
        report.warn(origin, path, "DEF-184", en, zh)
