"""New rules with other regions: one that is new begins, one that is gone is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.shell.migrating import Migrated, Migration

pytest_plugins = ["tiny_engines"]

OPERATOR = duban.Actor(person="op", authenticated_by="operator")
PLAIN = """\
workflow: site
title: {zh: 工地, en: Site}
roles: {leaders: {post: head, of: case.leads}}
fields: {leads: {type: list, of: unit}}
states: {used: {}, shut: {final: true}}
transitions:
  - {trigger: open, source: new, dest: used, by: anyone, asks: [leads]}
  - {trigger: close, source: used, dest: shut, by: [leaders], everyone: true}
"""
SEAL = """\
  - {trigger: seal, source: free, dest: sealed, by: anyone}
  - {trigger: unseal, source: sealed, dest: free, by: anyone}
"""
STATES = "states: {used: {}, shut: {final: true}"
SEALED = (
    PLAIN.replace(
        STATES,
        STATES + ", free: {region: seal, initial: true}, sealed: {region: seal, forbids: [close]}",
    )
    + SEAL
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rules"


def opened(engine: duban.Engine, folder: Path, rules: str) -> duban.Case:
    engine.apply(str(tiny.write(folder, site=rules)))
    leads = ["office", "desk-1"]
    return engine.open("site", unit="desk-1", actor=tiny.ANN, data={"leads": leads})


def migrate(engine: duban.Engine, states: Mapping[str, str] | None = None) -> Migrated:
    return engine.migrate(
        Migration(workflow="site", reason="a new rule", actor=OPERATOR, states=states or {})
    )


def test_a_region_that_is_new_begins_and_the_other_stays_where_it_is(
    engine: duban.Engine, folder: Path
) -> None:
    case = opened(engine, folder, PLAIN)
    engine.apply(str(tiny.write(folder, site=SEALED)))
    assert migrate(engine).migrated == 1
    now = engine.case(case.id)
    assert now.states == ("used", "free")
    assert now.entered["used"] == case.entered["used"]
    assert engine.fire(case.id, "seal", actor=tiny.ANN).state == "used+sealed"
    assert engine.verify().findings == ()


def test_a_region_that_is_gone_is_taken_in_by_the_state_that_it_is_mapped_to(
    engine: duban.Engine, folder: Path
) -> None:
    case = opened(engine, folder, SEALED)
    engine.fire(case.id, "seal", actor=tiny.ANN)
    engine.apply(str(tiny.write(folder, site=PLAIN)))
    (refused,) = migrate(engine).refused
    assert "RULE-040" in str(refused)
    (refused,) = migrate(engine, {"sealed": "shut"}).refused
    assert "RULE-022" in str(refused)
    assert migrate(engine, {"sealed": "used"}).migrated == 1
    assert engine.case(case.id).states == ("used",)
    assert engine.verify().findings == ()


def test_names_may_change_places(engine: duban.Engine, folder: Path) -> None:
    case = opened(engine, folder, SEALED)
    other = SEALED.replace("free", "was_free").replace("used", "free").replace("was_free", "idle")
    engine.apply(str(tiny.write(folder, site=other)))
    assert migrate(engine, {"used": "free", "free": "idle"}).migrated == 1
    now = engine.case(case.id)
    assert now.states == ("free", "idle")
    assert set(now.entered.values()) == {case.opened}
    assert engine.verify().findings == ()


def test_signatures_under_the_old_rules_end_with_them(engine: duban.Engine, folder: Path) -> None:
    case = opened(engine, folder, PLAIN)
    assert engine.fire(case.id, "close", actor=tiny.LEE).signers("close") == 1
    engine.apply(str(tiny.write(folder, site=SEALED)))
    migrate(engine)
    assert engine.case(case.id).signed == ()
    engine.fire(case.id, "close", actor=tiny.CHIEF)
    assert engine.fire(case.id, "close", actor=tiny.LEE).state == "shut+free"
    assert engine.verify().findings == ()
