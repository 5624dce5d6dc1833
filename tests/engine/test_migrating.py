"""A running case stays on its rules until somebody migrates it, with a reason, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.errors import BadUsage
from duban.engine.shell.migrating import Migrated, Migration
from duban.engine.values.case import Clock

pytest_plugins = ["tiny_engines"]

OPERATOR = duban.Actor(person="op", authenticated_by="operator")
STRICTER = {"limit: 5 workdays": "limit: 3 workdays"}
WORKING = {
    "  doing: {title": "  working: {title",
    "dest: doing": "dest: working",
    "source: doing": "source: working",
    "[reported, doing]": "[reported, working]",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "definitions"


def rewrite(engine: duban.Engine, folder: Path, changes: Mapping[str, str]) -> None:
    text = tiny.WORKFLOW
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    engine.apply(str(tiny.write(folder, fix=text)))


def migrate(
    engine: duban.Engine,
    *,
    dry_run: bool = False,
    states: Mapping[str, str] | None = None,
    deadlines: Mapping[str, str] | None = None,
) -> Migrated:
    migration = Migration(
        workflow="fix",
        reason="a new notice",
        actor=OPERATOR,
        states=states or {},
        deadlines=deadlines or {},
    )
    return engine.migrate(migration, dry_run=dry_run)


def repair(engine: duban.Engine, case: duban.Case) -> Clock:
    return engine.case(case.id).clocks["repair"]


def later(engine: duban.Engine, by: timedelta) -> None:
    engine.set_clock(engine.now() + by)
    engine.sweep()


def test_a_published_change_leaves_running_cases_alone_until_they_are_migrated(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    due = repair(engine, case).due
    rewrite(engine, folder, STRICTER)
    assert engine.case(case.id) == case
    done = migrate(engine)
    assert (done.migrated, done.already, done.refused) == (1, 0, [])
    now = engine.case(case.id)
    assert now.rules != case.rules
    assert due is not None
    # Three working days from Monday in place of five: Thursday, not Monday.
    stricter = due - timedelta(days=4)
    assert repair(engine, case).due == stricter
    assert [(m.before, m.after) for m in done.foreseen.moved] == [(due, stricter)]
    assert engine.verify().holds


def test_the_history_says_from_which_rules_to_which_and_why(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    rewrite(engine, folder, STRICTER)
    migrate(engine)
    entry = engine.history(case.id)[-1]
    assert entry.kind == "migrate"
    assert entry.actor == OPERATOR
    assert entry.body["from"] == case.rules
    assert entry.body["rules"] == engine.case(case.id).rules
    assert entry.body["reason"] == "a new notice"


def test_a_dry_run_changes_nothing_and_says_what_the_real_run_then_does(
    engine: duban.Engine, folder: Path
) -> None:
    cases = [tiny.opened(engine, f"lamp {n}") for n in range(3)]
    later(engine, timedelta(days=5))
    cases = [engine.case(case.id) for case in cases]
    rewrite(engine, folder, STRICTER)
    before = engine.tally()
    rehearsed = migrate(engine, dry_run=True)
    assert engine.tally() == before
    assert [engine.case(case.id) for case in cases] == cases
    # On Saturday the new due, Thursday, is over: each is urged at once.
    assert (rehearsed.migrated, rehearsed.foreseen.moves) == (3, 3)
    assert rehearsed.foreseen.rungs == 3
    assert rehearsed.foreseen.notices == {"ann": 3, "lee": 3, "chen": 3}
    real = migrate(engine)
    assert (real.migrated, real.foreseen.moved) == (3, rehearsed.foreseen.moved)
    assert engine.sweep().rungs == 3
    assert engine.verify().holds


def test_migrating_twice_is_migrating_once(engine: duban.Engine, folder: Path) -> None:
    case = tiny.opened(engine)
    rewrite(engine, folder, STRICTER)
    migrate(engine)
    version = engine.case(case.id).version
    again = migrate(engine)
    assert (again.migrated, again.already) == (0, 1)
    assert engine.case(case.id).version == version


def test_a_clock_goes_on_with_what_it_consumed_and_its_timer_survives(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "start", actor=tiny.ANN)
    before = engine.case(case.id).clocks["repair"]
    rewrite(engine, folder, WORKING)
    migrate(engine, states={"doing": "working"})
    after = engine.case(case.id)
    assert after.states == ("working",)
    assert after.clocks["repair"] == before
    later(engine, timedelta(days=4))
    rungs = [e.body["rung"]["name"] for e in engine.history(case.id) if e.kind == "rung"]
    assert rungs == ["remind"]
    assert engine.verify().holds


def test_a_state_under_a_new_name_was_entered_when_the_old_one_was(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    started = engine.fire(case.id, "start", actor=tiny.ANN).entered["doing"]
    later(engine, timedelta(days=1))
    rewrite(engine, folder, WORKING)
    migrate(engine, states={"doing": "working"})
    assert engine.case(case.id).entered["working"] == started


def test_a_state_without_a_place_is_refused_and_touches_no_other_case(
    engine: duban.Engine, folder: Path
) -> None:
    lost, fine = tiny.opened(engine), tiny.opened(engine)
    lost = engine.fire(lost.id, "start", actor=tiny.ANN)
    rewrite(engine, folder, WORKING)
    done = migrate(engine)
    assert done.migrated == 1
    [(case_id, error)] = done.refused
    assert case_id == lost.id
    assert "map 'doing' to one of: reported, working" in error.text("en")
    assert engine.case(lost.id) == lost
    assert engine.case(fine.id).rules != fine.rules


def test_a_value_that_the_new_field_cannot_hold_is_refused(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine, "a very long lamp")
    rewrite(engine, folder, {"title: text\n": "title: {type: text, max: 5}\n"})
    [(case_id, error)] = migrate(engine).refused
    assert (case_id, "RULE-041" in error.text("en")) == (case.id, True) or "title" in error.text(
        "en"
    )
    assert engine.case(case.id) == case


def test_a_deadline_that_is_gone_ends_and_never_rings_again(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    deadlines = tiny.WORKFLOW[tiny.WORKFLOW.index("deadlines:") :]
    rewrite(engine, folder, {deadlines: ""})
    migrate(engine)
    assert repair(engine, case).ended is not None
    later(engine, timedelta(days=60))
    assert [e.kind for e in engine.history(case.id)] == ["open", "migrate"]
    assert engine.verify().holds


def test_a_deadline_under_a_new_name_keeps_its_clock(engine: duban.Engine, folder: Path) -> None:
    case = tiny.opened(engine)
    before = repair(engine, case)
    rewrite(engine, folder, {"  repair:\n": "  mend:\n"})
    migrate(engine, deadlines={"repair": "mend"})
    clocks = engine.case(case.id).clocks
    assert clocks["mend"] == before
    assert clocks["repair"].ended is not None
    later(engine, timedelta(days=8))
    rungs = [e.body["rung"] for e in engine.history(case.id) if e.kind == "rung"]
    assert [(rung["deadline"], rung["name"]) for rung in rungs] == [
        ("mend", "remind"),
        ("mend", "urge"),
    ]


def test_an_edit_that_moved_no_deadline_moves_none_by_migrating(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    due = repair(engine, case).due
    rewrite(engine, folder, {"{zh: 小修, en: Fix}": "{zh: 小修理, en: Small fix}"})
    migrate(engine)
    assert repair(engine, case).due == due


def test_what_fell_due_before_happens_under_the_old_rules(
    engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    rewrite(engine, folder, STRICTER)
    engine.set_clock(engine.now() + timedelta(days=5))
    migrate(engine)
    kinds = [e.kind for e in engine.history(case.id)]
    assert kinds.index("rung") < kinds.index("migrate")


def test_a_case_that_its_old_rules_stopped_goes_on_under_new_ones(
    engine: duban.Engine, folder: Path
) -> None:
    stuck = engine.open("fragile", unit="desk-1", actor=tiny.ANN, data={"target": "nowhere"})
    later(engine, timedelta(days=3))
    assert engine.aside(stuck.id) is not None
    mended = tiny.TRAP.replace("unit: case.target", "unit: case.unit")
    engine.apply(str(tiny.write(folder, trap=mended)))
    migration = Migration(workflow="fragile", reason="mended", actor=OPERATOR)
    assert engine.migrate(migration).migrated == 1
    assert engine.aside(stuck.id) is None
    engine.sweep()
    assert engine.case(stuck.id).linked("children")


def test_closed_cases_stay_as_they_closed(engine: duban.Engine, folder: Path) -> None:
    case = tiny.opened(engine)
    closed = engine.fire(case.id, "drop", actor=tiny.CHIEF)
    rewrite(engine, folder, STRICTER)
    assert migrate(engine).migrated == 0
    assert engine.case(case.id) == closed


def test_only_cases_on_the_rules_named_are_taken(engine: duban.Engine, folder: Path) -> None:
    old = tiny.opened(engine)
    rewrite(engine, folder, STRICTER)
    newer = tiny.opened(engine)
    rewrite(engine, folder, {"limit: 5 workdays": "limit: 4 workdays"})
    migration = Migration(workflow="fix", reason="r", actor=OPERATOR, rules=newer.rules[:12])
    assert engine.migrate(migration).migrated == 1
    assert engine.case(old.id) == old


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_migrated(engine: duban.Engine, reason: str) -> None:
    with pytest.raises(BadUsage):
        engine.migrate(Migration(workflow="fix", reason=reason, actor=OPERATOR))
