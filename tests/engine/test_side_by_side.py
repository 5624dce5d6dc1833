"""Regions, signatures and strikes through the engine: what is stored adds up and can be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.errors import TransitionRefused
from duban.engine.ports import Where

pytest_plugins = ["tiny_engines"]

SITE = """\
workflow: site
title: {zh: 工地, en: Site}
roles:
  worker: {post: any, of: case.unit}
  chief: {post: head, of: up.office}
  leaders: {post: head, of: case.leads}
fields: {leads: {type: list, of: unit}}
states:
  used: {}
  shut: {final: true}
  free: {region: seal, initial: true}
  sealed: {region: seal, forbids: [close]}
  resealed: {region: seal, forbids: [close]}
transitions:
  - {trigger: open, source: new, dest: used, by: [worker], asks: [leads]}
  - {trigger: seal, source: free, dest: sealed, by: [chief]}
  - {trigger: seal, source: sealed, dest: resealed, by: [chief]}
  - {trigger: unseal, source: sealed, dest: free, by: [leaders], everyone: true}
  - {trigger: close, source: used, dest: shut, by: [worker]}
  - {trigger: find, source: '*', by: [worker], then: [{open: job, link: job}]}
  - {trigger: take_back, source: '*', by: [chief], then: [{strike: find}]}
  - {trigger: skip_it, source: '*', by: [worker], then: [{fire: tell, on: job, else: skip}]}
  - {trigger: unskip, source: '*', by: [chief], then: [{strike: skip_it}]}
deadlines:
  lift: {owner: chief, runs_in: [sealed], limit: 2 days, again: waits, ladder: urge}
"""
URGE = """\
ladder: urge
rungs: [{rung: urge, at: due, then: [{notify: [chief]}]}]
"""
JOB = """\
workflow: job
title: {zh: 事项, en: Job}
states: {to_do: {}, off: {final: true, counts: void}}
transitions:
  - {trigger: open, source: new, dest: to_do, by: anyone}
  - {trigger: tell, source: off, by: anyone}
  - {when: flagged, source: to_do, dest: off}
"""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def office(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    made = tiny.engine(address)
    made.apply(str(tiny.write(tmp_path / "defs", site=SITE, urge=URGE, job=JOB)))
    yield made
    made.close()


def opened(office: duban.Engine) -> duban.Case:
    leads = ["office", "desk-1"]
    return office.open("site", unit="desk-1", actor=tiny.ANN, data={"leads": leads})


def test_cases_are_found_by_the_state_of_any_region(office: duban.Engine) -> None:
    one, two, three = (opened(office) for _ in range(3))
    office.fire(one.id, "seal", actor=tiny.CHIEF)
    for _ in range(2):
        office.fire(two.id, "seal", actor=tiny.CHIEF)
    found = {
        state: {case.id for case in office.cases(Where(states=[state])).cases}
        for state in ("used", "free", "sealed", "resealed", "used+sealed", "seal")
    }
    assert found == {
        "used": {one.id, two.id, three.id}, "free": {three.id}, "sealed": {one.id},
        "resealed": {two.id}, "used+sealed": {one.id}, "seal": set(),
    }  # fmt: skip


def test_a_side_region_keeps_no_case_open_and_what_is_stored_is_proved(
    office: duban.Engine,
) -> None:
    case = opened(office)
    office.fire(case.id, "close", actor=tiny.ANN)
    assert office.count(Where(workflow="site", counts="closed")) == 1
    assert office.case(case.id).state == "shut+free"
    assert office.verify().findings == ()


def test_the_deadline_of_a_side_region_falls_due_while_the_main_path_stands(
    office: duban.Engine,
) -> None:
    case = opened(office)
    office.fire(case.id, "seal", actor=tiny.CHIEF)
    office.set_clock(tiny.START + 4 * tiny.DAY)
    assert office.sweep().rungs == 1
    assert office.count(Where(overdue_at=office.now())) == 1
    with pytest.raises(TransitionRefused, match="forbidden while the case is 'sealed'"):
        office.fire(case.id, "close", actor=tiny.ANN)
    assert office.verify().findings == ()


def test_signatures_wait_in_the_store_until_the_last_one(office: duban.Engine) -> None:
    case = opened(office)
    office.fire(case.id, "seal", actor=tiny.CHIEF)
    signed = office.fire(case.id, "unseal", actor=tiny.CHIEF, key="k")
    assert (signed.state, signed.signers("unseal")) == ("used+sealed", 1)
    assert office.fire(case.id, "unseal", actor=tiny.CHIEF, key="k") == signed
    explained = office.explain(case.id, actor=tiny.CHIEF)
    (refused,) = [v for v in explained.refused if v.trigger == "unseal"]
    assert "1 more must sign, of: lee" in refused.reasons[0].text("en")
    assert office.verify().findings == ()
    assert office.fire(case.id, "unseal", actor=tiny.LEE).state == "used+free"
    assert office.verify().findings == ()


def test_a_basis_withdrawn_flags_the_case_that_it_opened_and_the_history_is_whole(
    office: duban.Engine,
) -> None:
    case = opened(office)
    first = office.fire(case.id, "find", actor=tiny.ANN)
    second = office.fire(case.id, "find", actor=tiny.ANN)
    assert second.times["find"] == 2
    after = office.fire(case.id, "take_back", actor=tiny.CHIEF)
    assert after.times["find"] == 1
    (kept,) = first.linked("job")
    (gone,) = set(second.linked("job")) - {kept}
    assert office.case(kept).flags == ()
    flagged = office.case(gone)
    assert (flagged.flags, flagged.state) == (((case.id, 3),), "off")
    assert [entry.kind for entry in office.history(gone)] == ["open", "effect", "auto"]
    assert len(office.history(case.id)) == 4
    assert office.verify().findings == ()


def test_a_case_on_which_the_struck_entry_did_nothing_is_not_flagged(office: duban.Engine) -> None:
    case = opened(office)
    (job,) = office.fire(case.id, "find", actor=tiny.ANN).linked("job")
    skipped = office.fire(case.id, "skip_it", actor=tiny.ANN)
    assert job in skipped.bases[-1].cases
    office.fire(case.id, "unskip", actor=tiny.CHIEF)
    assert office.case(job).flags == ()
