from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]


@pytest.fixture
def folder() -> Path:
    return tiny.write(Path("rules"))


def faults(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if "warning: " not in line]


def test_definitions_without_faults(folder: Path, alone: Run) -> None:
    result = alone("check", "rules")
    assert result.exit_code == 0
    *told, last = result.stdout.splitlines()
    assert last == "6 definition(s), no faults, 3 warning(s)"
    assert [line.split()[0] for line in told] == ["DEF-195", "DEF-196", "DEF-156"]
    assert all(" warning: " in line for line in told)
    assert not Path("duban.db").exists()


def test_every_fault_is_one_line_and_all_are_told(folder: Path, alone: Run) -> None:
    (folder / "fix.yaml").write_text(
        "workflow: fix\nstates: [a]\ntransitons: []\n", encoding="utf-8"
    )
    (folder / "steps.yaml").write_text("ladder: steps\nrung: []\n", encoding="utf-8")
    result = alone("check", "rules")
    assert result.exit_code == 2
    assert [line[:30] for line in faults(result)] == [
        "DEF-015 rules/fix.yaml:2:1 exp",
        "DEF-012 rules/fix.yaml:3:1 unk",
        "DEF-012 rules/steps.yaml:2:1 u",
    ]
    assert "unknown key 'transitons'; did you mean 'transitions'?\n" in result.stdout
    assert result.stderr == "DEF-000 3 fault(s) in 2 file(s)\n"


def test_warnings_let_definitions_pass_and_strict_does_not(folder: Path, alone: Run) -> None:
    result = alone("check", "rules/steps.yaml", "rules/fix.yaml")
    assert (result.exit_code, result.stdout) == (0, "2 definition(s), no faults\n")
    strict = alone("check", "rules", "--strict")
    assert strict.exit_code == 2
    assert strict.stderr == "DEF-000 3 fault(s) in 3 file(s)\n"
    warnings = json.loads(alone("check", "rules", "--json").stdout)["warnings"]
    assert {(w["code"], w["level"]) for w in warnings} == {
        ("DEF-195", "warning"),
        ("DEF-196", "warning"),
        ("DEF-156", "warning"),
    }


def test_faults_in_chinese_and_as_json(folder: Path, alone: Run) -> None:
    (folder / "list.yaml").write_text("- a\n", encoding="utf-8")
    told = alone("--lang", "zh", "check", "rules").stdout.splitlines()
    assert [line for line in told if "警告：" not in line] == [
        "DEF-002 rules/list.yaml:1:1 应为键值结构，实为列表"
    ]
    result = alone("check", "rules", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["faults"] == [
        {
            "code": "DEF-002",
            "level": "fault",
            "file": "rules/list.yaml",
            "line": 1,
            "column": 1,
            "message": "expected a mapping, found a list",
        }
    ]
    assert json.loads(result.stderr)["error"] == "DEF-000"


def test_several_paths_are_checked(folder: Path, alone: Run) -> None:
    for name in ("a", "b"):
        Path(f"{name}.yaml").write_text("", encoding="utf-8")
    result = alone("check", "a.yaml", "b.yaml", "rules")
    assert [line.split()[1] for line in faults(result)] == ["a.yaml:1:1", "b.yaml:1:1"]


def test_a_path_that_is_not_there(alone: Run) -> None:
    for command in ("check", "plan", "apply"):
        result = alone("--store", "sqlite:///x.db", command, "none")
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)


def test_plan_publishes_nothing_and_makes_no_store(folder: Path, alone: Run) -> None:
    result = alone("plan", "rules")
    assert result.exit_code == 0
    assert "+ workflow fix  new  " in result.stdout
    assert not Path("duban.db").exists()


def test_apply_says_what_changed(run: Run, engine: duban.Engine) -> None:
    before = {(a.kind, a.name): a.hash for a in engine.published()}
    changed = tiny.WORKFLOW.replace("limit: 5 workdays", "limit: 4 workdays")
    tiny.write(Path("definitions"), campaign=True, fix=changed)
    planned, applied = run("plan", "definitions"), run("apply", "definitions")
    after = {(a.kind, a.name): a for a in engine.published()}
    assert planned.stdout == applied.stdout + "at once: nothing\n"
    old, new = before["workflow", "fix"], after["workflow", "fix"].hash
    assert f"~ workflow fix  changed  {old[:12]} → {new[:12]}\n" in applied.stdout
    assert (
        f"= workflow fragile  unchanged  {before['workflow', 'fragile'][:12]}\n" in applied.stdout
    )
    assert after["workflow", "fix"].by == "ann"
    assert "变更" not in run("--lang", "zh", "plan", "definitions").stdout


def test_apply_as_json(run: Run) -> None:
    changes = json.loads(run("apply", "definitions", "--json").stdout)["changes"]
    assert {change["action"] for change in changes} == {"unchanged"}
    assert changes[0].keys() == {"kind", "name", "action", "before", "after", "differences"}


def test_faults_stop_apply_on_stderr(run: Run, engine: duban.Engine) -> None:
    bad = Path("bad.yaml")
    bad.write_text("", encoding="utf-8")
    published = engine.published()
    result = run("apply", "bad.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("DEF-001 bad.yaml:1:1 ")
    assert engine.published() == published


def test_paths_named_side_by_side_are_checked_together(folder: Path, alone: Run) -> None:
    files = sorted(str(path) for path in Path("rules").glob("*.yaml"))
    result = alone("check", *files)
    assert result.exit_code == 0
    assert f"{len(files)} definition(s), no faults" in faults(result)[-1]
