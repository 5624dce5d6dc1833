"""How long reading and checking definitions takes, and whether the cost grows with their lines alone.

Each definition is a workflow of 200 lines with fields, states, guarded transitions, deadlines,
ladders' worth of effects and facts. `load` is from the bytes of the files to definitions, `check`
is every check that `duban check` and `apply` make. Seconds are those of the processor, so that a
busy machine changes nothing.
"""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path

from duban.engine.definition.check import check
from duban.engine.definition.library import EMPTY
from duban.workflows.loader import FileLoader

SIZES = (50, 500)
LINES = 200
LADDER = """\
ladder: steps
rungs:
  - {rung: remind, at: 3 workdays before, then: [{notify: owner}]}
  - {rung: urge, at: due, then: [{notify: owner}]}
  - {rung: tell, at: 5 workdays after, then: [{notify: [owner, office]}]}
repeat: 20 workdays
"""


def workflow(name: str) -> str:
    """Return a workflow of exactly `LINES` lines."""
    head = [
        f"workflow: {name}",
        "title: {zh: 事项, en: Case}",
        "settings: {limit: 5 workdays, most: 3}",
        "roles:",
        "  owner: {post: [head, safety_officer]}",
        "  office: {post: head, of: up}",
        "fields:",
        "  grade:",
        "    type: choice",
        "    choices: {general: {title: G, fix: 5 workdays}, major: {title: M, fix: 9 workdays}}",
    ]
    fields = [f"  f{n}: {{type: number, title: {{zh: 数, en: Number}}}}" for n in range(20)]
    states = ["states:"] + [f"  s{n}: {{title: {{zh: 状态, en: State}}}}" for n in range(20)]
    states += ["  done: {final: true}"]
    opening = [
        "transitions:",
        "  - {trigger: open, source: new, dest: s0, by: owner, asks: [grade, f0, f1]}",
        "  - {trigger: drop, source: '*', dest: done, by: office}",
    ]
    moves: list[str] = []
    for n in range(19):
        moves += [
            f"  - trigger: go{n}",
            f"    source: s{n}",
            f"    dest: s{n + 1}",
            "    by: [owner, office]",
            f"    conditions: case.f{n} > {n} && case.grade == grade.major",
            f"    then: [{{set: {{f{n}: case.f{n} + 1}}}}, {{notify: office, text: '{{case.f{n}}}'}}]",
        ]
    clocks = ["deadlines:"]
    for n in range(10):
        clocks += [f"  d{n}: {{owner: owner, runs_in: s{n}, limit: case.grade.fix, ladder: steps}}"]
    facts = ["facts:", f"  others: {{count: {name}, of: unit}}"]
    lines = [*head, *fields, *states, *opening, *moves, *clocks, *facts]
    return "\n".join([*lines, *(f"# line {n}" for n in range(len(lines), LINES))]) + "\n"


def seconds(files: int) -> tuple[float, float]:
    """Return the seconds of work that loading and checking *files* definitions takes."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "steps.yaml").write_text(LADDER, encoding="utf-8")
        for number in range(files):
            name = f"w{number}"
            Path(folder, f"{name}.yaml").write_text(workflow(name), encoding="utf-8")
        gc.collect()
        began = time.process_time()
        definitions = FileLoader().load(folder)
        loaded = time.process_time()
        check(definitions, EMPTY.with_definitions(definitions))
        return loaded - began, time.process_time() - loaded


def main() -> None:
    """Time both sizes and print the cost of a line in each, and their ratio."""
    costs = []
    for files in SIZES:
        load, checked = seconds(files)
        cost = (load + checked) / (files * LINES) * 1e6
        costs.append(cost)
        print(
            f"{files:4} definitions of {LINES} lines: load {load:6.2f} s, check {checked:6.2f} s, "
            f"{cost:6.1f} µs a line"
        )
    print(f"ratio of the cost of a line: {costs[1] / costs[0]:.2f}")


if __name__ == "__main__":
    main()
