"""Checking costs what the definitions have lines: many small ones show what grows with their number."""

from __future__ import annotations

from time import process_time

from worlds import define

from duban.engine.definition.check import check
from duban.engine.definition.library import EMPTY

WORKFLOW = """\
workflow: {name}
roles: {{owner: {{post: head}}}}
states: {{a: {{}}, z: {{final: true}}}}
transitions:
  - {{trigger: open, source: new, dest: a, by: owner}}
  - {{trigger: end, source: a, dest: z, by: owner, then: [{{fire: end, on: children}}, {{notify: owner}}]}}
deadlines: {{d: {{owner: owner, runs_in: a, limit: 5 workdays, ladder: steps}}}}
"""
LADDER = "ladder: steps\nrungs: [{rung: urge, at: due, then: [{notify: owner}]}]\nrepeat: 5 days\n"


def seconds(count: int) -> float:
    names = [f"w{number}" for number in range(count)]
    definitions = [define(LADDER), *(define(WORKFLOW.format(name=name)) for name in names)]
    library = EMPTY.with_definitions(definitions)
    began = process_time()
    assert check(definitions, library) == []
    return process_time() - began


def test_ten_times_as_many_definitions_cost_about_ten_times_as_much() -> None:
    seconds(5)
    few, many = min(seconds(30) for _ in range(3)), seconds(300)
    assert many < 20 * few
