"""Regions, signatures and withdrawn bases as the command line shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]

SITE = """\
workflow: site
title: {zh: 工地, en: Site}
roles:
  worker: {post: any, of: case.unit}
  leaders: {post: head, of: case.leads}
fields: {leads: {type: list, of: unit}}
states:
  used: {title: {zh: 在用, en: In use}}
  shut: {final: true}
  free: {region: seal, initial: true}
  sealed: {region: seal, title: {zh: 已查封, en: Sealed}}
transitions:
  - {trigger: open, source: new, dest: used, by: [worker], asks: [leads]}
  - trigger: seal
    source: free
    dest: sealed
    by: [leaders]
    everyone: true
    then: [{open: fix, with: {title: "'check'"}}]
  - {trigger: annul, source: '*', by: [worker], then: [{strike: seal}]}
  - {trigger: close, source: used, dest: shut, by: [worker]}
"""


@pytest.fixture
def case(engine: duban.Engine, tmp_path: Path) -> duban.Case:
    (tmp_path / "definitions" / "site.yaml").write_text(SITE, encoding="utf-8")
    engine.apply(str(tmp_path / "definitions"))
    leads = ["desk-1", "office"]
    opened = engine.open("site", unit="desk-1", actor=tiny.ANN, data={"leads": leads})
    return engine.fire(opened.id, "seal", actor=tiny.LEE)


def test_a_case_shows_the_states_of_all_regions_and_who_has_signed(
    run: Run, case: duban.Case
) -> None:
    page = run("case", "show", case.id).stdout
    assert f"{case.id}  used+free In use+free\n" in page
    assert "Signed, waiting for others:\n  seal  lee\n" in page
    assert "待他人签署" in run("--lang", "zh", "case", "show", case.id).stdout


def test_cases_are_listed_by_the_state_of_a_side_region(
    run: Run, engine: duban.Engine, case: duban.Case
) -> None:
    engine.fire(case.id, "seal", actor=tiny.CHIEF)
    for state, found in (("sealed", 1), ("free", 0), ("used", 1)):
        listed = json.loads(
            run("case", "list", "--workflow", "site", "--state", state, "--json").stdout
        )
        assert len(listed["cases"]) == found, state
    assert "used+sealed In use+Sealed" in run("case", "list", "--workflow", "site").stdout


def test_explain_says_who_must_sign_yet(run: Run, engine: duban.Engine, case: duban.Case) -> None:
    mine = run("case", "explain", case.id, "--as", "lee").stdout
    assert "you have signed 'seal' already; 1 more must sign, of: chen" in mine
    leads = ["desk-1", "desk-2", "office"]
    other = engine.open("site", unit="desk-1", actor=tiny.ANN, data={"leads": leads})
    ahead = run("case", "explain", other.id, "--as", "lee")
    assert "+ seal\n      then 1 more must sign, of: chen\n" in ahead.stdout
    data = json.loads(run("case", "explain", other.id, "--as", "lee", "--json").stdout)
    (seal,) = [row for row in data["triggers"] if row["trigger"] == "seal"]
    assert seal["signatures"] == [
        {"place": "transitions.1", "signed": [], "missing": ["chen"], "short": 1}
    ]


def test_history_tells_signatures_withdrawals_and_flags(
    run: Run, engine: duban.Engine, case: duban.Case
) -> None:
    sealed = engine.fire(case.id, "seal", actor=tiny.CHIEF)
    (child,) = sealed.linked("children")
    engine.fire(case.id, "annul", actor=tiny.ANN)
    told = run("history", "show", case.id).stdout
    assert "lee desk-1/leader  sign seal\n" in told
    assert "chen office/leader  fire seal  free → sealed\n" in told
    assert "fire annul\n       withdraws entry 3\n" in told
    assert f"basis withdrawn: {case.id} #3" in run("history", "show", child).stdout
    assert f"Withdrawn basis:\n  {case.id}  #3\n" in run("case", "show", child).stdout
    assert "0 finding(s)" in run("history", "verify").stdout
