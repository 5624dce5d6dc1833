"""Publishing a prolonged campaign, or a new notice of holidays, moves what runs already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from worlds import last_of

import duban

pytest_plugins = ["tiny_engines"]

ROUND = """\
workflow: round
title: {zh: 一轮, en: Round}
roles: {worker: {post: any, of: case.unit}, chief: {post: head, of: up.office}}
fields: {fix_by: date}
states: {doing: {}, resting: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: doing, by: [worker], asks: [fix_by]}
  - {trigger: rest, source: doing, dest: resting, by: [worker]}
  - {trigger: finish, source: [doing, resting], dest: done, by: [worker]}
deadlines:
  k:
    owner: worker
    runs_in: doing
    waits_in: resting
    limit: 'given.fix_by ? case.fix_by : campaign.end'
    follows: [campaign.end]
    at_most: '!given.fix_by ? months(12) : months(60)'
    ladder: steps
"""

# Counts workdays, and follows nothing.
PLAIN = """\
workflow: count
title: {zh: 计日, en: Count}
roles: {worker: {post: any, of: case.unit}}
states: {doing: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: doing, by: [worker]}
  - {trigger: finish, source: doing, dest: done, by: [worker]}
deadlines:
  c: {owner: worker, runs_in: doing, limit: 10 workdays}
"""

CAMPAIGN = """\
campaign: drive
title: {zh: 行动, en: Drive}
begins: 2026-01-01
ends: 2026-03-31
uses: [round, count]
"""

CALENDAR = """\
calendar: plain
title: {zh: 日历, en: Days}
weekend: [saturday, sunday]
notices:
  - {issued: 2024-11-01, year: 2025}
