from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

Run = Callable[..., Result]

STEPS = """\
scenario: lamp
title: {zh: 修灯, en: A lamp}
steps:
  - at: 2026-01-05
    open: fix
    as: lamp
    unit: desk-1
    by: worker
    with: {title: lamp}
    expect: {state: STATE}
  - {at: 2026-01-06, fire: start, by: worker}
"""


@pytest.fixture
def office() -> Path:
    folder = tiny.write(Path("office"))
    (folder / "lamp.yaml").write_text(STEPS.replace("STATE", "reported"), encoding="utf-8")
    return folder


def test_scenarios_that_go_as_expected(office: Path, alone: Run) -> None:
    result = alone("test", "office")
    assert (result.exit_code, result.stdout) == (0, "+ A lamp  office/lamp.yaml  2 steps\n")
    assert not Path("duban.db").exists()


def test_without_a_path_it_is_this_folder(office: Path, alone: Run) -> None:
    assert alone("--lang", "zh", "test").stdout == "+ 修灯  office/lamp.yaml  2 步\n"


def test_what_differs_is_told_with_its_line_and_ends_with_1(office: Path, alone: Run) -> None:
    (office / "lamp.yaml").write_text(STEPS.replace("STATE", "doing"), encoding="utf-8")
    result = alone("--lang", "zh", "test", "office")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "x 修灯  office/lamp.yaml  2 步",
        "  office/lamp.yaml:4:5  2026-01-05 09:00  open fix lamp (worker)",
        "    10: lamp：状态：应为 doing，实为 reported",
        "    lamp 现状：reported；repair 2026-01-12",
    ]
    assert result.stderr == "TEST-000 1 个场景中有 1 个与预期不符\n"


def test_what_differs_as_json(office: Path, alone: Run) -> None:
    (office / "lamp.yaml").write_text(STEPS.replace("STATE", "doing"), encoding="utf-8")
    (told,) = json.loads(alone("test", "office", "--json").stdout)["scenarios"]
    assert (told["scenario"], told["ok"], told["steps"], told["left"]) == ("lamp", False, 2, 0)
    (failure,) = told["failures"]
    assert failure["differences"] == [
        {
            "file": "office/lamp.yaml",
            "line": 10,
            "column": 14,
            "case": "lamp",
            "what": "state",
            "expected": "doing",
            "found": "reported",
        }
    ]


def test_faults_are_told_beside_what_could_be_played(office: Path, alone: Run) -> None:
    (office / "odd.yaml").write_text("scenario: odd\nstep: []\n", encoding="utf-8")
    result = alone("test", "office")
    assert result.exit_code == 2
    assert result.stdout == "+ A lamp  office/lamp.yaml  2 steps\n"
    assert "DEF-012 office/odd.yaml:2:1 unknown key 'step'; did you mean 'steps'?" in result.stderr


def test_invariants_that_hold_and_one_that_does_not(office: Path, alone: Run) -> None:
    result = alone("test", "office", "--invariants", "--examples", "5")
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [
        ["+", "fix"],
        ["+", "fragile"],
    ]
    assert not Path(".hypothesis").exists()
    rules = office / "fragile.yaml"
    # Nobody holds the post of the leader of the second desk.
    text = rules.read_text(encoding="utf-8").replace(
        "dest: over, by: [worker]", "dest: over, by: [absent]"
    )
    absent = "  absent: {post: leader, of: desk-2}\nfields:"
    rules.write_text(text.replace("fields:", absent), encoding="utf-8")
    result = alone("test", "office", "--invariants", "--examples", "5", "--json")
    assert result.exit_code == 1
    _, fragile = json.loads(result.stdout)["definitions"][0]["workflows"]
    assert fragile["broken"]["invariant"] == "every case can reach an end"
