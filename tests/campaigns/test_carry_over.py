"""What is open when a campaign ends goes on in the next one: the same case, with the same clocks."""

from __future__ import annotations

from pathlib import Path

import pytest
import town as t
from town import Town, found, go

import duban
from duban.engine.shell import carrying

pytest_plugins = ["town_engines"]

NEXT = """\
campaign: next
begins: 2023-01-01
ends: 2023-12-31
uses: [hazard]
statistics: {all: {title: All, of: hazard, numerator: is.closed}}
registers: {repairs: {title: Repairs, of: hazard, columns: [title, state]}}
carry_over: {from: town, of: [hazard]}
"""


def _two(town: Town, tmp_path: Path) -> tuple[duban.Engine, duban.Case, duban.Case]:
    engine = town(t.campaign())
    done = t.fire(engine, found(engine, "done"), "on_spot")
    goes = t.fire(engine, found(engine, "goes"), "plan", fix_by="2023-03-01")
    go(engine, "2022-12-01")
    t.publish(engine, tmp_path / "next", NEXT)
    return engine, done, goes


def test_open_cases_change_their_campaign_and_nothing_else(town: Town, tmp_path: Path) -> None:
    engine, done, goes = _two(town, tmp_path)
    go(engine, "2023-01-02")
    after = engine.case(goes.id)
    assert (engine.case(done.id).campaign, after.campaign) == ("town", "next")
    assert (after.rules, after.states, after.data) == (goes.rules, goes.states, goes.data)
    assert after.clocks == goes.clocks
    entry = engine.history(goes.id)[-1]
    assert (entry.kind, entry.trigger) == ("carry", None)
    assert entry.body["cause"]["rule"] == "carry_over"
    assert engine.verify().holds


def test_both_campaigns_list_what_went_over_once(town: Town, tmp_path: Path) -> None:
    engine, _, goes = _two(town, tmp_path)
    go(engine, "2023-01-02")
    go(engine, "2023-02-02")
    left = [e.body.get("measure", {}) for e in engine.history(engine.campaign_case("town").id)]
    came = [e for e in engine.history(engine.campaign_case("next").id) if e.kind == "carry"]
    assert [m for m in left if m.get("to") == "next"] == [{"to": "next", "cases": [goes.id]}]
    assert [e.body["measure"] for e in came] == [
        {"from": "town", "cases": [goes.id]},
        {"from": "town", "batches": 1},
    ]


def test_registers_and_statistics_of_each_campaign_count_what_is_theirs(
    town: Town, tmp_path: Path
) -> None:
    engine, _, _ = _two(town, tmp_path)
    go(engine, "2023-01-02")
    assert t.titles(engine.register("repairs", campaign="next").rows) == [(1, "goes")]
    (rate,) = engine.statistics("all", campaign="next")
    assert (rate.total.numerator, rate.total.denominator) == (0, 1)


def test_more_than_one_batch_goes_over_each_case_once(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH", 3)
    engine = town(t.campaign())
    for number in range(8):
        found(engine, f"h{number}")
    go(engine, "2022-12-01")
    t.publish(engine, tmp_path / "next", NEXT)
    for _ in range(6):
        go(engine, "2023-01-02")
    cases = engine.cases(duban.Where(workflow="hazard", campaign="next")).cases
    assert len(cases) == 8
    assert all([e.kind for e in engine.history(c.id)].count("carry") == 1 for c in cases)
    assert engine.verify().holds
