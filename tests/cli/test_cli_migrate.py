from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]

STRICTER = tiny.WORKFLOW.replace("limit: 5 workdays", "limit: 3 workdays")
WITHOUT_DOING = (
    tiny.WORKFLOW.replace("  doing: {title", "  working: {title")
    .replace("dest: doing", "dest: working")
    .replace("source: doing", "source: working")
    .replace("[reported, doing]", "[reported, working]")
)


@pytest.fixture
def folder() -> Path:
    return Path("changed")


def test_a_plan_says_the_change_in_words_and_in_numbers(
    run: Run, engine: duban.Engine, folder: Path
) -> None:
    tiny.opened(engine)
    tiny.write(folder, campaign=True, fix=STRICTER)
    lines = run("plan", str(folder)).stdout.splitlines()
    assert "    ~ setting limit: 5 workdays → 3 workdays" in lines
    assert "    1 open case(s) keep their rules until they are migrated" in lines
    assert lines[-1] == "at once: nothing"
    data = json.loads(run("plan", str(folder), "--json").stdout)
    assert data["kept"] == {"fix": 1}
    assert data["foreseen"]["rungs"] == 0


def test_migrating_after_a_dry_run(run: Run, engine: duban.Engine, folder: Path) -> None:
    case = tiny.opened(engine)
    engine.apply(str(tiny.write(folder, campaign=True, fix=STRICTER)))
    asked = ("migrate", "fix", "--reason", "new limits")
    dry = run(*asked, "--dry-run")
    assert dry.stdout.startswith(
        "1 case(s) would be migrated, 0 on these rules already, 0 refused\n"
    )
    assert "repair: 2026-01-12 23:59 → 2026-01-08 23:59" in dry.stdout
    assert engine.case(case.id) == case
    assert run(*asked).stdout.startswith("1 case(s) migrated, ")
    entry = engine.history(case.id)[-1]
    assert (entry.actor.person, entry.body["reason"]) == ("ann", "new limits")
    assert run(*asked).stdout.startswith("0 case(s) migrated, 1 on these rules already")


def test_a_case_that_does_not_fit_is_listed_with_what_to_do(
    run: Run, engine: duban.Engine, folder: Path
) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "start", actor=tiny.ANN)
    engine.apply(str(tiny.write(folder, campaign=True, fix=WITHOUT_DOING)))
    refused = run("--lang", "zh", "migrate", "fix", "--reason", "新规则")
    assert refused.exit_code == 1
    assert "新规则没有状态“doing”；请把“doing”对应到以下之一" in refused.stdout
    assert refused.stderr == "RULE-042 1 个事项不适用，仍按原规则办理；请补充对应关系，或维持原状\n"
    done = run("migrate", "fix", "--reason", "again", "--state", "doing=working", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["migrated"] == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("fix", "--reason", ""), 2),
        (("nothing", "--reason", "r"), 2),
        (("fix", "--reason", "r", "--state", "doing"), 2),
        (("fix", "--reason", "r", "--state", "=x"), 2),
    ],
)
def test_a_request_that_makes_no_sense_is_bad_usage(
    run: Run, given: tuple[str, ...], code: int
) -> None:
    assert run("migrate", *given).exit_code == code
