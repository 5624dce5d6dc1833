"""A workflow that extends another: what it names takes the old one's place, the rest is inherited."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import tiny
from worlds import WORKFLOWS

import duban
from duban.engine.definition.published import Definition
from duban.engine.definition.workflow import Workflow
from duban.engine.errors import InvalidDefinition
from duban.workflows.loader import FileLoader

BASE = """\
workflow: base
title: {en: Base}
settings: {limit: 5 workdays, share: 3}
roles:
  worker: {post: any}
  chief: {post: head, of: up}
fields: {title: text, note: text}
states:
  open: {title: Open}
  waiting: {}
  done: {final: true}
transitions:
  - {trigger: open, source: new, dest: open, by: [worker], asks: [title]}
  - {trigger: hold, source: open, dest: waiting, by: [worker]}
  - {trigger: go_on, source: waiting, dest: open, by: [worker]}
  - {trigger: finish, source: open, dest: done, by: [worker], conditions: case.title == 'x'}
  - {trigger: finish, source: open, dest: done, by: [chief]}
  - {when: lapsed.repair, name: give_up, source: open, dest: waiting}
  - {when: given.note, source: waiting, dest: open}
deadlines:
  repair: {owner: worker, runs_in: [open], limit: setting.limit, again: waits}
"""


def load(folder: Path, *texts: str, in_force: tuple[Definition, ...] = ()) -> dict[str, Workflow]:
    folder.mkdir(exist_ok=True)
    for text in texts:
        name = text.split("\n", 1)[0].removeprefix("workflow: ")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    loaded = FileLoader().load(str(folder), in_force)
    return {d.name: d.model for d in loaded if isinstance(d.model, Workflow)}


def derived(folder: Path, text: str, base: str = BASE) -> Workflow:
    return load(folder, base, f"workflow: derived\nextends: base\n{dedent(text)}")["derived"]


def told(folder: Path, *texts: str) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        load(folder, *texts)
    return [
        f"{f.code} {Path(f.place.file).name}:{f.place.line} {f.en}" for f in caught.value.faults
    ]


def triggers(workflow: Workflow) -> list[tuple[str, str | None]]:
    return [(t.trigger or t.name or "-", t.dest) for t in workflow.transitions]


def test_what_names_nothing_is_the_old_one_under_a_new_name(tmp_path: Path) -> None:
    base, made = load(tmp_path, BASE, "workflow: derived\nextends: base\n").values()
    assert made.model_copy(update={"workflow": "base", "extends": None}) == base
    assert made.extends == "base"


@pytest.mark.parametrize(
    ("text", "part", "left"),
    [
        ("settings: {limit: 3 workdays}", "settings", {"limit": "3 workdays", "share": 3}),
        ("settings: {more: 1}", "settings", {"limit": "5 workdays", "share": 3, "more": 1}),
        ("settings: {share: null}", "settings", {"limit": "5 workdays"}),
        ("title: {en: Other}", "title", {"en": "Other"}),
    ],
)
def test_settings_and_titles_are_replaced_by_name(
    tmp_path: Path, text: str, part: str, left: dict[str, Any]
) -> None:
    assert getattr(derived(tmp_path, text), part) == left


def test_what_is_replaced_is_replaced_whole_and_keeps_its_place_in_the_order(
    tmp_path: Path,
) -> None:
    made = derived(tmp_path, "states: {waiting: {title: Pending}, checked: null, open: {}}")
    assert [*made.states] == ["open", "waiting", "done", "checked"]
    assert made.states["open"].title is None
    assert made.states["waiting"].title == {"en": "Pending", "zh": "Pending"}
    assert made.deadlines["repair"].limit == "setting.limit"


def test_what_is_null_is_taken_away(tmp_path: Path) -> None:
    made = derived(tmp_path, "deadlines: {repair: null}\nfields: {note: null}")
    assert (made.deadlines, [*made.fields]) == ({}, ["title"])


def test_transitions_of_a_trigger_replace_all_of_that_trigger_where_they_stood(
    tmp_path: Path,
) -> None:
    made = derived(
        tmp_path,
        """\
        transitions:
          - {trigger: look, source: open, by: [chief]}
          - {trigger: finish, source: open, dest: waiting, by: [chief]}
          - {trigger: hold, source: open, dest: waiting, by: [chief]}
          - {trigger: hold, source: waiting, dest: waiting, by: [chief]}
        """,
    )
    assert triggers(made) == [
        ("open", "open"), ("hold", "waiting"), ("hold", "waiting"), ("go_on", "open"),
        ("finish", "waiting"), ("give_up", "waiting"), ("-", "open"), ("look", None),
    ]  # fmt: skip


def test_automatic_transitions_replace_those_of_their_name_and_are_added_without(
    tmp_path: Path,
) -> None:
    made = derived(
        tmp_path,
        """\
        transitions:
          - {when: given.note, source: open, dest: done}
          - {when: lapsed.repair, name: give_up, source: open, dest: done}
        """,
    )
    assert triggers(made)[-3:] == [("give_up", "done"), ("-", "open"), ("-", "done")]


def test_a_chain_may_be_of_any_length(tmp_path: Path) -> None:
    second = "workflow: second\nextends: base\nsettings: {limit: 3 workdays}\n"
    third = "workflow: a-third\nextends: second\nsettings: {share: 9}\n"
    assert load(tmp_path, BASE, second, third)["a-third"].settings == {
        "limit": "3 workdays",
        "share": 9,
    }


def test_circles_are_refused(tmp_path: Path) -> None:
    found = told(tmp_path, "workflow: a\nextends: b\n", "workflow: b\nextends: a\n")
    assert found == [
        "DEF-112 a.yaml:2 workflows extend one another in a circle: b → a → b",
        "DEF-112 b.yaml:2 workflows extend one another in a circle: a → b → a",
    ]


def test_what_extends_itself_is_a_circle(tmp_path: Path) -> None:
    (found,) = told(tmp_path, "workflow: a\nextends: a\n")
    assert found.endswith("in a circle: a → a")


def test_what_is_not_known_cannot_be_extended(tmp_path: Path) -> None:
    found = told(tmp_path, BASE, "workflow: a\nextends: bass\n")
    assert found == [
        "DEF-111 a.yaml:2 it extends 'bass', which is neither read with it nor in force; known: base"
    ]


def test_what_is_not_there_cannot_be_taken_away(tmp_path: Path) -> None:
    text = "workflow: a\nextends: base\nroles: {chief: {post: head}}\nfields:\n  titel: null\n"
    assert told(tmp_path, BASE, text) == [
        "DEF-113 a.yaml:5 'base' has no 'titel' in fields that could be taken away; it has: title, note"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("feilds: {}", "DEF-012 a.yaml:3 unknown key 'feilds'"),
        ("fields: 7", "DEF-015 a.yaml:3 expected a mapping"),
        ("transitions: 7", "DEF-015 a.yaml:3 expected a list"),
        ("transitions: [7]", "DEF-015 a.yaml:3 expected a mapping"),
        ("fields:\n  n: {type: nummer}", "DEF-015 a.yaml:4"),
        ("transitions:\n  - {trigger: x, source: open}\n  - {source: open}", "DEF-051 a.yaml:5"),
    ],
)
def test_what_is_wrong_in_the_new_one_is_told_at_its_line(
    tmp_path: Path, text: str, fault: str
) -> None:
    (found,) = told(tmp_path, BASE, f"workflow: a\nextends: base\n{text}\n")
    assert found.startswith(fault)


def test_what_is_wrong_in_the_old_one_is_told_in_its_file_and_once(tmp_path: Path) -> None:
    broken = BASE.replace("limit: 5 workdays", "Limit: 5 workdays").replace(
        "again: waits", "agin: x"
    )
    found = told(tmp_path, broken, "workflow: a\nextends: base\nsettings: {share: 1}\n")
    assert [line.split(" ")[:2] for line in found] == [
        ["DEF-015", "base.yaml:3"],
        ["DEF-012", "base.yaml:21"],
    ]


# ---- in an engine: what is checked, published, in force


def check(folder: Path, *texts: str) -> list[str]:
    engine = tiny.engine("memory://", folder / "tiny")
    try:
        load(folder / "more", *texts)
        faults = engine.check(str(folder / "more")).faults
        return [f"{f.code} {Path(f.place.file).name}:{f.place.line}" for f in faults]
    finally:
        engine.close()


def test_a_part_that_no_longer_fits_is_told_where_it_was_written(tmp_path: Path) -> None:
    taken = "workflow: derived\nextends: base\nroles: {chief: null}\n"
    assert check(tmp_path, BASE, taken) == ["DEF-033 base.yaml:17"]
    renamed = (
        "workflow: derived\nextends: base\ndeadlines:\n"
        "  repair: {owner: worker, runs_in: [opne], limit: 1 days}\n"
    )
    assert check(tmp_path / "b", BASE, renamed) == ["DEF-020 derived.yaml:4"]


DISTRICT = """\
workflow: hazard-district
extends: hazard
title: {zh: 安全隐患（区级从严）, en: 'Safety hazard (district, stricter)'}
settings: {general_repair: 10 workdays, extension_limit: 15 workdays, second_look: 3 workdays}
states:
  second_look: {title: {zh: 复核, en: Second look}}
