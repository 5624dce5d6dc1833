"""Checking files says everything at once: what is wrong in one hides nothing in another."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.definition import check as checking
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.machine import Machine
from duban.engine.definition.rules import Rules

pytest_plugins = ["tiny_engines"]

OTHER = """\
workflow: other
roles: {worker: {post: any}, chief: {post: head}}
fields: {n: number}
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: worker, asks: [n]}
  - {trigger: end, source: a, dest: z, by: chief, unless: case.m, then: [{open: fix, with: {title: "'x'"}}]}
deadlines: {d: {owner: wroker, runs_in: a, limit: 5 workdays, ladder: steps}}
"""


def said(engine: duban.Engine, folder: Path) -> list[tuple[str, str, int]]:
    faults = engine.check(str(folder)).faults
    return [(f.code, f.place.file.rsplit("/", 1)[-1], f.place.line) for f in faults]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tiny.write(tmp_path / "rules")
    (made / "other.yaml").write_text(OTHER, encoding="utf-8")
    return made


NAME_AND_EXPRESSION = [("DEF-032", "other.yaml", 7), ("DEF-033", "other.yaml", 8)]


def test_a_wrong_name_hides_no_wrong_expression(engine: duban.Engine, folder: Path) -> None:
    assert said(engine, folder) == NAME_AND_EXPRESSION


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("fix.yaml", "workflow: fix\nstates: {a: {}\n", ("DEF-013", "fix.yaml", 2)),
        (
            "fix.yaml",
            "workflow: fix\nstaets: {a: {}}\ntransitions: []\n",
            ("DEF-012", "fix.yaml", 2),
        ),
        (
            "steps.yaml",
            "ladder: steps\nrungs: [{rung: r, at: soon}]\n",
            ("DEF-043", "steps.yaml", 2),
        ),
        ("fix.yaml", "workflw: fix\n", ("DEF-021", "fix.yaml", 1)),
    ],
)
def test_a_file_that_cannot_be_read_hides_nothing_and_is_missed_by_nobody(
    tmp_path: Path, folder: Path, file: str, text: str, fault: tuple[str, str, int]
) -> None:
    engine = duban.connect("memory://")
    (folder / file).write_text(text, encoding="utf-8")
    told = said(engine, folder)
    assert fault in told
    assert [one for one in told if one[1] != file] == NAME_AND_EXPRESSION


def test_what_is_missing_altogether_is_told(tmp_path: Path, folder: Path) -> None:
    (folder / "fix.yaml").unlink()
    (folder / "steps.yaml").unlink()
    told = said(duban.connect("memory://"), folder)
    assert {("DEF-039", "other.yaml", 7), ("DEF-028", "other.yaml", 8)} <= set(told)


def test_the_faults_of_all_files_stop_apply_together(engine: duban.Engine, folder: Path) -> None:
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    with pytest.raises(duban.InvalidDefinition) as refused:
        engine.apply(str(folder))
    assert [f.code for f in refused.value.faults] == ["DEF-001", "DEF-032", "DEF-033"]


def test_apply_goes_on_with_warnings_and_shows_them(engine: duban.Engine, tmp_path: Path) -> None:
    ladder = tmp_path / "steps.yaml"
    ladder.write_text(tiny.STEPS.replace("repeat: ", "#"), encoding="utf-8")
    assert [w.code for w in engine.check(str(ladder)).warnings] == ["DEF-156"]
    applied = engine.apply(str(ladder))
    assert [change.action for change in applied.changes] == ["changed"]
    assert [w.code for w in applied.warnings] == ["DEF-156"]


def test_warnings_of_what_is_in_force_are_told_only_when_people_change(
    engine: duban.Engine, tmp_path: Path
) -> None:
    calendar = tmp_path / "calendar.yaml"
    calendar.write_text(tiny.CALENDAR, encoding="utf-8")
    assert engine.check(str(calendar)).warnings == ()
    people = tmp_path / "organisation.yaml"
    people.write_text(tiny.ORGANISATION, encoding="utf-8")
    assert {w.code for w in engine.check(str(people)).warnings} == {"DEF-195", "DEF-196"}


def test_a_workflow_is_compiled_once_where_no_campaign_changes_its_rules(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def counted(rules: Rules, *report: object) -> Machine:
        compiled.append(rules.workflow.workflow)
        return compile_rules(rules, *report)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(checking, "compile_rules", counted)
    (folder / "other.yaml").unlink()
    assert said(duban.connect("memory://"), folder) == []
    assert sorted(compiled) == sorted(set(compiled))
    assert "fix" in compiled
