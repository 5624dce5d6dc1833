"""Definitions that would go on for ever are stopped, and stop nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.core.course import NeverRests
from duban.engine.shell.work import TooMuch

pytest_plugins = ["tiny_engines"]

OPENS = """\
workflow: opens
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone, then: [{open: opens, when: episode == 1}]}
  - {trigger: end, source: a, dest: z, by: anyone}
"""
FIRES = """\
workflow: fires
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone}
  - {trigger: turn, source: a, by: anyone, then: [{fire: turn, on: this}]}
  - {trigger: end, source: a, dest: z, by: anyone}
"""
RESTARTS = """\
workflow: restarts
roles: {worker: {post: any, of: case.unit}}
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone}
  - {trigger: end, source: a, dest: z, by: anyone}
deadlines: {spin: {owner: worker, runs_in: [a], limit: 0 hours, ladder: spinning}}
"""
SPINNING = "ladder: spinning\nrungs: [{rung: again, at: due, then: [{restart: spin}]}]\n"


def applied(engine: duban.Engine, folder: Path, *texts: str) -> None:
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    engine.apply(str(folder))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "endless"
    made.mkdir()
    return made


def test_a_workflow_that_opens_itself_is_refused(engine: duban.Engine, folder: Path) -> None:
    applied(engine, folder, OPENS)
    with pytest.raises(TooMuch, match="without end"):
        engine.open("opens", unit="desk-1", actor=tiny.ANN)
    assert engine.tally()["cases"] == 0


def test_a_trigger_that_fires_itself_is_refused_alone(engine: duban.Engine, folder: Path) -> None:
    applied(engine, folder, FIRES)
    case = engine.open("fires", unit="desk-1", actor=tiny.ANN)
    turn = duban.Fire(case=case.id, trigger="turn", actor=tiny.ANN)
    opening = duban.Open(workflow="fires", unit="desk-1", actor=tiny.ANN)
    outcomes = engine.fire_many([turn, opening])
    assert isinstance(outcomes[0].error, NeverRests)
    assert outcomes[1].ok


def test_a_rung_that_begins_its_own_clock_anew_sets_the_case_aside(
    engine: duban.Engine, folder: Path
) -> None:
    applied(engine, folder, RESTARTS, SPINNING)
    case = engine.open("restarts", unit="desk-1", actor=tiny.ANN)
    engine.set_clock(tiny.START + tiny.HOUR)
    ((aside, why),) = engine.sweep().aside
    assert aside == case.id
    assert "did not come to rest after 1000 steps" in why
    assert engine.sweep().cases == 0


GUARDED = """\
workflow: guarded
fields: {due: date}
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone, asks: [due], conditions: "case.unit != 'desk-1'"}
  - {trigger: end, source: a, dest: z, by: anyone}
"""
DUTY = """\
campaign: guarding
begins: 2026-01-01
ends: 2026-12-31
uses: [guarded]
groups: {desks: {kind: [desk]}}
duties: {daily: {each: desks, open: guarded, due: [2026-01-20], opens: 5 days before}}
"""


def test_one_unit_whose_rules_refuse_keeps_the_duty_from_no_other(
    engine: duban.Engine, folder: Path
) -> None:
    applied(engine, folder, GUARDED, DUTY)
    engine.set_clock(tiny.START + 11 * tiny.DAY)
    swept = engine.sweep()
    assert (swept.aside, swept.opened) == ((), 1)
    (opened,) = engine.cases(duban.Where(workflow="guarded")).cases
    assert opened.unit == "desk-2"
    last = engine.history(engine.campaign_case("guarding").id)[-1]
    assert last.body["measure"]["refused"].keys() == {"desk-1"}
    assert engine.sweep().opened == 0
    assert engine.verify().holds