transitions:
  - trigger: verify_passed
    title: {zh: 复查合格，报复核, en: Verified and sent for a second look}
    source: reported
    dest: second_look
    by: [verifier, office]
    not_by: [report_done, fix_on_spot, reply]
    asks: [opinion, after]
    requires: [opinion]
    then: [{set: {on_time: '!case.late'}}]
  - trigger: confirm
    title: {zh: 复核销号, en: Confirm}
    source: second_look
    dest: struck_off
    by: [office]
    not_by: [verify_passed]
deadlines:
  second_look:
    title: {zh: 复核期限, en: Second look}
    owner: office
    runs_in: [second_look]
    limit: setting.second_look
    again: anew
"""


def _district(folder: Path, text: str = DISTRICT) -> str:
    folder.mkdir(parents=True)
    (folder / "district.yaml").write_text(text, encoding="utf-8")
    return str(folder)


def test_a_district_may_extend_what_is_in_force(tmp_path: Path) -> None:
    engine = duban.connect("memory://")
    engine.apply(str(WORKFLOWS))
    plan = engine.apply(_district(tmp_path / "d"))
    assert [change.name for change in plan.effective] == ["hazard-district"]
    made = engine.library().workflows["hazard-district"]
    hazard = engine.library().workflows["hazard"]
    assert [*made.states] == [*hazard.states, "second_look"]
    assert made.settings["general_repair"] == "10 workdays"
    assert made.settings["major_repair"] == hazard.settings["major_repair"]
    assert made.deadlines["repair"] == hazard.deadlines["repair"]
    assert len(made.transitions) == len(hazard.transitions) + 1
    assert ("confirm", "struck_off") in triggers(made)
    assert engine.plan(str(tmp_path / "d")).effective == ()
    engine.close()


def test_a_fault_of_a_part_in_force_names_the_file_that_it_came_from(tmp_path: Path) -> None:
    engine = duban.connect("memory://")
    engine.apply(str(WORKFLOWS))
    without = DISTRICT.replace("states:\n", "states:\n  suspended: null\n")
    with pytest.raises(InvalidDefinition) as caught:
        engine.apply(_district(tmp_path / "d", without))
    files = {Path(fault.place.file).name for fault in caught.value.faults}
    assert files == {"hazard.yaml"}
    assert {fault.code for fault in caught.value.faults} == {"DEF-020"}
    lines = (WORKFLOWS / "hazard.yaml").read_text(encoding="utf-8").split("\n")
    told = [lines[fault.place.line - 1] for fault in caught.value.faults]
    assert any("suspended" in line for line in told)
    engine.close()


def test_where_inherited_parts_came_from_is_kept_in_the_store(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/duban.db"
    first = duban.connect(address)
    first.apply(str(WORKFLOWS))
    first.apply(_district(tmp_path / "d"))
    first.close()
    second = duban.connect(address)
    source = second.library().definitions["workflow", "hazard-district"].source
    second.close()
    assert (source.place(("settings", "second_look")).file, source.file) == ("district.yaml",) * 2
    assert source.place(("settings", "major_repair")).file == "hazard.yaml"
    assert source.place(("transitions", 0)).file == "hazard.yaml"


def test_a_case_of_a_workflow_that_extends_another_lives_by_its_own_rules(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "defs")
    strict = """\
    workflow: fix-strict
    extends: fix
    settings: {limit: 1 workdays}
    states: {sealed: {title: Sealed}}
    transitions:
      - {trigger: pass, source: checking, dest: sealed, by: [worker, chief], not_by: [finish]}
      - {trigger: unseal, source: sealed, dest: done, by: [chief]}
    """
    (folder / "strict.yaml").write_text(dedent(strict), encoding="utf-8")
    engine = duban.connect("memory://", virtual=tiny.START)
    engine.apply(str(folder))
    case = engine.open("fix-strict", unit="desk-1", actor=tiny.ANN, data={"title": "lamp"})
    plain = tiny.opened(engine)
    assert case.due is not None
    assert plain.due is not None
    assert case.due < plain.due
    for trigger, actor in (("start", tiny.ANN), ("finish", tiny.ANN), ("pass", tiny.CHIEF)):
        case = engine.fire(case.id, trigger, actor=actor)
    assert case.state == "sealed"
    assert engine.fire(case.id, "unseal", actor=tiny.CHIEF).state == "done"
    assert engine.verify().holds
    engine.close()