"""


def write(folder: Path, campaign: str = CAMPAIGN, calendar: str = CALENDAR) -> Path:
    return tiny.write(folder, round=ROUND, count=PLAIN, drive=campaign, calendar=calendar)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    engine = tiny.engine(address)
    engine.apply(str(write(tmp_path / "defs")))
    yield engine
    assert engine.verify().holds
    engine.close()


def publish(
    engine: duban.Engine, folder: Path, campaign: str = CAMPAIGN, calendar: str = CALENDAR
) -> None:
    engine.apply(str(write(folder, campaign, calendar)))


def prolonged(to: str = "2026-06-30") -> str:
    return CAMPAIGN.replace("2026-03-31", to)


def kinds(engine: duban.Engine, case: duban.Case) -> list[str]:
    return [entry.kind for entry in engine.history(case.id)]


def waking(engine: duban.Engine) -> list[str]:
    """Return the ids of the cases that have something due at once."""
    with engine.store.reading() as reader:
        found = [case.id for case in reader.find(duban.Where(counts="open")).cases]
        return [i for i in found if any(t.due <= reader.now() for t in reader.timers(i))]


def test_a_prolonged_campaign_moves_what_follows_its_end_in_one_entry(
    made: duban.Engine, tmp_path: Path
) -> None:
    case = made.open("round", unit="desk-1", actor=tiny.ANN)
    made.set_clock(tiny.START + tiny.DAY)
    publish(made, tmp_path / "more", campaign=prolonged())
    assert made.case(case.id).due == case.due
    swept = made.sweep()
    assert (swept.entries, swept.aside) == (1, ())
    moved = made.case(case.id)
    assert (moved.due, kinds(made, case)) == (last_of("2026-06-30"), ["open", "project"])
    # Exactly once.
    assert made.sweep().cases == 0


def test_only_those_whose_rules_refer_to_it_are_looked_at(
    made: duban.Engine, tmp_path: Path
) -> None:
    followed = made.open("round", unit="desk-1", actor=tiny.ANN)
    made.open("count", unit="desk-1", actor=tiny.ANN)
    ended = made.open("round", unit="desk-1", actor=tiny.ANN)
    made.fire(ended.id, "finish", actor=tiny.ANN)
    made.set_clock(tiny.START + tiny.DAY)
    publish(made, tmp_path / "more", campaign=prolonged())
    assert waking(made) == [followed.id]


def test_a_campaign_of_which_only_the_title_changed_wakes_nobody(
    made: duban.Engine, tmp_path: Path
) -> None:
    made.open("round", unit="desk-1", actor=tiny.ANN)
    made.set_clock(tiny.START + tiny.DAY)
    publish(made, tmp_path / "more", campaign=CAMPAIGN.replace("en: Drive", "en: Action"))
    assert waking(made) == []


def test_what_somebody_does_before_the_sweep_sees_the_new_date(
    made: duban.Engine, tmp_path: Path
) -> None:
    case = made.open("round", unit="desk-1", actor=tiny.ANN)
    made.set_clock(tiny.START + tiny.DAY)
    publish(made, tmp_path / "more", campaign=prolonged())
    made.fire(case.id, "rest", actor=tiny.ANN)
    assert kinds(made, case) == ["open", "project", "fire"]
    made.sweep()
    assert kinds(made, case) == ["open", "project", "fire"]


def test_one_that_would_pass_its_bounds_is_set_aside_and_the_others_move(
    made: duban.Engine, tmp_path: Path
) -> None:
    bad = made.open("round", unit="desk-1", actor=tiny.ANN)
    by_hand = made.open("round", unit="desk-1", actor=tiny.ANN, data={"fix_by": "2026-02-01"})
    made.set_clock(tiny.START + tiny.DAY)
    late = made.open("count", unit="desk-1", actor=tiny.ANN)
    publish(made, tmp_path / "more", campaign=prolonged("2027-06-30"))
    swept = made.sweep()
    assert [case for case, _ in swept.aside] == [bad.id]
    assert "2027-01-05" in swept.aside[0][1]
    assert made.case(by_hand.id).due == by_hand.due
    assert made.case(late.id).due == late.due


def test_a_new_notice_makes_provisional_dues_firm(made: duban.Engine, tmp_path: Path) -> None:
    case = made.open("count", unit="desk-1", actor=tiny.ANN)
    assert made.count(duban.Where(provisional=True)) == 1
    made.set_clock(tiny.START + tiny.DAY)
    notice = "  - {issued: 2026-01-05, year: 2026, rest: [2026-01-12]}\n"
    publish(made, tmp_path / "more", calendar=CALENDAR + notice)
    made.sweep()
    moved = made.case(case.id)
    assert (case.due, moved.due) == (last_of("2026-01-19"), last_of("2026-01-20"))
    assert made.count(duban.Where(provisional=True)) == 0
    projected = made.history(case.id)[-1].body["projected"]["c"]
    assert projected["firm"] is True
    assert projected["why"] == [{"what": "calendar plain", "to": "2026-01-05"}]


@pytest.mark.parametrize(("says", "due"), [("false", "2026-01-19"), ("true", "2026-01-16")])
def test_a_served_limit_becomes_earlier_only_if_the_notice_says_so(
    made: duban.Engine, tmp_path: Path, says: str, due: str
) -> None:
    case = made.open("count", unit="desk-1", actor=tiny.ANN)
    made.set_clock(tiny.START + tiny.DAY)
    notice = f"  - {{issued: 2026-01-05, year: 2026, work: [2026-01-10], may_shorten: {says}}}\n"
    publish(made, tmp_path / "more", calendar=CALENDAR + notice)
    made.sweep()
    assert made.case(case.id).due == last_of(due)
    # What opens now counts by the days as they are.
    assert made.open("count", unit="desk-1", actor=tiny.ANN).due == last_of("2026-01-19")


def test_more_than_one_batch_of_the_sweep_moves(made: duban.Engine, tmp_path: Path) -> None:
    commands = [
        duban.Open(workflow="round", unit="desk-1", actor=tiny.ANN, data={}) for _ in range(250)
    ]
    assert all(outcome.ok for outcome in made.fire_many(commands))
    made.set_clock(tiny.START + tiny.DAY)
    publish(made, tmp_path / "more", campaign=prolonged())
    swept = made.sweep()
    assert (swept.cases, swept.entries) == (250, 250)
